import { sweepExpiredRows } from '../../src/functions/sweep';
import { logoutFunctions } from '../../src/functions/logout';
import { meFunctions, sessionFunction } from '../../src/functions/me';
import type { Services } from '../../src/http/context';
import type { HttpFunction } from '../../src/http/endpoint';
import { createServices } from '../../src/anteroom';
import { sessionKeyIn, sessionPrefix } from '../../src/sessions/session-rows';
import { readSettings } from '../../src/settings';
import type { Row, Table } from '../../src/storage/table';
import { adaClaims, longEnough, tokenBody } from '../support/auth-fixture';
import { environmentFor, keepEvents, testSite } from '../support/context-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { type FunctionAnswer, FunctionBrowser } from '../support/function-browser';
import { start } from '../support/session-fixture';
import { createTestTable } from '../support/test-table';
import { startTinyProvider, type TinyAnswer, type TinyProvider } from '../support/tiny-provider';

// An instance is killed at a storage call or token request: before it, or after it had its effect. The browser gets no
// answer and no cookie. Its next request comes to an instance that was started just now, over the same table.

class Killed extends Error {}

/** Counts the moments at which an instance can die, and lets it die at one of them. After that no call has an effect. */
class Life {
  moments = 0;

  constructor(readonly lastMoment = Infinity) {}

  get isOver(): boolean {
    return this.moments >= this.lastMoment;
  }

