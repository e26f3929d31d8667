import { openBoundSecret } from './bound-secret';
import type { RingKey } from './key-ring';
import { isInRange, rowKeyOf } from './key-period';
import type { KeyWrapping } from './key-wrapping';
import { kidOf } from './kid';
import type { RingRows, StoredKey } from './ring-row';
import { listStoredKeys } from './ring-row';

/** What a ring is made of. */
export interface RingParts {
  readonly rows: RingRows;
  readonly wrapping: KeyWrapping;
  /** The longest life of anything a key protects. */
  readonly retainSeconds: number;
}

/** One period's key in memory, beside what it was unwrapped from. */
export interface OpenKey extends StoredKey {
  readonly ringKey: RingKey;
}

/** The ring as it was last read. */
export interface OpenRing {
  readonly keys: ReadonlyMap<number, OpenKey>;
  /** Periods whose key could not be unwrapped just now, with the reason. */
  readonly unavailable: ReadonlyMap<number, unknown>;
  /** Periods with a row that is no key of this ring. */
  readonly unusable: ReadonlySet<number>;
}

/**
 * Reads the ring by one query and unwraps the keys that `former` does not hold yet. Keys whose rows
 * are gone are not in it, whether or not the wrapping key can be reached: deleting rows is the
 * emergency stop.
 * @throws what the table throws
 */
export async function openRing(
  parts: RingParts,
  former: OpenRing | undefined,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<OpenRing> {
  const stored = (await listStoredKeys(parts.rows, signal)).filter(({ period }) =>
    isInRange(period, now, parts.retainSeconds),
  );
  const keys = new Map<number, OpenKey>();
  const unavailable = new Map<number, unknown>();
  const unusable = new Set<number>();
  await Promise.all(
    stored.map(async (key) => {
      const { period } = key;
      try {
        const opened =
          sameKey(former?.keys.get(period), key) ?? (await openKey(parts, key, signal));
        if (opened === undefined) unusable.add(period);
        else keys.set(period, opened);
      } catch (cause) {
        unavailable.set(period, cause);
      }
    }),
  );
  return { keys, unavailable, unusable };
}

/**
 * The key in a row, or `undefined` when it was wrapped by another wrapping key or for another row.
 * @throws ERR_KEYS_UNAVAILABLE
 */
export async function openKey(
  { rows, wrapping }: RingParts,
  stored: StoredKey,
  signal: AbortSignal,
): Promise<OpenKey | undefined> {
  const content = await wrapping.unwrap(stored, signal);
  const place = { table: rows.name, rowKey: rowKeyOf(stored.period) };
  const secret = content && openBoundSecret(content, place);
  return secret && { ...stored, ringKey: { kid: kidOf(stored.period, secret), secret } };
}

/** Always the same object for the same key: derived keys are cached by it. */
function sameKey(former: OpenKey | undefined, stored: StoredKey): OpenKey | undefined {
  if (former === undefined) return undefined;
  return Buffer.compare(former.wrapped, stored.wrapped) === 0 ? former : undefined;
}
