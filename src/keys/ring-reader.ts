import type { Clock } from '../clock';
import { AppError } from '../errors';
import type { OpenKey, OpenRing, RingParts } from './open-ring';
import { openRing } from './open-ring';
import { shareRun } from '../share-run';

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

  const read = shareRun(async () => {
    const now = clock();
    try {
      last = await openRing(parts, last, { now, signal: AbortSignal.timeout(readMs) });
      readAgainAt = now + readAgainSeconds;
      return last;
    } catch (cause) {
      readAgainAt = now + retrySeconds;
      throw couldNotRead(cause);
    }
  }, 'ERR_KEYS_UNAVAILABLE');

  const lookUpNow = shareRun(async () => {
    lookUpFailed = true;
    const ring = await read.run(never);
    lookUpFailed = false;
    return ring;
  }, 'ERR_KEYS_UNAVAILABLE');

  return {
    ring: async (signal) => {
      const known = last;
      if (known === undefined) return { ring: await read.run(signal), isNew: true };
      if (clock() < readAgainAt) return { ring: known, isNew: false };
      try {
        return { ring: await read.run(signal), isNew: true };
      } catch {
        return { ring: known, isNew: false };
      }
    },
    readNow: (signal) => read.run(signal),
    lookUp: async (kid, signal) => {
      if (!lookUpNow.isRunning() && last !== undefined && !allowance.takes(kid, clock())) {
        // Whether there is such a key is unknown then, which must not look like a bad cookie.
        if (lookUpFailed) throw couldNotRead();
        return last;
      }
      return lookUpNow.run(signal);
    },
    add: (key) => {
      if (last !== undefined) last = { ...last, keys: new Map(last.keys).set(key.period, key) };
    },
  };
}

/** Look-ups at once, and the seconds after which there is one more: five a minute, ten in the first. */
const mostLookUps = 5;
const refillSeconds = 12;
/** Names that are remembered; a flood pushes out older ones, and then meets the allowance for all. */
const mostNames = 100;

/**
 * How often names that are not in the ring may cause a query. A name that somebody made up must not hide another
 * instance's new key, and a flood of made-up names must not become a flood of queries.
 */
function createAllowance(): { takes(kid: string, now: number): boolean } {
  const lookedUpAt = new Map<string, number>();
  let left = mostLookUps;
  let countedAt = 0;
  return {
    takes: (kid, now) => {
      if (now < (lookedUpAt.get(kid) ?? -Infinity) + retrySeconds) return false;
      const gained = Math.floor((now - countedAt) / refillSeconds);
      if (gained > 0) {
        left = Math.min(left + gained, mostLookUps);
        countedAt = left === mostLookUps ? now : countedAt + gained * refillSeconds;
      }
      if (left === 0) return false;
      left -= 1;
      lookedUpAt.delete(kid);
      lookedUpAt.set(kid, now);
      const [oldest] = lookedUpAt.keys();
      if (lookedUpAt.size > mostNames && oldest !== undefined) lookedUpAt.delete(oldest);
      return true;
    },
  };
}

function couldNotRead(cause?: unknown): AppError {
  const retryAfterSeconds = cause instanceof AppError ? cause.retryAfterSeconds : undefined;
  const note = 'the key ring could not be read';
  return new AppError('ERR_KEYS_UNAVAILABLE', { note, cause, retryAfterSeconds });
}
