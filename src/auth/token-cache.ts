import { isObject } from '../is-object';

/** The ID tokens in a serialized MSAL cache. */
export function idTokensIn(tokenCache: string): readonly string[] {
  return entriesOf(parse(tokenCache), 'IdToken').flatMap(([, entity]) =>
    isObject(entity) && typeof entity['secret'] === 'string' ? [entity['secret']] : [],
  );
}

/**
 * The cache without access tokens that expired before `now` (epoch seconds): MSAL keeps one for
 * each set of scopes ever asked for, and a session must stay within one table row.
 */
export function withoutExpiredAccessTokens(tokenCache: string, now: number): string {
  const cache = parse(tokenCache);
  const live = entriesOf(cache, 'AccessToken').filter(
    ([, entity]) => isObject(entity) && Number(entity['expires_on']) > now,
  );
  return JSON.stringify({ ...cache, AccessToken: Object.fromEntries(live) });
}

function parse(tokenCache: string): Record<string, unknown> {
  const cache: unknown = JSON.parse(tokenCache);
  return isObject(cache) ? cache : {};
}

function entriesOf(cache: Record<string, unknown>, section: string): [string, unknown][] {
  const entities = cache[section];
  return isObject(entities) ? Object.entries(entities) : [];
}
