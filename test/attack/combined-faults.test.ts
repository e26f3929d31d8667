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
import { startTinyProvider, type TinyAnswer, type TinyProvider } from '../support/tiny-provider';

// Storage, the provider and Graph are faulty together, each in its own way. Combinations in which a part hangs run at once, since
// they wait for the deadline. The others run one after the other, so that a busy machine gives each of them its time.

const tableFaults = ['works', 'fails', 'lies', 'hangs'] as const;
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

const providers: TinyProvider[] = [];
beforeAll(() => {
  stopClockAt(start);
});
afterAll(() => Promise.all(providers.map((own) => own.stop())));

const hangs: TinyAnswer = { body: '', hangs: true };
const fails: TinyAnswer = { status: 503, body: 'down' };

/** Makes an instance with parts of its own, signs somebody in, and lets the parts fail after that. */
async function prepare(faults: Faults) {
  const own = await startTinyProvider();
  providers.push(own);
  const current: { -readonly [part in keyof Faults]: Faults[part] } = {
    ...{ table: 'works', provider: 'works', graph: 'works' },
  };
  const memory = createMemoryTable();
  // As the real table: a call ends with the signal that it was given.
  const reach = async <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const down = new AppError('ERR_STORAGE_UNAVAILABLE');
    if (current.table === 'fails') throw down;
    if (current.table === 'works' || current.table === 'lies') return call();
    return new Promise<never>((_resolve, reject) => {
      const end = () => {
        reject(down);
      };
      if (signal.aborted) end();
      signal.addEventListener('abort', end);
    });
  };
  const conflict = { outcome: 'conflict' } as const;
  /** What was done, was not done: another writer came first. Lists have each row twice. */
  const lie = async <Done, Lie>(done: Promise<Done>, told: Lie): Promise<Done | Lie> =>
    current.table === 'lies' ? done.then(() => told) : done;
  const table: Table = {
    ...memory,
    list: async function* list(query, signal) {
      await reach(() => Promise.resolve(), signal);
      for await (const { rows, continuation } of memory.list(query, signal)) {
        yield { rows: current.table === 'lies' ? [...rows, ...rows] : rows, continuation };
      }
    },
    read: (address, signal) => reach(() => memory.read(address, signal), signal),
    insert: (row, signal) => reach(() => lie(memory.insert(row, signal), false), signal),
    replace: (row, etag, signal) =>
      reach(() => lie(memory.replace(row, etag, signal), conflict), signal),
    merge: (row, etag, signal) =>
      reach(() => lie(memory.merge(row, etag, signal), conflict), signal),
    delete: (address, signal) => reach(() => memory.delete(address, signal), signal),
    transact: (key, actions, signal) =>
      reach(() => lie(memory.transact(key, actions, signal), conflict), signal),
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
  return { asks, leaves, begins };
}

const [me, logout] = [meFunctions[0], logoutFunctions[0]] as [HttpFunction, HttpFunction];
const shown = ({ status, code }: FunctionAnswer) => `${status} ${code}`.trim();

it('every combination is answered within the deadline, by a code of a part that is faulty', async () => {
  const prepared = [];
  for (const faults of combinations) prepared.push({ faults, ...(await prepare(faults)) });
  const waits = ({ faults }: Prepared) => Object.values(faults).includes('hangs');
  for (const each of prepared.filter((one) => !waits(one))) await check(each);
  await Promise.all(prepared.filter(waits).map(check));
});

type Prepared = Awaited<ReturnType<typeof prepare>> & { readonly faults: Faults };

async function check({ faults, asks, leaves, begins }: Prepared): Promise<void> {
  const [redirected, profile, session, out] = await Promise.all([
    begins.fresh.redirect({ code: 'the-code', state: begins.state }),
    asks.ask(me),
    asks.ask(sessionFunction),
    leaves.ask(logout, { form: {} }),
  ]);
  // A table that tells of other writers keeps nobody from reading.
  const table = faults.table === 'lies' ? 'works' : faults.table;
  const codes = codesOf({ ...faults, table });
  const isGood = (answer: FunctionAnswer, concerned: readonly string[]) =>
    concerned.length === 0 ? answer.status < 400 : concerned.includes(answer.code);
  const signingIn = codesOf({ ...faults, graph: 'works' });
  expect([faults, shown(redirected), isGood(redirected, signingIn)]).toEqual([
    faults,
    shown(redirected),
    true,
  ]);
  expect(begins.fresh.cookies.has(sessionCookie)).toBe(signingIn.length === 0);
  expect([faults, shown(profile), isGood(profile, codes)]).toEqual([faults, shown(profile), true]);
  const reading = codesOf({ table, provider: 'works', graph: 'works' });
  expect([faults, shown(session), isGood(session, reading)]).toEqual([
    faults,
    shown(session),
    true,
  ]);
  // A sign-out takes the cookie away whatever fails, and says what was not done.
  expect([faults, out.status, leaves.cookies.has(sessionCookie)]).toEqual([faults, 200, false]);
  expect(out.body.includes('"session"')).toBe(table !== 'works');
}
