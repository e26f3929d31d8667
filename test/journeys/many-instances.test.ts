import type { AppFacts } from '../../local/stack/stack-process';
import { createAzureTable } from '../../src/storage/azure-table';
import type { Row } from '../../src/storage/table';
import { createTableClient } from '../../src/storage/table-client';
import { type Followed, type Gates, startGates } from '../support/gates';
import {
  accounts,
  control,
  cookieName,
  fetchJson,
  resetControl,
  startJourney,
  textOf,
} from '../support/journey';
import type { Asked } from '../support/recording-proxy';
import type { TestStack } from '../support/start-stack';
import { createTestTable } from '../support/test-table';
import { TestBrowser } from '../support/test-browser';

const people = 30;

let stack: TestStack;
let one: AppFacts;
let other: AppFacts;
let gates: Gates;

beforeAll(async () => {
  stack = await startJourney({ apps: 0 });
  gates = await startGates(stack.facts);
  one = await stack.startApp({ env: gates.env });
  other = await startInstance();
});
afterAll(async () => {
  await stack.stop();
  await gates.close();
});

/** Starts another instance of the same app. It answers on its own port, and every URL it makes is the first one's. */
function startInstance(env: Readonly<Record<string, string>> = {}): Promise<AppFacts> {
  return stack.startApp({ env: { APP_BASE_URL: one.url, ...gates.env, ...env } });
}

interface Person {
  readonly browser: TestBrowser;
  readonly name: string;
}

/** Sends a request of a browser's through an instance of the app that it does not know of. */
async function through(app: AppFacts, { browser }: Person, path: string, init: RequestInit = {}) {
  const cookie = browser.jar.getCookieStringSync(one.url + path);
  const headers = { Cookie: cookie, ...Object.fromEntries(new Headers(init.headers)) };
  const answer = await fetchJson(app.url + path, undefined, { ...init, headers });
  for (const line of answer.headers.getSetCookie()) await browser.jar.setCookie(line, one.url);
  return answer;
}

/** Somebody at the end of a sign-in: the provider has sent the browser to this path. */
interface Returning extends Person {
  readonly callback: string;
}

/** Begins a sign-in through an instance, and goes through the provider. */
async function begin(app: AppFacts, person: Person): Promise<Returning> {
  const { headers } = await through(app, person, '/auth/login?return_to=/auth/session');
  return { ...person, callback: await passProvider(person, headers) };
}

/** The path to which the provider sends the browser. The provider asks nothing of somebody whom it knows. */
async function passProvider({ browser, name }: Person, sent: Headers): Promise<string> {
  browser.follows = false;
  let page = await browser.open(sent.get('location') ?? '');
  for (;;) {
    const next = page.headers.get('location');
    if (next?.startsWith(`${one.url}/auth/redirect`) === true) {
      return `${next.slice(one.url.length)}&hop=1`;
    }
    page =
      next === null ? await browser.press(page, name) : await browser.open(new URL(next, page.url));
  }
}

/** Signs in with the start through one instance and the answer through another. */
async function signInAcross(index: number): Promise<Person> {
  const { administrator, plainUser, guest } = accounts(stack);
  const name = [administrator, plainUser, guest][index % 3] ?? plainUser;
  const [begins, finishes] = index % 2 === 0 ? [one, other] : [other, one];
  const person = await begin(begins, { browser: new TestBrowser(), name });
  expect((await through(finishes, person, person.callback)).status).toBe(302);
  return person;
}

