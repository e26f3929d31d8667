import type { Clock } from '../clock';
import { AppError } from '../errors';
import { isInRange, isNextPeriodDue, periodAt, periodOfKid } from './key-period';
import type { KeyRing, RingKey } from './key-ring';
import { isKid } from './kid';
import { makeRingKey } from './make-ring-key';
import type { OpenKey, OpenRing, RingParts } from './open-ring';
import type { RingReader } from './ring-reader';
import { createRingReader } from './ring-reader';
import type { SharedRun } from '../share-run';
import { shareRun } from '../share-run';

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
  const runs = new Map<number, SharedRun<OpenKey, [OpenRing | undefined]>>();

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

  return (period, signal, newest) => {
    const shared =
      runs.get(period) ??
      shareRun((ring: OpenRing | undefined) => settle(period, ring), 'ERR_KEYS_UNAVAILABLE');
    runs.set(period, shared);
    return shared.run(signal, newest);
  };
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
