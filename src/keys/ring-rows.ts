import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../errors';
import type { NewRow, Row, Table } from '../storage/table';
import { periodAt, type RingKey, startOf } from './encryption';
import {
  bindSecret,
  type KeyWrapping,
  openBoundSecret,
  secretSize,
  type WrappedKey,
} from './wrapping';

/** What the ring needs of a table, by whose name it refuses keys of other tables. */
export type RingRows = Pick<Table, 'name' | 'list' | 'insert' | 'delete'>;

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
 * Reads the ring by one query and unwraps the keys that `former` does not hold yet. A key whose row is gone is not in it,
 * whether or not the wrapping key can be reached: to delete rows is the emergency stop.
 * @throws what the table throws
 */
export async function openRing(
  parts: RingParts,
  former: OpenRing | undefined,
  now: number,
  signal: AbortSignal,
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
 * The key in a row; `undefined` when another wrapping key wrapped it, or when it was wrapped for another row.
 * @throws ERR_KEYS_UNAVAILABLE
 */
async function openKey(
  { rows, wrapping }: RingParts,
  stored: StoredKey,
  signal: AbortSignal,
): Promise<OpenKey | undefined> {
  const content = await wrapping.unwrap(stored, signal);
  const address = { table: rows.name, rowKey: rowKeyOf(stored.period) };
  const secret = content && openBoundSecret(content, address);
  return secret && { ...stored, ringKey: { kid: kidOf(stored.period, secret), secret } };
}

/** The same key is always the same object: derived keys are cached by it. */
function sameKey(former: OpenKey | undefined, stored: StoredKey): OpenKey | undefined {
  if (former === undefined) return undefined;
  return Buffer.compare(former.wrapped, stored.wrapped) === 0 ? former : undefined;
}

/**
 * Makes a key for `period` and stores it. A key that may not be stored is not used: other instances could not verify what
 * it signed.
 * @returns the key; `undefined` when another instance stored one first, which then is the period's key
 * @throws ERR_KEYS_UNAVAILABLE, or what the table throws
 */
export async function makeRingKey(
  parts: RingParts,
  period: number,
  now: number,
  signal: AbortSignal,
): Promise<OpenKey | undefined> {
  const { rows, wrapping, retainSeconds } = parts;
  const address = { table: rows.name, rowKey: rowKeyOf(period) };
  const content = bindSecret(randomBytes(secretSize), address);
  const stored = { period, ...(await wrapping.wrap(content, signal)) };
  // If a permission is missing, a key can be wrapped but never unwrapped. It would occupy the row for the whole
  // period, so it is unwrapped once before it is stored.
  const opened = await openKey(parts, stored, signal);
  if (opened === undefined) {
    throw new AppError('ERR_KEYS_UNAVAILABLE', { note: 'a wrapped key did not unwrap again' });
  }
  return (await rows.insert(ringRowOf(stored, retainSeconds, now), signal)) ? opened : undefined;
}

/**
 * Deletes all keys. What they signed and encrypted is worth nothing from then on.
 * @throws what the table throws; some keys may be gone then
 */
export async function deleteRing(rows: RingRows, signal: AbortSignal): Promise<void> {
  for await (const page of rows.list({ partitionKey, select: [] }, signal)) {
    for (const { rowKey } of page.rows) await rows.delete({ partitionKey, rowKey }, signal);
  }
}

const partitionKey = 'key-ring';

/** A key as it is stored, still wrapped. */
interface StoredKey extends WrappedKey {
  readonly period: number;
}

/** The row of a key. When it is read again, only the wrapped key is trusted: the times are for people and the sweep. */
function ringRowOf(
  { period, wrapped, version }: StoredKey,
  retainSeconds: number,
  now: number,
): NewRow {
  return {
    partitionKey,
    rowKey: rowKeyOf(period),
    properties: {
      wrapped,
      wrappedBy: version,
      createdAt: toTime(now),
      activeFrom: toTime(Math.max(now, startOf(period))),
      expiresAt: toTime(expiryOf(period, retainSeconds)),
    },
  };
}

/** All keys in the table. Other rows are left out. */
async function listStoredKeys(rows: RingRows, signal: AbortSignal): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  for await (const page of rows.list({ partitionKey }, signal)) {
    keys.push(...page.rows.flatMap(parseRow));
  }
  return keys;
}

function parseRow({ rowKey, properties }: Row): StoredKey[] {
  const period = periodOfRow(rowKey);
  const { wrapped, wrappedBy: version } = properties;
  if (period === undefined) return [];
  // A damaged row still occupies its period: it opens as nothing and is reported, and no new key is made.
  const bytes = wrapped instanceof Uint8Array ? wrapped : new Uint8Array();
  return [{ period, wrapped: bytes, version: typeof version === 'string' ? version : '' }];
}

function toTime(seconds: number): Date {
  return new Date(seconds * 1000);
}

const day = 86_400;

/** Clocks differ, and a request in flight may still write under the old key. */
const marginSeconds = day;

/** Six digits sort as numbers for the next two hundred thousand years. */
const digits = 6;

/**
 * When everything that a period's key protected has expired.
 * @param retainSeconds the longest life of anything under a key
 */
function expiryOf(period: number, retainSeconds: number): number {
  return startOf(period + 1) + retainSeconds + marginSeconds;
}

/** Whether an instance may meet that period's key at `now`: not expired, and not beyond the next period. */
export function isInRange(period: number, now: number, retainSeconds: number): boolean {
  return period <= periodAt(now) + 1 && now < expiryOf(period, retainSeconds);
}

/** The row key of a period's key, of fixed width so that rows sort. */
export function rowKeyOf(period: number): string {
  return String(period).padStart(digits, '0');
}

/** The period a row key names, or `undefined`. */
export function periodOfRow(rowKey: string): number | undefined {
  return /^\d{6}$/.test(rowKey) ? Number(rowKey) : undefined;
}

/** `<period>.<8 characters of the secret's SHA-256>`: 48 bits of a hash tell nothing of 256 random bits. */
export function kidOf(period: number, secret: Uint8Array): string {
  const hash = createHash('sha256').update('anteroom kid\0').update(secret).digest('base64url');
  return `${period}.${hash.slice(0, 8)}`;
}
