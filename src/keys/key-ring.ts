import { AppError } from '../errors';
import { type Clock, createSingleFlight } from '../waiting';
import { isKid, isNextPeriodDue, type KeyRing, periodAt, type RingKey } from './encryption';
import {
  deleteRing,
  isInRange,
  makeRingKey,
  type OpenKey,
  type OpenRing,
  openRing,
  type RingParts,
} from './ring-rows';

type KeyRingParts = RingParts & {
  readonly clock: Clock;
  /** Called when this instance has made the key of a period. */
  readonly onMade?: (period: number) => void;
  /** Called when a key could not be made ahead of time. Nobody waits for it, and there are days left to correct it. */
  readonly report: (error: unknown) => void;
};

/** A ring whose keys can be thrown away. */
export interface StoredKeyRing extends KeyRing {
  /**
   * Deletes all keys, and everything that they signed and encrypted is worth nothing from then on: in this instance at
   * once, in others when they read the ring again. The next use makes a new key.
   * @throws ERR_KEYS_UNAVAILABLE; some keys may be gone then
   */
  discard(signal: AbortSignal): Promise<void>;
}

/** For work that no request's deadline may end. */
const never = new AbortController().signal;

const makeMs = 6_000;
const prepareAgainSeconds = 60;

/**
 * The ring in the table; each instance has one such object. It reads and unwraps the ring when it is first asked, every
 * 15 minutes, and for a `kid` that it does not know (once a minute for each, a few times a minute for all). A period
 * without a key gets one, and the next period gets its key seven days ahead. Instances that race agree on the key that
 * is stored first.
 */
export function createKeyRing(parts: KeyRingParts): StoredKeyRing {
  const { clock, retainSeconds } = parts;
  const reader = createRingReader(parts, clock);
  const settled = createSettler(parts, reader);
  let prepareAgainAt = 0;

  function prepareNext(period: number, now: number): void {
    if (now < prepareAgainAt) return;
    prepareAgainAt = now + prepareAgainSeconds;
    settled(period, undefined, never).catch(parts.report);
  }

  return {
    current: async (signal) => {
      const now = clock();
      const period = periodAt(now);
      const { ring, isNew } = await reader.ring(signal);
      if (isNextPeriodDue(now) && !ring.keys.has(period + 1)) prepareNext(period + 1, now);
      const key = ring.keys.get(period);
      return (key ?? (await settled(period, isNew ? ring : undefined, signal))).ringKey;
    },
    find: async (kid, signal) => {
      if (!isKid(kid)) return undefined;
      const period = periodOfKid(kid);
      const { ring, isNew } = await reader.ring(signal);
      const key = namedKey(ring, kid);
      if (key !== undefined || !isInRange(period, clock(), retainSeconds)) return key;
      const reread = (): Promise<OpenRing> =>
        ring.unavailable.has(period) ? reader.readNow(signal) : reader.lookUp(kid, signal);
      const newest = isNew ? ring : await reread();
      // Throws when a stored key cannot be opened. That is an outage, and an outage signs nobody out.
      storedKey(newest, period);
      return namedKey(newest, kid);
    },
    discard: async (signal) => {
      try {
        await deleteRing(parts.rows, signal);
      } catch (cause) {
        throw unavailable('the keys could not be deleted', cause);
      } finally {
        reader.forget();
      }
    },
  };
}

/**
 * Gives a period its key: the stored one, or else a new one. At most one run for a period at a time.
 * @returns a function whose `newest` is the ring, if it was read just now
 */
function createSettler(
  parts: KeyRingParts,
  reader: RingReader,
): (period: number, newest: OpenRing | undefined, signal: AbortSignal) => Promise<OpenKey> {
  const flight = createSingleFlight<OpenKey>('ERR_KEYS_UNAVAILABLE');

  async function settle(period: number, newest: OpenRing | undefined): Promise<OpenKey> {
    const stored = storedKey(newest ?? (await reader.readNow(never)), period);
    if (stored !== undefined) return stored;
    const timeout = AbortSignal.timeout(makeMs);
    const made = await makeRingKey(parts, period, parts.clock(), timeout).catch(
      (cause: unknown) => {
        throw unavailable('a key could not be made', cause);
      },
    );
    if (made !== undefined) {
      reader.add(made);
      parts.onMade?.(period);
      return made;
    }
    const theirs = storedKey(await reader.readNow(never), period);
    if (theirs === undefined) throw unavailable("another instance's key could not be read");
    return theirs;
  }

  return (period, newest, signal) =>
    flight.run(String(period), () => settle(period, newest), signal);
}

function namedKey({ keys }: OpenRing, kid: string): RingKey | undefined {
  const key = keys.get(periodOfKid(kid))?.ringKey;
  return key?.kid === kid ? key : undefined;
}

/** `undefined` when the period has no key yet. One that cannot be opened is never replaced. */
function storedKey(ring: OpenRing, period: number): OpenKey | undefined {
  if (ring.unavailable.has(period)) throw notUnwrapped(ring.unavailable.get(period));
  if (!ring.unusable.has(period)) return ring.keys.get(period);
  throw unavailable(
    `the key of period ${period} was wrapped by another wrapping key or for another table; deleting its row makes a new one and signs everybody out`,
  );
}

function notUnwrapped(cause: unknown): AppError {
  return unavailable('a key of the ring could not be unwrapped', cause);
}

