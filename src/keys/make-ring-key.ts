import { randomBytes } from 'node:crypto';
import { AppError } from '../errors';
import { bindSecret, secretSize } from './bound-secret';
import { rowKeyOf } from './key-period';
import type { OpenKey, RingParts } from './open-ring';
import { openKey } from './open-ring';
import { ringRowOf } from './ring-row';

/**
 * A new key for `period`, stored; `undefined` when another instance stored one first, which is then
 * the period's key. What is not certainly stored is not used: others could not verify it.
 * @throws ERR_KEYS_UNAVAILABLE, or what the table throws
 */
export async function makeRingKey(
  parts: RingParts,
  period: number,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<OpenKey | undefined> {
  const { rows, wrapping, retainSeconds } = parts;
  const place = { table: rows.name, rowKey: rowKeyOf(period) };
  const content = bindSecret(randomBytes(secretSize), place);
  const stored = { period, ...(await wrapping.wrap(content, signal)) };
  // A key that could be wrapped but never unwrapped (a missing permission) would occupy the row for
  // the whole period, so it is unwrapped once before it goes there.
  const opened = await openKey(parts, stored, signal);
  if (opened === undefined) {
    throw new AppError('ERR_KEYS_UNAVAILABLE', { note: 'a wrapped key did not unwrap again' });
  }
  return (await rows.insert(ringRowOf(stored, { now, retainSeconds }), signal))
    ? opened
    : undefined;
}
