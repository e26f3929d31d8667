import { isObject } from './is-object';

/** Longest claims request that is passed on: Entra ID's own are a few hundred bytes. */
const maxClaimsLength = 2048;

/**
 * Whether `text` is a claims request that may be sent to the provider: a JSON object of at most
 * 2 KB whose members are objects. MSAL merges its own wishes into `id_token` and `access_token`
 * and breaks on anything else there.
 * @see OpenID Connect Core 1.0 section 5.5
 */
export function isClaimsRequest(text: string): boolean {
  if (text.length > maxClaimsLength) return false;
  try {
    const claims: unknown = JSON.parse(text);
    return isObject(claims) && Object.values(claims).every(isObject);
  } catch {
    return false;
  }
}
