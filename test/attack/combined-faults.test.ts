import { logoutFunctions } from '../../src/functions/logout';
import { meFunctions, sessionFunction } from '../../src/functions/me';
import type { HttpFunction } from '../../src/http/endpoint';
import { createServices } from '../../src/anteroom';
import { AppError } from '../../src/errors';
import { readSettings } from '../../src/settings';
import type { Table } from '../../src/storage/table';
import { adaClaims, tokenBody } from '../support/auth-fixture';
import { environmentFor, keepEvents, testSite } from '../support/context-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { type FunctionAnswer, FunctionBrowser, sessionCookie } from '../support/function-browser';
import { createMemoryTable } from '../support/memory-table';
import { ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { startTinyProvider, type TinyAnswer } from '../support/tiny-provider';

// Storage, the provider and Graph are faulty together, each in its own way. All requests of a combination run at once, since
// those that meet a part that hangs wait for the deadline.

const tableFaults = ['works', 'fails', 'hangs'] as const;
const providerFaults = ['works', 'fails', 'lies', 'hangs'] as const;
const graphFaults = ['works', 'fails', 'lies', 'hangs'] as const;

interface Faults {
  readonly table: (typeof tableFaults)[number];
  readonly provider: (typeof providerFaults)[number];
  readonly graph: (typeof graphFaults)[number];
}

const combinations = tableFaults.flatMap((table) =>
  providerFaults.flatMap((provider) =>
    graphFaults.map((graph): Faults => ({ table, provider, graph })),
  ),
);

/** The codes that tell of a part, where it is faulty. */
const codesOf = ({ table, provider, graph }: Faults): readonly string[] => [
  ...(table === 'works' ? [] : ['ERR_STORAGE_UNAVAILABLE', 'ERR_DEADLINE']),
  ...(provider === 'works' ? [] : ['ERR_PROVIDER_UNAVAILABLE', 'ERR_DEADLINE']),
  ...(provider === 'lies' ? ['ERR_ID_TOKEN'] : []),
  ...(graph === 'works' ? [] : ['ERR_API_UNAVAILABLE', 'ERR_DEADLINE']),
  ...(graph === 'lies' ? ['ERR_API_REFUSED'] : []),
];

beforeAll(() => {
  stopClockAt(start);
});

const hangs: TinyAnswer = { body: '', hangs: true };
const fails: TinyAnswer = { status: 503, body: 'down' };

/** Makes an instance with parts of its own, signs somebody in, and lets the parts fail after that. */
async function prepare(faults: Faults) {
  const own = await startTinyProvider();
  const current: { -readonly [part in keyof Faults]: Faults[part] } = {
    ...{ table: 'works', provider: 'works', graph: 'works' },
  };
  const memory = createMemoryTable();
  // As the real table: a call ends with the signal that it was given.
  const reach = async <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const down = new AppError('ERR_STORAGE_UNAVAILABLE');
    if (current.table === 'fails') throw down;
    if (current.table === 'works') return call();
    return new Promise<never>((_resolve, reject) => {
      const end = () => {
        reject(down);
      };
      if (signal.aborted) end();
      signal.addEventListener('abort', end);
    });
  };
  const table: Table = {
    ...memory,
    list: async function* list(query, signal) {
      await reach(() => Promise.resolve(), signal);
      yield* memory.list(query, signal);
    },
    read: (address, signal) => reach(() => memory.read(address, signal), signal),
    insert: (row, signal) => reach(() => memory.insert(row, signal), signal),
    replace: (row, etag, signal) => reach(() => memory.replace(row, etag, signal), signal),
    merge: (row, etag, signal) => reach(() => memory.merge(row, etag, signal), signal),
    delete: (address, signal) => reach(() => memory.delete(address, signal), signal),
    transact: (key, actions, signal) => reach(() => memory.transact(key, actions, signal), signal),
  };
  const read = readSettings(environmentFor(own));
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const services = createServices(read.settings, testSite, {
    ...{ clock: () => start, events: keepEvents([]), table },
    keyRing: createStaticKeyRing(ringSecret),
  });
  let nonce: string | undefined;
  own.clock = () => start;
  own.token = async (form) => {
    if (current.provider === 'hangs') return hangs;
    if (current.provider === 'fails') return fails;
    const isCode = form.get('grant_type') === 'authorization_code';
    const claims = { ...adaClaims(own, start), ...(isCode && { nonce }) };
    const lie = current.provider === 'lies' ? { aud: 'another' } : {};
    // The token for Graph has expired already, so that each call refreshes it.
    return { body: tokenBody(await own.sign({ ...claims, ...lie }), { expires_in: 1 }) };
  };
  own.answers.set('/me', () => {
    if (current.graph === 'hangs') return hangs;
    if (current.graph === 'fails') return fails;
    return { body: current.graph === 'lies' ? '[' : { id: '1', displayName: 'Ada' } };
  });
  const browser = async () => {
    const fresh = new FunctionBrowser(services);
    const { searchParams } = await fresh.login();
    nonce = searchParams.get('nonce') ?? '';
    const state = searchParams.get('state') ?? '';
    return { fresh, state };
  };
  const signedIn = async () => {
    const { fresh, state } = await browser();
    const { status } = await fresh.redirect({ code: 'the-code', state });
    expect(status).toBe(302);
    return fresh;
  };
  const [asks, leaves] = [await signedIn(), await signedIn()];
  const begins = await browser();
  Object.assign(current, faults);
  return { own, asks, leaves, begins };
}

const [me, logout] = [meFunctions[0], logoutFunctions[0]] as [HttpFunction, HttpFunction];
const shown = ({ status, code }: FunctionAnswer) => `${status} ${code}`.trim();

it('every combination is answered within the deadline, by a code of a part that is faulty', async () => {
  await Promise.all(
    combinations.map(async (faults) => {
      const { own, asks, leaves, begins } = await prepare(faults);
      const [redirected, profile, session, out] = await Promise.all([
        begins.fresh.redirect({ code: 'the-code', state: begins.state }),
        asks.ask(me),
        asks.ask(sessionFunction),
        leaves.ask(logout, { form: {} }),
      ]);
      const codes = codesOf(faults);
      const isGood = (answer: FunctionAnswer, concerned: readonly string[]) =>
        concerned.length === 0 ? answer.status < 400 : concerned.includes(answer.code);
      const signingIn = codesOf({ ...faults, graph: 'works' });
      expect([faults, shown(redirected), isGood(redirected, signingIn)]).toEqual([
        faults,
        shown(redirected),
        true,
      ]);
      expect(begins.fresh.cookies.has(sessionCookie)).toBe(signingIn.length === 0);
      expect([faults, shown(profile), isGood(profile, codes)]).toEqual([
        faults,
        shown(profile),
        true,
      ]);
      const reading = codesOf({ table: faults.table, provider: 'works', graph: 'works' });
      expect([faults, shown(session), isGood(session, reading)]).toEqual([
        faults,
        shown(session),
        true,
      ]);
      // A sign-out takes the cookie away whatever fails, and says what was not done.
      expect([faults, out.status, leaves.cookies.has(sessionCookie)]).toEqual([faults, 200, false]);
      expect(out.body.includes('"session"')).toBe(faults.table !== 'works');
      await own.stop();
    }),
  );
});