function unavailable(what: string, cause?: unknown): AppError {
  const { note: why, retryAfterSeconds } = cause instanceof AppError ? cause : {};
  // While the table is out of reach, nobody must take the vault for lost, and delete keys.
  const note = why === undefined ? what : `${what}: ${why}`;
  return new AppError('ERR_KEYS_UNAVAILABLE', { note, cause, retryAfterSeconds });
}

const unread = 'the key ring could not be read';

/** What one instance knows of the ring. Everything throws ERR_KEYS_UNAVAILABLE. */
interface RingReader {
  /**
   * The ring, read when first asked and again every 15 minutes; the last one when that fails.
   * `isNew`: it was read for this very call.
   */
  ring(signal: AbortSignal): Promise<{ readonly ring: OpenRing; readonly isNew: boolean }>;
  /** The ring as it is stored now. */
  readonly readNow: (signal: AbortSignal) => Promise<OpenRing>;
  /**
   * The same, for a name that is not in the ring: at most once a minute for each name, and a few times a minute for all.
   * Beyond that it gives what was read last, or the same failure.
   */
  readonly lookUp: (kid: string, signal: AbortSignal) => Promise<OpenRing>;
  /** Takes in a key that this instance has stored. */
  add(key: OpenKey): void;
  /** Forgets what was read. A read that is under way is not kept either. */
  forget(): void;
}

const readAgainSeconds = 900;
/** After a failed re-read, and between look-ups of one name. */
const retrySeconds = 60;
/** Within a request's deadline, so that a failed re-read leaves time to go on with the last ring. */
const readMs = 6_000;

/** The ring in the memory of one instance. */
function createRingMemory(parts: RingParts, clock: Clock) {
  let kept: { ring?: OpenRing; readAgainAt: number } = { readAgainAt: 0 };
  return {
    last: () => kept.ring,
    isFresh: () => clock() < kept.readAgainAt,
    read: async (): Promise<OpenRing> => {
      const now = clock();
      // `forget` puts another object in its place, and then nothing of this read is kept.
      const mine = kept;
      try {
        mine.ring = await openRing(parts, mine.ring, now, AbortSignal.timeout(readMs));
        mine.readAgainAt = now + readAgainSeconds;
        return mine.ring;
      } catch (cause) {
        mine.readAgainAt = now + retrySeconds;
        throw unavailable(unread, cause);
      }
    },
    add: (key: OpenKey) => {
      const { ring } = kept;
      if (ring === undefined) return;
      kept.ring = { ...ring, keys: new Map(ring.keys).set(key.period, key) };
    },
    forget: () => {
      kept = { readAgainAt: 0 };
    },
  };
}

/** A reader that reads nothing until it is asked. */
function createRingReader(parts: RingParts, clock: Clock): RingReader {
  const { last, isFresh, read, add, forget } = createRingMemory(parts, clock);
  let lookUpFailed = false;
  const allowance = createAllowance();

  const flight = createSingleFlight<OpenRing>('ERR_KEYS_UNAVAILABLE');
  const readNow = (signal: AbortSignal): Promise<OpenRing> => flight.run('read', read, signal);

  async function lookUp(): Promise<OpenRing> {
    lookUpFailed = true;
    const ring = await readNow(never);
    lookUpFailed = false;
    return ring;
  }

  return {
    ring: async (signal) => {
      const known = last();
      if (known === undefined) return { ring: await readNow(signal), isNew: true };
      if (isFresh()) return { ring: known, isNew: false };
      try {
        return { ring: await readNow(signal), isNew: true };
      } catch {
        return { ring: known, isNew: false };
      }
    },
    readNow,
    lookUp: async (kid, signal) => {
      const known = last();
      if (!flight.isRunning('look-up') && known !== undefined && !allowance.takes(kid, clock())) {
        // Whether there is such a key is unknown then, which must not look like a bad cookie.
        if (lookUpFailed) throw unavailable(unread);
        return known;
      }
      return flight.run('look-up', lookUp, signal);
    },
    add,
    forget,
  };
}

/** Look-ups that are allowed at once, and the seconds until one more is: five a minute, ten in the first minute. */
const maxLookUps = 5;
const refillSeconds = 12;
/** Names that are remembered. A flood of names pushes older ones out, and then meets the limit for all. */
const maxNames = 100;

/**
 * Limits how often names that are not in the ring may cause a query. A name that somebody made up must not hide the new
 * key of another instance, and a flood of such names must not become a flood of queries.
 */
function createAllowance(): { takes(kid: string, now: number): boolean } {
  const lookedUpAt = new Map<string, number>();
  let left = maxLookUps;
  let countedAt = 0;
  return {
    takes: (kid, now) => {
      if (now < (lookedUpAt.get(kid) ?? -Infinity) + retrySeconds) return false;
      const gained = Math.floor((now - countedAt) / refillSeconds);
      if (gained > 0) {
        left = Math.min(left + gained, maxLookUps);
        countedAt = left === maxLookUps ? now : countedAt + gained * refillSeconds;
      }
      if (left === 0) return false;
      left -= 1;
      lookedUpAt.delete(kid);
      lookedUpAt.set(kid, now);
      const [oldest] = lookedUpAt.keys();
      if (lookedUpAt.size > maxNames && oldest !== undefined) lookedUpAt.delete(oldest);
      return true;
    },
  };
}

/** The period a `kid` of the right form names. */
function periodOfKid(kid: string): number {
  return Number.parseInt(kid, 10);
}
