import { decodeJwt } from 'jose';
import { isObject } from '../is-object';
import { idTokensIn } from './token-cache';

type Section = Record<string, unknown>;

/**
 * One token cache out of two that instances wrote from the same start. Of each access token the one cached later stays.
 * Refresh token, ID token and account go together and come as one set from the side with the later ID token: mixed
 * sets would pair a user's claims with another grant. At a tie `stored` wins, which costs no write.
 * @param ours what this instance would have written
 * @param stored what is in the table now
 */
export function mergeTokenCaches(ours: string, stored: string): string {
  const mine = parse(ours);
  const theirs = parse(stored);
  const base = latestIssue(ours) > latestIssue(stored) ? mine : theirs;
  const accessTokens = { ...sectionOf(theirs) };
  for (const [key, token] of Object.entries(sectionOf(mine))) {
    if (cachedAt(token) > cachedAt(accessTokens[key])) accessTokens[key] = token;
  }
  return JSON.stringify({ ...base, AccessToken: accessTokens });
}

/** `iat` of the newest ID token, epoch seconds. Both caches hold verified ones only. */
function latestIssue(tokenCache: string): number {
  return Math.max(0, ...idTokensIn(tokenCache).map((token) => decodeJwt(token).iat ?? 0));
}

function cachedAt(token: unknown): number {
  return isObject(token) ? Number(token['cached_at'] ?? 0) : -1;
}

function sectionOf(cache: Section): Section {
  return isObject(cache['AccessToken']) ? cache['AccessToken'] : {};
}

function parse(tokenCache: string): Section {
  const cache: unknown = JSON.parse(tokenCache);
  return isObject(cache) ? cache : {};
}