describe('many instances on one table', () => {
  const everybody: Person[] = [];

  it(`sign ${people} people in, begun by one and finished by the other`, async () => {
    for (let index = 0; index < people; index += 10) {
      const group = Array.from({ length: 10 }, (_, offset) => signInAcross(index + offset));
      everybody.push(...(await Promise.all(group)));
    }
    const cookies = everybody.map(({ browser }) =>
      browser.cookies(one.url).get(cookieName(one.url)),
    );
    expect(new Set(cookies).size).toBe(people);
  });

  it('serve any of them, and show nobody another’s data', async () => {
    for (const app of [one, other]) {
      const answers = await Promise.all(
        everybody.map((person) => through(app, person, '/auth/me')),
      );
      answers.forEach(({ status, body }, index) => {
        expect([status, textOf(body, 'displayName')]).toEqual([200, everybody[index]?.name]);
      });
    }
  });

  it('lose no session and no key when one is killed under load, and at each call of what it does', async () => {
    const ring = ringOf(await rowsOf());
    const victims = await holdEverywhere();
    const load = everybody.flatMap((person) => [
      through(one, person, '/auth/session'),
      through(other, person, '/auth/me').catch(() => undefined),
    ]);
    process.kill(other.pid, 'SIGKILL');
    const answers = await Promise.all(load);
    for (const { answer, what } of victims) {
      // A call that a sign-in can do without is given up after a while.
      expect([what, (await answer) ?? 302]).toEqual([what, 302]);
    }
    answers.forEach((answer, index) => {
      // What the killed instance did not answer is a broken connection; what was answered is right.
      if (index % 2 === 0) expect(answer?.status).toBe(200);
      if (answer !== undefined) expect(answer.status).toBe(200);
    });
    other = await startInstance();
    for (const { goOn } of victims) await goOn();
    const rows = await rowsOf();
    requireWholeSessions(rows);
    expect(ringOf(rows)).toEqual(ring);
    const after = await Promise.all(everybody.map((person) => through(other, person, '/auth/me')));
    after.forEach(({ status, body }, index) => {
      expect([status, textOf(body, 'displayName')]).toEqual([200, everybody[index]?.name]);
    });
  });

  it('end a session everywhere at once: what one ends, the other does not serve', async () => {
    const [person] = everybody;
    if (person === undefined) throw new Error('nobody signed in');
    const cookie = person.browser.jar.getCookieStringSync(one.url);
    const out = await fetchJson(`${other.url}/auth/logout`, undefined, {
      method: 'POST',
      headers: { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' },
    });
    expect(out.status).toBe(200);
    expect((await through(one, person, '/auth/session')).status).toBe(401);
  });
});

const post = { method: 'POST', headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' } };

/** What a person does while the instance dies, and what they do next through the one that is started after it. */
interface Act {
  prepare(): Promise<Returning>;
  readonly ask: (person: Returning) => readonly [path: string, init?: typeof post];
  goOn(person: Returning): Promise<void>;
}

const newPerson = (): Person => ({ browser: new TestBrowser(), name: accounts(stack).plainUser });

async function signedIn(): Promise<Returning> {
  const person = await begin(one, newPerson());
  expect((await through(one, person, person.callback)).status).toBe(302);
  return person;
}

/** Loads the address of the provider's answer again, as people do. If the code is spent, the sign-in begins again. */
async function loadAgain(person: Returning, app = other): Promise<void> {
  let { headers } = await through(app, person, person.callback);
  if (headers.get('location')?.startsWith(stack.facts.entraUrl) === true) {
    ({ headers } = await through(app, person, await passProvider(person, headers)));
  }
  // The wanted page is kept.
  expect(headers.get('location')).toBe(`${one.url}/auth/session`);
  expect((await through(app, person, '/auth/session')).status).toBe(200);
}

const acts: Readonly<Record<string, Act>> = {
  'a sign-in': {
    prepare: () => begin(one, newPerson()),
    ask: ({ callback }) => [callback],
    goOn: loadAgain,
  },
  'a sign-in over a session': {
    prepare: async () => begin(one, await signedIn()),
    ask: ({ callback }) => [callback],
    goOn: loadAgain,
  },
  'a refresh': {
    prepare: signedIn,
    ask: () => ['/auth/me'],
    goOn: async (person) => {
      const { status, body } = await through(other, person, '/auth/me');
      expect([status, textOf(body, 'displayName')]).toEqual([200, person.name]);
    },
  },
  'a sign-out': {
    prepare: signedIn,
    ask: () => ['/auth/logout', post],
    goOn: async (person) => {
      const out = await through(other, person, '/auth/logout', post);
      expect(out).toMatchObject({ status: 200, body: { not_done: [] } });
      expect((await through(other, person, '/auth/session')).status).toBe(401);
    },
  },
};

/**
 * Brings one person to each moment at which the instance can die: before a call to the tables, the provider or Graph goes out,
 * and after it had its effect, but before its answer comes. What the instance does between two calls nobody outside can tell
 * apart, so these are all the moments that there are.
 */
async function holdEverywhere() {
  // Keys and metadata are in memory then. How they get there is the next test's.
  await signInAcross(0);
  // Each token is refreshed by its next use.
  await control(stack.facts.entraUrl, { accessTokenSeconds: 60 });
  const ready = [];
  for (const [what, act] of Object.entries(acts)) {
    const whole = gates.follow();
    expect((await send(act, await act.prepare(), whole)).status).toBeLessThan(400);
    expect([what, whole.calls > 1]).toEqual([what, true]);
    for (let moment = 1; moment <= 2 * whole.calls; moment += 1) {
      ready.push({ what: `${what}, moment ${moment}`, act, moment, person: await act.prepare() });
    }
  }
  const victims = ready.map(({ what, act, moment, person }) => {
    const followed = gates.follow(moment);
    const answer = send(act, person, followed).then(
      ({ status }) => status,
      () => undefined,
    );
    const answered = answer.then(() => Promise.reject(new Error(`${what} was not held`)));
    const held = Promise.race([followed.held, answered]);
    return { what, answer, held, goOn: () => act.goOn(person) };
  });
  await Promise.all(victims.map(({ held }) => held));
  await resetControl(stack.facts.entraUrl);
  return victims;
}

/** Sends the request of a person to the instance that will be killed. */
function send({ ask }: Act, person: Returning, { headers }: Followed) {
  const [path, init] = ask(person);
  return through(other, person, path, { ...init, headers: { ...init?.headers, ...headers } });
}

async function rowsOf(tableName = stack.facts.tableName): Promise<readonly Row[]> {
  const { tablesConnectionString: connectionString } = stack.facts;
  const table = createAzureTable(createTableClient({ connectionString, tableName }));
  const rows: Row[] = [];
  for await (const page of table.list({}, AbortSignal.timeout(60_000))) rows.push(...page.rows);
  return rows;
}

const ringOf = (rows: readonly Row[]) =>
  rows
    .filter(({ partitionKey }) => partitionKey === 'key-ring')
    .map(({ rowKey, etag }) => ({ rowKey, etag }));

/** No session without its tokens, and no tokens without a session. What is left of the others expires, so the sweep takes it. */
function requireWholeSessions(rows: readonly Row[]): void {
  const keysOf = (prefix: string) =>
    rows
      .filter(({ rowKey }) => rowKey.startsWith(prefix))
      .map(({ rowKey }) => rowKey.slice(prefix.length))
      .sort();
  expect(keysOf('tokens:')).toEqual(keysOf('session:'));
  const others = rows.filter(({ partitionKey }) => partitionKey.startsWith('sid:'));
  for (const { properties } of others) expect(properties['expiresAt']).toBeInstanceOf(Date);
}

/** The calls of an instance that holds nothing in memory yet, before its first sign-in is done. Another request would wait for the same. */
const firstCalls: readonly (readonly [(asked: Asked) => boolean, 'swallow' | 'withhold'])[] = [
  [
    ({ method, path }) => method === 'GET' && decodeURIComponent(path).includes('key-ring'),
    'swallow',
  ],
  [isNewKey, 'swallow'],
  [isNewKey, 'withhold'],
  [({ path }) => path.includes('/.well-known/openid-configuration'), 'swallow'],
  [({ path }) => path.includes('/discovery/'), 'swallow'],
];

function isNewKey({ method, sent }: Asked): boolean {
  return method === 'POST' && sent.includes('"key-ring"');
}

it('new instances that are killed one after the other before their first answer lose no key and no sign-in', async () => {
  const { tableName } = await createTestTable();
  const start = () => startInstance({ TABLES_NAME: tableName });
  const person = newPerson();
  let ring: ReturnType<typeof ringOf> = [];
  for (const [isMeant, how] of firstCalls) {
    const app = await start();
    const held = gates.holdNext(isMeant, how);
    const outcome = begin(app, person).catch(() => 'killed');
    await Promise.race([held, outcome]);
    process.kill(app.pid, 'SIGKILL');
    expect(await outcome).toBe('killed');
    const now = ringOf(await rowsOf(tableName));
    // What was stored stays as it is.
    expect(now).toEqual(expect.arrayContaining(ring));
    ring = now;
  }
  expect(ring).not.toEqual([]);
  const last = await start();
  await loadAgain(await begin(last, person), last);
  expect(ringOf(await rowsOf(tableName))).toEqual(expect.arrayContaining(ring));
});

describe('revalidation', () => {
  it('closes the console within the time set once the role is taken away, and opens it again', async () => {
    const quick = await startInstance({ SESSION_REVALIDATE_SECONDS: '1' });
    const person = await signInAcross(0);
    expect((await through(quick, person, '/auth/admin')).status).toBe(200);
    const [administrator] = stack.facts.users;
    const setRoles = (roles: readonly string[]) =>
      control(stack.facts.entraUrl, { users: { [administrator?.objectId ?? '']: { roles } } });
    await setRoles([]);
    await untilStatus(403, () => through(quick, person, '/auth/admin'));
    await setRoles(['admin']);
    await untilStatus(200, () => through(quick, person, '/auth/admin'));
    await control(stack.facts.entraUrl, {
      users: { [administrator?.objectId ?? '']: { disabled: true } },
    });
    await untilStatus(401, () => through(quick, person, '/auth/session'));
    expect((await through(one, person, '/auth/session')).status).toBe(401);
  });
});

/** Asks until the answer has this status: the second within which it must come has to pass. */
async function untilStatus(
  expected: number,
  ask: () => Promise<{ status: number }>,
): Promise<void> {
  for (;;) {
    if ((await ask()).status === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
