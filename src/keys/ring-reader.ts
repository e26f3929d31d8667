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
  /** The same, at most once a minute: within it what was found last, or the same failure. */
  readonly lookUp: (signal: AbortSignal) => Promise<OpenRing>;
  /** Takes in a key that this instance has stored. */
  add(key: OpenKey): void;
}

const readAgainSeconds = 900;
/** After a failed re-read, and between look-ups. */
const retrySeconds = 60;
/** Within a request's deadline, so that a failed re-read leaves time to go on with the last ring. */
const readMs = 6_000;

/** A reader that reads nothing until it is asked. */
export function createRingReader(parts: RingParts, clock: Clock): RingReader {
  const never = new AbortController().signal;
  let last: OpenRing | undefined;
  let readAgainAt = 0;
  let lookUpAgainAt = 0;
  let lookUpFailed = false;

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
    lookUp: async (signal) => {
      if (!lookUpNow.isRunning() && last !== undefined && clock() < lookUpAgainAt) {
        // Whether there is such a key is unknown then, which must not look like a bad cookie.
        if (lookUpFailed) throw couldNotRead();
        return last;
      }
      lookUpAgainAt = clock() + retrySeconds;
      return lookUpNow.run(signal);
    },
    add: (key) => {
      if (last !== undefined) last = { ...last, keys: new Map(last.keys).set(key.period, key) };
    },
  };
}

function couldNotRead(cause?: unknown): AppError {
  return new AppError('ERR_KEYS_UNAVAILABLE', { note: 'the key ring could not be read', cause });
}