  /** A call of the instance: a moment before it, and one after it. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.#pass();
    const result = await call();
    this.#pass();
    return result;
  }

  #pass(): void {
    if (!this.isOver) this.moments += 1;
    if (this.isOver) throw new Killed();
  }
}

let tiny: TinyProvider;
let table: Table;
let now = start;
/** Whose tokens the provider gives next. */
let person = '';
let nonce: string | undefined;
let tokenSeconds = 3600;
let life = new Life();
const spentCodes = new Set<string>();
let issued = 0;

beforeAll(async () => {
  ({ table } = await createTestTable());
  tiny = await startTinyProvider();
  tiny.clock = () => now;
  tiny.answers.set('/me', () => ({ body: { id: '1', displayName: person } }));
  tiny.token = async (form) => {
    try {
      return await life.during(() => giveTokens(form.get('code')));
    } catch (error) {
      // Nobody is there to read it.
      if (error instanceof Killed) return { status: 500, body: {} };
      throw error;
    }
  };
});
afterAll(() => tiny.stop());
beforeEach(() => {
  stopClockAt(now);
});

/** As Entra ID: a code works once, and a refresh token goes on working. */
async function giveTokens(code: string | null): Promise<TinyAnswer> {
  if (code !== null && spentCodes.has(code)) {
    return { status: 400, body: { error: 'invalid_grant', error_codes: [54005] } };
  }
  if (code !== null) spentCodes.add(code);
  issued += 1;
  const who = { sub: `sub of ${person}`, oid: `oid of ${person}`, name: person };
  const claims = { ...adaClaims(tiny, now), ...who, sid: `sid of ${person}` };
  const token = await tiny.sign(code === null ? claims : { ...claims, nonce });
  const more = { access_token: `token ${issued}`, expires_in: tokenSeconds };
  return { body: tokenBody(token, more) };
}

/** An instance of the app that lives as long as `own`. */
function startInstance(own = new Life()): Services {
  const read = readSettings({ ...environmentFor(tiny), SESSION_REVALIDATE_SECONDS: '900' });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  life = own;
  const mortal: Table = {
    ...table,
    list: async function* list(...given) {
      await own.during(() => Promise.resolve());
      yield* table.list(...given);
    },
    read: (...given) => own.during(() => table.read(...given)),
    insert: (...given) => own.during(() => table.insert(...given)),
    replace: (...given) => own.during(() => table.replace(...given)),
    merge: (...given) => own.during(() => table.merge(...given)),
    delete: (...given) => own.during(() => table.delete(...given)),
    transact: (...given) => own.during(() => table.transact(...given)),
  };
  const events = keepEvents([]);
  return createServices(read.settings, testSite, { clock: () => now, events, table: mortal });
}

/** Brings the sign-in to the answer of the provider. */
async function begin(browser: FunctionBrowser): Promise<Record<string, string>> {
  const { searchParams } = await browser.login();
  nonce = searchParams.get('nonce') ?? '';
  return {
    code: `code ${Math.random()}`.replace(' ', '-'),
    state: searchParams.get('state') ?? '',
  };
}

async function signIn(browser: FunctionBrowser): Promise<void> {
  const answer = await browser.redirect(await begin(browser));
  expect([answer.status, answer.code]).toEqual([302, '']);
  await isSignedIn(browser);
}

async function isSignedIn(browser: FunctionBrowser, who = person): Promise<void> {
  const { status, body } = await browser.ask(sessionFunction);
  expect([status, /"name":"([^"]*)"/.exec(body)?.[1]]).toEqual([200, who]);
}

const [me, logout] = [meFunctions[0], logoutFunctions[0]] as [HttpFunction, HttpFunction];

/** Rows of people, whole: no session without its tokens, and no tokens without a session. */
async function requireWholeSessions(): Promise<void> {
  const rows: Row[] = [];
  for await (const page of table.list({}, longEnough())) rows.push(...page.rows);
  const keysOf = (prefix: string) =>
    rows
      .filter(({ rowKey }) => rowKey.startsWith(prefix))
      .map(({ rowKey }) => (prefix === sessionPrefix ? sessionKeyIn(rowKey) : rowKey.slice(7)))
      .sort();
  expect(keysOf('tokens:')).toEqual(keysOf(sessionPrefix));
}

interface Scenario {
  /** Before the instance starts that will be killed. */
  readonly prepare: (browser: FunctionBrowser) => Promise<Record<string, string>>;
  readonly act: (
    browser: FunctionBrowser,
    prepared: Record<string, string>,
  ) => Promise<FunctionAnswer>;
  /** What the same browser does next, and what must be so then. */
  readonly goOn: (browser: FunctionBrowser, prepared: Record<string, string>) => Promise<void>;
}

const signedIn = async (browser: FunctionBrowser) => {
  await signIn(browser);
  return {};
};

/** Loads the address of the provider's answer again, as people do. */
async function loadAgain(browser: FunctionBrowser, prepared: Record<string, string>) {
  const answer = await browser.redirect(prepared);
  expect(answer.status).toBe(302);
  const isOver = answer.headers.get('location') === 'http://localhost:7071/reports';
  // The code works once. The sign-in begins again, at which the provider asks nothing.
  if (!isOver) await signIn(browser);
  await isSignedIn(browser);
}

async function signOutAgain(browser: FunctionBrowser, form: Record<string, string>) {
  const { status } = await browser.ask(sessionFunction);
  expect([200, 401]).toContain(status);
  const out = await browser.ask(logout, { form });
  expect([out.status, out.code]).toEqual([200, '']);
  expect((await browser.ask(sessionFunction)).status).toBe(401);
  // The account works still.
  await signIn(browser);
}

const scenarios: Record<string, Scenario> = {
  'a sign-in': {
    prepare: begin,
    act: (browser, answer) => browser.redirect(answer),
    goOn: loadAgain,
  },
  'a sign-in over a session': {
    prepare: async (browser) => {
      await signIn(browser);
      return begin(browser);
    },
    act: (browser, answer) => browser.redirect(answer),
    goOn: loadAgain,
  },
  'a refresh': {
    prepare: (browser) => {
      tokenSeconds = 1;
      return signedIn(browser);
    },
    act: (browser) => browser.ask(me),
    goOn: async (browser) => {
      const { status, body } = await browser.ask(me);
      expect([status, body]).toEqual([200, expect.stringContaining(`"displayName":"${person}"`)]);
    },
  },
  'a session that is verified again': {
    prepare: async (browser) => {
      await signIn(browser);
      now += 2000;
      stopClockAt(now);
      return {};
    },
    act: (browser) => browser.ask(sessionFunction),
    goOn: (browser) => isSignedIn(browser),
  },
  'a sign-out': {
    prepare: signedIn,
    act: (browser) => browser.ask(logout, { form: {} }),
    goOn: (browser) => signOutAgain(browser, {}),
  },
  'a sign-out everywhere': {
    prepare: async (browser) => {
      await signIn(new FunctionBrowser(browser.services));
      return signedIn(browser);
    },
    act: (browser) => browser.ask(logout, { form: { everywhere: 'true' } }),
    goOn: (browser) => signOutAgain(browser, { everywhere: 'true' }),
  },
};

describe('an instance that is killed at any moment', () => {
  it.each(Object.keys(scenarios))(
    'of %s leaves the browser signed in or out, and never stuck',
    async (name) => {
      const { prepare, act, goOn } = scenarios[name] ?? {};
      if (prepare === undefined || act === undefined || goOn === undefined) throw new Error(name);
      const bystander = new FunctionBrowser(startInstance());
      person = 'bystander';
      tokenSeconds = 3600;
      await signIn(bystander);
      let moment = 1;
      for (let wasKilled = true; wasKilled; moment += 1) {
        person = `${name} ${moment}`;
        tokenSeconds = 3600;
        const browser = new FunctionBrowser(startInstance());
        const prepared = await prepare(browser);
        const own = new Life(moment);
        const asking = new FunctionBrowser(startInstance(own));
        for (const [cookie, value] of browser.cookies) asking.cookies.set(cookie, value);
        const answer = await act(asking, prepared);
        wasKilled = own.isOver;
        if (!wasKilled) {
          expect(answer.status).toBeLessThan(400);
          browser.cookies.clear();
          for (const [cookie, value] of asking.cookies) browser.cookies.set(cookie, value);
        }
        browser.services = startInstance();
        await goOn(browser, prepared);
        await requireWholeSessions();
        person = 'bystander';
        bystander.services = startInstance();
        await isSignedIn(bystander);
      }
      // It died at several moments, and went on to the end once.
      expect(moment).toBeGreaterThan(4);
    },
  );

  it('leaves nothing that the sweep does not remove', async () => {
    const late = { now: now + 2_000_000, stopSignal: longEnough(), signal: longEnough() };
    await sweepExpiredRows(table, late);
    const left: string[] = [];
    for await (const page of table.list({}, longEnough())) {
      left.push(...page.rows.map(({ partitionKey }) => partitionKey));
    }
    expect(left.filter((partition) => !/^(key-ring|sweep|activity:.*)$/.test(partition))).toEqual(
      [],
    );
  });
});
