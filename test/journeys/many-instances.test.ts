import type { AppFacts } from '../../local/stack/stack-process';
import { accounts, control, cookieName, fetchJson, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser } from '../support/test-browser';

const people = 60;

let stack: TestStack;
let one: AppFacts;
let other: AppFacts;

beforeAll(async () => {
  stack = await startJourney();
  const [first] = stack.apps;
  if (first === undefined) throw new Error('no app');
  one = first;
  // Another instance of the same app: it answers on its own port, and every URL it makes is the first one's.
  other = await stack.startApp({ env: { APP_BASE_URL: one.url } });
});
afterAll(() => stack.stop());

interface Person {
  readonly browser: TestBrowser;
  readonly name: string;
}

/** Sends a request of a browser's through an instance of the app that it does not know of. */
function through(app: AppFacts, { browser }: Person, path: string) {
  const cookie = browser.jar.getCookieStringSync(one.url + path);
  return fetchJson(app.url + path, undefined, { headers: { Cookie: cookie } });
}

/** Signs in with the start through one instance and the answer through another. */
async function signInAcross(index: number): Promise<Person> {
  const { administrator, plainUser, guest } = accounts(stack);
  const name = [administrator, plainUser, guest][index % 3] ?? plainUser;
  const [begins, finishes] = index % 2 === 0 ? [one, other] : [other, one];
  const browser = new TestBrowser();
  const login = await fetchJson(`${begins.url}/auth/login?return_to=/auth/session`);
  for (const line of login.headers.getSetCookie()) await browser.jar.setCookie(line, one.url);
  const picker = await browser.open(login.headers.get('location') ?? '');
  browser.follows = false;
  let page = await browser.press(picker, name);
  while (!(page.headers.get('location') ?? '').startsWith(`${one.url}/auth/redirect`)) {
    page = await browser.open(new URL(page.headers.get('location') ?? '', page.url));
  }
  const callback = new URL(`${page.headers.get('location') ?? ''}&hop=1`);
  const cookie = browser.jar.getCookieStringSync(callback.href);
  const finish = await fetchJson(
    `${finishes.url}${callback.pathname}${callback.search}`,
    undefined,
    {
      headers: { Cookie: cookie },
    },
  );
  expect(finish.status).toBe(302);
  for (const line of finish.headers.getSetCookie()) await browser.jar.setCookie(line, one.url);
  browser.follows = true;
  return { browser, name };
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

  it('lose no session when one is killed under load and started again', async () => {
    const load = everybody.flatMap((person) => [
      through(one, person, '/auth/session'),
      through(other, person, '/auth/me').catch(() => undefined),
    ]);
    process.kill(other.pid, 'SIGKILL');
    const answers = await Promise.all(load);
    answers.forEach((answer, index) => {
      // What the killed instance did not answer is a broken connection; what was answered is right.
      if (index % 2 === 0) expect(answer?.status).toBe(200);
      if (answer !== undefined) expect(answer.status).toBe(200);
    });
    other = await stack.startApp({ env: { APP_BASE_URL: one.url } });
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

describe('revalidation', () => {
  it('closes the console within the time set once the role is taken away, and opens it again', async () => {
    const quick = await stack.startApp({
      env: { APP_BASE_URL: one.url, SESSION_REVALIDATE_SECONDS: '1' },
    });
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
