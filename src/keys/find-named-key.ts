import { decodeProtectedHeader } from 'jose';
import type { KeyRing, RingKey } from './key-ring';
import { isKid } from './kid';

/**
 * The ring's key that a compact JWS or JWE names in its `kid` header; `undefined` when the text is
 * neither or names no key of ours. Nothing is verified yet.
 * @throws ERR_KEYS_UNAVAILABLE: a ring that cannot be read must not look like a bad cookie
 */
export async function findNamedKey(
  keyRing: KeyRing,
  text: string,
  signal: AbortSignal,
): Promise<RingKey | undefined> {
  const kid = kidIn(text);
  return kid === undefined ? undefined : keyRing.find(kid, signal);
}

function kidIn(text: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(text);
    return isKid(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}
