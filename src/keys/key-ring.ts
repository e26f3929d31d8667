import { AppError } from '../errors';
import { type Clock, createSingleFlight } from '../waiting';
import { isKid, type KeyRing, type RingKey } from './encryption';
import {
  isInRange,
  isNextPeriodDue,
  makeRingKey,
  type OpenKey,
  type OpenRing,
  openRing,
  periodAt,
  periodOfKid,
  type RingParts,
} from './ring-rows';

type KeyRingParts = RingParts & {
  readonly clock: Clock;
  /** Told of a key that could not be made ahead of time: nobody waits for it, and there are days left to mend it. */
  readonly report: (error: unknown) => void;
};

const makeMs = 6_000;
const prepareAgainSeconds = 60;

/**
 * The ring in the table, one object an instance. It reads and unwraps the ring when first asked,
 * every 15 minutes, and for a `kid` it does not know (once a minute each, a few times a minute for all). A period without a key
 * gets one, the next period's seven days ahead; instances that race agree on the first one stored.
 */
export function createKeyRing(parts: KeyRingParts): KeyRing {
  const { clock, retainSeconds } = parts;
  const reader = createRingReader(parts, clock);
  const settled = createSettler(parts, reader);
  let prepareAgainAt = 0;

  function prepareNext(period: number, now: number): void {
    if (now < prepareAgainAt) return;
    prepareAgainAt = now + prepareAgainSeconds;
    // No request waits for it, or fails with it: there are days left to try again, and somebody must know.
    settled(period, new AbortController().signal).catch(parts.report);
  }

  return {
    current: async (signal) => {
      const now = clock();
      const period = periodAt(now);
      const { ring, isNew } = await reader.ring(signal);
      if (isNextPeriodDue(now) && !ring.keys.has(period + 1)) prepareNext(period + 1, now);
      const key = ring.keys.get(period);
      return (key ?? (await settled(period, signal, isNew ? ring : undefined))).ringKey;
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
      // Throws where a stored key cannot be opened: that is an outage, and nobody is signed out by one.
      storedKey(newest, period);
      return namedKey(newest, kid);
    },
  };
}

/**
 * Gives a period its key: the stored one, or else a new one. One run a period at a time.
 * `newest`: the ring, when it was read just now.
 */
function createSettler(
  parts: KeyRingParts,
  reader: RingReader,
): (period: number, signal: AbortSignal, newest?: OpenRing) => Promise<OpenKey> {
  const never = new AbortController().signal;
  const flight = createSingleFlight<OpenKey>('ERR_KEYS_UNAVAILABLE');

  async function settle(period: number, newest: OpenRing | undefined): Promise<OpenKey> {
    const stored = storedKey(newest ?? (await reader.readNow(never)), period);
    if (stored !== undefined) return stored;
    const options = { now: parts.clock(), signal: AbortSignal.timeout(makeMs) };
    const made = await makeRingKey(parts, period, options).catch((cause: unknown) => {
      throw unavailable('a key could not be made', cause);
    });
    if (made !== undefined) {
      reader.add(made);
      return made;
    }
    const theirs = storedKey(await reader.readNow(never), period);
    if (theirs === undefined) throw unavailable("another instance's key could not be read");
    return theirs;
  }

  return (period, signal, newest) =>
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

function unavailable(note: string, cause?: unknown): AppError {
  return new AppError('ERR_KEYS_UNAVAILABLE', { note, cause });
}

/** What one instance knows of the ring. Everything throws ERR_KEYS_UNAVAILABLE. */
export interface RingReader {
  /**
   * The ring, read when first asked and again every 15 minutes; the last one when that fails.
   * `isNew`: it was read for this very call.
   */
  ring(signal: AbortSignal): Promise<{ readonly ring: OpenRing; readonly isNew: boolean }>;
  /** The ring as it is stored now. */
  readonly readNow: (signal: AbortSignal) => Promise<OpenRing>;
  /**
   * The same, for a name that is not in the ring: at most once a minute for each, and a few times a minute for all;
   * beyond that what was read last, or the same failure.
   */
  readonly lookUp: (kid: string, signal: AbortSignal) => Promise<OpenRing>;
  /** Takes in a key that this instance has stored. */
  add(key: OpenKey): void;
}

const readAgainSeconds = 900;
/** After a failed re-read, and between look-ups of one name. */
const retrySeconds = 60;
/** Within a request's deadline, so that a failed re-read leaves time to go on with the last ring. */
const readMs = 6_000;

/** A reader that reads nothing until it is asked. */
export function createRingReader(parts: RingParts, clock: Clock): RingReader {
  const never = new AbortController().signal;
  let last: OpenRing | undefined;
  let readAgainAt = 0;
  let lookUpFailed = false;
  const allowance = createAllowance();

  const flight = createSingleFlight<OpenRing>('ERR_KEYS_UNAVAILABLE');

  async function read(): Promise<OpenRing> {
    const now = clock();
    try {
      last = await openRing(parts, last, { now, signal: AbortSignal.timeout(readMs) });
      readAgainAt = now + readAgainSeconds;
      return last;
    } catch (cause) {
      readAgainAt = now + retrySeconds;
      throw couldNotRead(cause);
    }
  }

  const readNow = (signal: AbortSignal): Promise<OpenRing> => flight.run('read', read, signal);

  async function lookUp(): Promise<OpenRing> {
    lookUpFailed = true;
    const ring = await readNow(never);
    lookUpFailed = false;
    return ring;
  }

  return {
    ring: async (signal) => {
      const known = last;
      if (known === undefined) return { ring: await readNow(signal), isNew: true };
      if (clock() < readAgainAt) return { ring: known, isNew: false };
      try {
        return { ring: await readNow(signal), isNew: true };
      } catch {
        return { ring: known, isNew: false };
      }
    },
    readNow,
    lookUp: async (kid, signal) => {
      if (!flight.isRunning('look-up') && last !== undefined && !allowance.takes(kid, clock())) {
        // Whether there is such a key is unknown then, which must not look like a bad cookie.
        if (lookUpFailed) throw couldNotRead();
        return last;
      }
      return flight.run('look-up', lookUp, signal);
    },
    add: (key) => {
      if (last !== undefined) last = { ...last, keys: new Map(last.keys).set(key.period, key) };
    },
  };
}

/** Look-ups at once, and the seconds after which there is one more: five a minute, ten in the first. */
const maxLookUps = 5;
const refillSeconds = 12;
/** Names that are remembered; a flood pushes out older ones, and then meets the allowance for all. */
const maxNames = 100;

/**
 * How often names that are not in the ring may cause a query. A name that somebody made up must not hide another
 * instance's new key, and a flood of made-up names must not become a flood of queries.
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

function couldNotRead(cause?: unknown): AppError {
  const retryAfterSeconds = cause instanceof AppError ? cause.retryAfterSeconds : undefined;
  const note = 'the key ring could not be read';
  return new AppError('ERR_KEYS_UNAVAILABLE', { note, cause, retryAfterSeconds });
}
