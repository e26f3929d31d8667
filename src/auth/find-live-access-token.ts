import { isObject } from '../is-object';

/** MSAL refreshes tokens this long before they expire: a token must outlive the call it is used for. */
const marginSeconds = 300;

/**
 * A live access token for `scopes` out of a serialized MSAL cache, `undefined` when it must be refreshed.
 * The cache holds one user's tokens of one client, so scopes and time are all there is to compare. Looking here first
 * spares a MSAL client object for each request, and works while the provider is out of reach.
 * @param now epoch seconds
 */
export function findLiveAccessToken(
  tokenCache: string,
  scopes: readonly string[],
  now: number,
): string | undefined {
  const cache: unknown = JSON.parse(tokenCache);
  const entries = isObject(cache) && isObject(cache['AccessToken']) ? cache['AccessToken'] : {};
  for (const entry of Object.values(entries)) {
    if (!isObject(entry)) continue;
    const { secret, target, expires_on: expiresOn } = entry;
    if (typeof secret !== 'string' || secret === '' || typeof target !== 'string') continue;
    const outlives = Number(expiresOn) > now + marginSeconds;
    if (!outlives) continue;
    const granted = new Set(target.toLowerCase().split(' '));
    if (scopes.every((scope) => granted.has(scope.toLowerCase()))) return secret;
  }
  return undefined;
}
