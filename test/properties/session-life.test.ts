import fc from 'fast-check';
import { AppError } from '../../src/errors';
import {
  changeSessionData,
  type SessionData,
  type SessionTicket,
} from '../../src/sessions/session';
import {
  createSessionStore,
  type FoundSession,
  type SessionStore,
} from '../../src/sessions/session-store';
import { sweepExpiredRows } from '../../src/functions/sweep';
import type { Table } from '../../src/storage/table';
import { storeRefreshedTokens } from '../../src/tokens/access-token';
import { createMemoryTable } from '../support/memory-table';
import { limits, newSession, ringSecret, start, userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';

/** What a request, a timer or an operator may do to a session at any moment, beside others that do the same. */
const step = fc.record({
  kind: fc.constantFrom(
    ...['refresh', 'refresh', 'refresh', 'refresh', 'refresh', 'revalidate', 'revalidate'],
    ...['read', 'renew', 'renew', 'change', 'change', 'list', 'sweep', 'end', 'end all'],
  ),
  who: fc.constantFrom('ada', 'ada', 'ada', 'bob'),
  /** The step begins when the session is this old, in seconds; steps of the same age run at once. */
  age: fc.constantFrom(900, 900, 900, 1900, 3700, 43_300),
  /** The instance dies at its n-th storage call, before or after the call took effect; 0: never. */
  crash: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3, 4),
  crashesBefore: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Crash extends Error {}

const signal = new AbortController().signal;
const scopes = ['User.Read'];
let issued = 0;

/** Nobody verifies these; making them at once keeps the scheduler the only one who decides what comes first. */
function idTokenOf(who: string, iat: number): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'none' })}.${encode({ iat, sub: who })}.signature`;
}

function cacheOf(who: string): { tokenCache: string; accessToken: string; iat: number } {
  issued += 1;
  const accessToken = `access ${issued} of ${who}`;
  // Already expired, so that every refresh is one.
  const token = { secret: accessToken, target: 'User.Read', expires_on: '1' };
  return {
    iat: issued,
    accessToken,
    tokenCache: JSON.stringify({
      Account: { a: { username: who } },
      IdToken: { i: { secret: idTokenOf(who, issued) } },
      AccessToken: { t: { ...token, cached_at: String(issued) } },
      RefreshToken: { r: { secret: `refresh ${issued} of ${who}` } },
    }),
  };
}

function refreshTokenIn(tokenCache: string): { issue: number; who: string } {
  const match = /"refresh (\d+) of (\w+)"/.exec(tokenCache);
  return { issue: Number(match?.[1] ?? 0), who: match?.[2] ?? 'nobody' };
}

interface Person {
  readonly ticket: SessionTicket;
  /** Refresh tokens that some instance was told are stored. */
  readonly stored: number[];
  /** Changes of the session's data that some handler was told are stored. */
  changes: number;
  /** Begun attempts to end the session, whatever became of them. */
  endings: number;
  /** Set once ending the session has been answered. */
  ended: boolean;
}

/** Runs the steps of one age at once, in an order of single storage calls that fast-check chooses. */
async function live(steps: readonly Step[], scheduler: fc.Scheduler): Promise<void> {
  const base = createMemoryTable();
  const people = new Map<string, Person>();
  const keyRing = createStaticKeyRing(ringSecret);
  const calm = createSessionStore({ table: base, keyRing, limits });
  for (const who of ['ada', 'bob']) {
    const { tokenCache, iat } = cacheOf(who);
    const { ticket } = await calm.open(
      newSession({ user: userOf(who), sid: `sid-${who}`, tokenCache, signal }),
    );
    people.set(who, { ticket, stored: [iat], changes: 0, endings: 0, ended: false });
  }

  /** The same rows through an instance of its own, which may die. */
  const instance = ({
    crash,
    crashesBefore,
  }: Step): { store: SessionStore; table: typeof base } => {
    let calls = 0;
    /** Waits for its turn; an instance that dies here never comes back. */
    const pass = async (name: string, isBefore = true): Promise<void> => {
      if (isBefore) calls += 1;
      await scheduler.schedule(Promise.resolve(), name);
      if (calls === crash && isBefore === crashesBefore) throw new Crash();
    };
    const wrap =
      <A extends unknown[], T>(name: string, work: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        await pass(name);
        const result = await work(...args);
        await pass(`${name} answers`, false);
        return result;
      };
    const table = {
      ...base,
      list: async function* list(...args: Parameters<Table['list']>) {
        for await (const page of base.list(...args)) {
          await pass('list');
          yield page;
        }
      },
      read: wrap('read', (...args: Parameters<Table['read']>) => base.read(...args)),
      insert: wrap('insert', (...args: Parameters<Table['insert']>) => base.insert(...args)),
      replace: wrap('replace', (...args: Parameters<Table['replace']>) => base.replace(...args)),
      merge: wrap('merge', (...args: Parameters<Table['merge']>) => base.merge(...args)),
      delete: wrap('delete', (...args: Parameters<Table['delete']>) => base.delete(...args)),
      transact: wrap('transact', (...args: Parameters<Table['transact']>) =>
        base.transact(...args),
      ),
    };
    return { store: createSessionStore({ table, keyRing, limits }), table };
  };

  const checkOwn = (
    found: FoundSession,
    who: string,
    person: Person,
    wasEnded: boolean,
    now: number,
  ) => {
    expect(wasEnded).toBe(false); // no revoked session returns
    expect(found.session.user).toEqual(userOf(who)); // no user's data reaches another
    if (found.tokens !== undefined) expect(refreshTokenIn(found.tokens.tokenCache).who).toBe(who);
    expect(now).toBeLessThan(found.session.expiresAt); // nothing lasts past its expiry
    expect(found.session.expiresAt).toBe(person.ticket.expiresAt);
  };

  const run = async (one: Step): Promise<void> => {
    const person = people.get(one.who);
    if (person === undefined) throw new Error('nobody');
    const { ticket } = person;
    const now = start + one.age;
    const wasEnded = person.ended;
    const { store, table } = instance(one);
    const find = async (): Promise<FoundSession | undefined> => {
      const found = await store.readWithTokens(ticket, now, signal);
      if (found !== undefined) checkOwn(found, one.who, person, wasEnded, now);
      return found;
    };
    switch (one.kind) {
      case 'read':
        await find();
        return;
      case 'renew': {
        const found = await find();
        if (found !== undefined) await store.renew(ticket, found, now, signal);
        return;
      }
      case 'change': {
        const found = await find();
        if (found === undefined) return;
        const count = (data: SessionData) => ({ count: Number(data['count'] ?? 0) + 1 });
        await changeSessionData(store, ticket, found, count, { now, signal });
        person.changes += 1;
        return;
      }
      case 'refresh': {
        const found = await find();
        if (found?.tokens === undefined) return;
        const fresh = cacheOf(one.who);
        const tokens = {
          readTokens: () => store.readTokens(ticket, signal),
          writeTokens: async (written: { tokenCache: string; etag: string }) => {
            const outcome = await store.writeTokens(ticket, written, now, signal);
            if (outcome === 'written') person.stored.push(refreshTokenIn(written.tokenCache).issue);
            return outcome;
          },
        };
        const { etag } = found.tokens;
        await storeRefreshedTokens(tokens, { ...fresh, etag }, scopes, now, signal);
        return;
      }
      case 'revalidate': {
        const found = await find();
        if (found?.tokens === undefined) return;
        const fresh = cacheOf(one.who);
        const { user, sid, loginHint } = found.session;
        const tokens = { tokenCache: fresh.tokenCache, etag: found.tokens.etag };
        const again = {
          found,
          user,
          sid,
          loginHint,
          verifiedAt: now,
          tokens,
          slide: true,
        };
        const updated = await store.update(ticket, again, now, signal);
        if (typeof updated === 'object') person.stored.push(fresh.iat);
        return;
      }
      case 'end':
        person.endings += 1;
        await store.end(ticket, { sid: `sid-${one.who}` }, signal);
        person.ended = true;
        return;
      case 'end all':
        person.endings += 1;
        await store.endAllOf({ userKey: ticket.userKey }, signal);
        person.ended = true;
        return;
      case 'sweep':
        await sweepExpiredRows(table, { now, stopSignal: signal, signal });
        return;
      case 'list':
        await store.listLive({ now, limit: 10, signal });
    }
  };

  /** When nothing is in flight: what lives is whole, with the newest refresh token anybody was told is stored. */
  const checkAtRest = async (who: string, person: Person, age: number): Promise<void> => {
    const { userKey } = person.ticket;
    const rows = [...base.rows.values()].filter(({ partitionKey }) => partitionKey === userKey);
    if (person.ended) {
      expect(rows).toEqual([]);
      return;
    }
    const found = await calm.readWithTokens(person.ticket, start + age, signal);
    const mayBeGone = age >= limits.idleSeconds || person.endings > 0;
    if (found === undefined) {
      expect(mayBeGone).toBe(true);
      return;
    }
    checkOwn(found, who, person, false, start + age);
    expect(found.tokens).toBeDefined();
    const kept = refreshTokenIn(found.tokens?.tokenCache ?? '');
    expect(kept.issue).toBeGreaterThanOrEqual(Math.max(...person.stored));
    // Whatever else rewrote the row meanwhile.
    expect(Number(found.session.data['count'] ?? 0)).toBeGreaterThanOrEqual(person.changes);
  };

  const survive = async (one: Step): Promise<void> => {
    try {
      await run(one);
    } catch (error) {
      const isTold =
        error instanceof AppError &&
        ['ERR_SIGNED_OUT', 'ERR_STORAGE_UNAVAILABLE'].includes(error.code);
      if (!(error instanceof Crash) && !isTold) throw error;
    }
  };

  for (const age of [...new Set(steps.map((one) => one.age))].sort((a, b) => a - b)) {
    const together = steps.filter((one) => one.age === age);
    await scheduler.waitFor(Promise.all(together.map(survive)));
    for (const [who, person] of people) await checkAtRest(who, person, age);
  }

  // And after the longest life nothing is left of anybody.
  await sweepExpiredRows(base, {
    now: start + 2 * limits.lifetimeSeconds,
    stopSignal: signal,
    signal,
  });
  const left = [...base.rows.values()].filter(({ partitionKey }) => partitionKey !== 'sweep');
  expect(left).toEqual([]);
}

describe('the life of sessions', () => {
  it('keeps its promises under any interleaving of reads, refreshes, renewals, revocations, sweeps and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), fc.scheduler(), live),
      { numRuns: 600 },
    );
  });
});
