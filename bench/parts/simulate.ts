import { setTimeout as sleep } from 'node:timers/promises';
import { createSessionStore, type SessionStore } from '../../src/sessions/session-store';
import { sweepExpiredRows } from '../../src/functions/sweep';
import type { Table } from '../../src/storage/table';
import { createMemoryTable } from '../../test/support/memory-table';
import { limits, newSession, ringSecret, start, userOf } from '../../test/support/session-fixture';
import { createStaticKeyRing } from '../../test/support/static-key-ring';
import {
  type AccountCounts,
  createCountingTable,
  createSpreadTable,
  newCounts,
} from './spread-table';

/**
 * What Table Storage is made for: requests a second of an account, entities of 1 KiB a second of a partition.
 * https://learn.microsoft.com/azure/storage/tables/scalability-targets
 */
export const targets = { account: 20_000, partition: 2_000 } as const;

/** People who use the app at the same time: what one of them does in an hour. */
export const model = { guarded: 120, profile: 12, signIns: 1 / 8 } as const;

export interface Scale {
  readonly accounts: number;
  /** Requests to storage, by journey, as the code makes them. */
  readonly calls: Readonly<Record<keyof typeof model, number>>;
  /** The most users that a target allows to use the app at once. */
  readonly users: number;
  /** A second, of each journey when it is alone. */
  readonly rates: Readonly<Record<keyof typeof model, number>>;
  /** Part of all requests that the fullest account gets. */
  readonly fullest: number;
  /** Entities that the fullest partition was asked for in one sign-in, one guarded request and one profile call. */
  readonly entities: number;
}

/** Plays journeys of some users on counting tables, and sums up for ten million. */
export async function simulateScale(accounts: number): Promise<Scale> {
  const counts = Array.from({ length: accounts }, newCounts);
  const [first, ...others] = counts.map((each) => createCountingTable(createMemoryTable(), each));
  if (first === undefined) throw new RangeError('one account at least');
  const table = createSpreadTable([first, ...others]);
  const keyRing = createStaticKeyRing(ringSecret);
  const calls = await countCalls(createSessionStore({ table, keyRing, limits }), counts);
  const fullest = fullestShare(accounts);
  const rate = (each: number): number => targets.account / fullest / each;
  const callsAnHour =
    model.guarded * calls.guarded + model.profile * calls.profile + model.signIns * calls.signIns;
  return {
    ...{ accounts, calls, fullest },
    users: rate(callsAnHour / 3600),
    rates: {
      guarded: rate(calls.guarded),
      profile: rate(calls.profile),
      signIns: rate(calls.signIns),
    },
    entities: entitiesOfFullest(counts),
  };
}

const sampled = 200;

async function countCalls(
  store: SessionStore,
  counts: readonly AccountCounts[],
): Promise<Scale['calls']> {
  const signal = new AbortController().signal;
  const requests = (): number => counts.reduce((sum, each) => sum + each.requests, 0);
  const counted = async (work: (user: number) => Promise<unknown>): Promise<number> => {
    const before = requests();
    for (let user = 0; user < sampled; user += 1) await work(user);
    return (requests() - before) / sampled;
  };
  const tickets: Awaited<ReturnType<SessionStore['open']>>['ticket'][] = [];
  const signIns = await counted(async (user) => {
    const opening = { user: userOf(`user ${user}`), sid: `sid ${user}`, signal };
    tickets.push((await store.open(newSession(opening))).ticket);
  });
  const read = await counted(async (user) => {
    const ticket = tickets[user];
    if (ticket !== undefined) await store.read(ticket, start, signal);
  });
  const profile = await counted(async (user) => {
    const ticket = tickets[user];
    if (ticket !== undefined) await store.readWithTokens(ticket, start, signal);
  });
  // Past half of the idle time a request writes once. With one request in 30 seconds that is one of 60.
  const requestsInHalf = limits.idleSeconds / 2 / (3600 / model.guarded);
  return { signIns, guarded: read + 1 / requestsInHalf, profile };
}

const users = 10_000_000;

/** User keys are hashes, so ten million users are ten million throws of a dice with `accounts` sides. */
function fullestShare(accounts: number): number {
  const loads = new Float64Array(accounts);
  let total = 0;
  let state = 1;
  const random = (): number => {
    // A linear congruential generator (Numerical Recipes): the same numbers on each machine.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (let user = 0; user < users; user += 1) {
    const account = Math.floor(random() * accounts);
    // A few people do a hundred times as much as most.
    const activity = (-Math.log(1 - random())) ** 3;
    loads[account] = (loads[account] ?? 0) + activity;
    total += activity;
  }
  return Math.max(...loads) / total;
}

function entitiesOfFullest(counts: readonly AccountCounts[]): number {
  return Math.max(...counts.flatMap(({ entities }) => [...entities.values()]));
}

export interface SweepRate {
  readonly rowsAnHour: number;
  readonly requests: number;
  readonly rows: number;
}

/** A sweep in which each call to storage takes 20 ms. Runs take four minutes of each quarter of an hour. */
export async function simulateSweep(): Promise<SweepRate> {
  const counts = newCounts();
  const memory = createMemoryTable();
  const signal = new AbortController().signal;
  const sessions = 2_000;
  const store = createSessionStore({
    table: memory,
    keyRing: createStaticKeyRing(ringSecret),
    limits,
  });
  for (let user = 0; user < sessions; user += 1) {
    await store.open(newSession({ user: userOf(`user ${user}`), sid: `sid ${user}`, signal }));
  }
  const begun = performance.now();
  const { rows } = await sweepExpiredRows(createCountingTable(slow(memory), counts), {
    now: start + limits.lifetimeSeconds + 60,
    stopSignal: signal,
    signal,
  });
  const seconds = (performance.now() - begun) / 1000;
  const secondsAnHour = 4 * 4 * 60;
  return { rows, requests: counts.requests, rowsAnHour: (rows / seconds) * secondsAnHour };
}

function slow(table: Table): Table {
  const late = async <Result>(work: Promise<Result>): Promise<Result> => {
    await sleep(20);
    return work;
  };
  return {
    ...table,
    read: (...asked) => late(table.read(...asked)),
    insert: (...asked) => late(table.insert(...asked)),
    replace: (...asked) => late(table.replace(...asked)),
    delete: (...asked) => late(table.delete(...asked)),
    transact: (...asked) => late(table.transact(...asked)),
    list: async function* list(...asked) {
      await sleep(20);
      yield* table.list(...asked);
    },
  };
}
