import { decodeJwt, type JWTPayload } from 'jose';
import { AppError } from '../errors';
import { isObject, parseJson } from '../bodies';
import { guidForm, mixesDefault, oidcScopes } from '../setting-values';
import { type Clock, createShortMemory } from '../waiting';

type Section = Readonly<Record<string, unknown>>;

/** MSAL refreshes tokens this long before they expire: a token must outlive the call it is used for. */
const marginSeconds = 300;

/** Each page may ask for scopes of its own, but a session must fit into one row of the table. */
const maxAccessTokens = 20;

/**
 * The ID tokens in MSAL's serialized cache of one session: the tokens of one user and one client.
 *
 * MSAL finds an access token by what the answer said it is good for (`target`). What was asked for stands beside it, in a
 * member of our own that MSAL leaves alone: answers may name fewer scopes, in another form, and the next request must not
 * ask again for that.
 */
export function idTokensIn(tokenCache: string): readonly string[] {
  return Object.values(sectionOf(parse(tokenCache), 'IdToken')).flatMap((entity) =>
    isObject(entity) && typeof entity['secret'] === 'string' ? [entity['secret']] : [],
  );
}

/** What requests need of a token cache, read once. It has no refresh token, and of the ID tokens only claims. */
export interface OpenedTokens {
  readonly accessTokens: readonly AccessToken[];
  /** Of the newest ID token. It was verified when it came. Empty if there is none. */
  readonly claims: Readonly<JWTPayload>;
}

interface LiveToken {
  readonly secret: string;
  /** When it came, epoch seconds. */
  readonly cachedAt: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

interface AccessToken extends LiveToken {
  /** See {@link askedFor}. */
  readonly asked: readonly unknown[];
  /** By {@link normalScopes}. */
  readonly granted: ReadonlySet<string>;
}

/** @param tokenCache MSAL's serialized cache */
export function openTokens(tokenCache: string): OpenedTokens {
  const all = idTokensIn(tokenCache).map((token) => decodeJwt(token));
  const [claims = {}] = all.sort((one, other) => (other.iat ?? 0) - (one.iat ?? 0));
  return { accessTokens: readAccessTokens(tokenCache), claims };
}

function readAccessTokens(tokenCache: string): readonly AccessToken[] {
  return Object.values(accessTokensIn(tokenCache)).flatMap((entity) => {
    if (!isObject(entity)) return [];
    const { secret, target } = entity;
    if (typeof secret !== 'string' || secret === '' || typeof target !== 'string') return [];
    const granted = new Set(normalScopes(target.split(' ')));
    const expiresAt = Number(entity['expires_on']);
    return { secret, cachedAt: cachedAt(entity), expiresAt, asked: askedFor(entity), granted };
  });
}

/**
 * A live access token for `scopes`, `undefined` when it must be asked for: one that was given for just these scopes,
 * whatever the answer said, or one that is known to be good for them. Needs neither MSAL nor the provider.
 * @param now epoch seconds
 */
export function findLiveToken(
  { accessTokens }: Pick<OpenedTokens, 'accessTokens'>,
  scopes: readonly string[],
  now: number,
): LiveToken | undefined {
  const wanted = normalScopes(scopes);
  const asked = wanted.join(' ');
  const live = accessTokens.filter(({ expiresAt }) => expiresAt > now + marginSeconds);
  return (
    live.find((token) => token.asked.includes(asked)) ??
    live.findLast(({ granted }) => wanted.every((scope) => granted.has(scope)))
  );
}

/** An API that refuses every token would otherwise make the app ask the provider for a new one at each call. */
export const minAgeSeconds = 300;

/** True if a new token may be accepted in place of this one: an API has refused it, and it is some minutes old. */
export function isOutdated(
  token: LiveToken | undefined,
  refused: string | undefined,
  now: number,
): boolean {
  return token !== undefined && token.secret === refused && token.cachedAt + minAgeSeconds <= now;
}

/** As {@link findLiveToken}, in a cache that is not opened yet. */
export function findLiveAccessToken(
  tokenCache: string,
  scopes: readonly string[],
  now: number,
): string | undefined {
  return findLiveToken({ accessTokens: readAccessTokens(tokenCache) }, scopes, now)?.secret;
}

/**
 * The opened tokens of sessions that were in use lately, in the memory of one instance: their requests read the session's row
 * only. Whether a session lives, its row says at each request. So a session that was ended anywhere gets nothing out of here.
 *
 * A token is good until it expires, even if another instance has refreshed it since. Claims and roles follow the session's row.
 * Only the claims on a profile page may be as old as this memory.
 */
export interface TokenMemory {
  has(sessionKey: string, now: number): boolean;
  /** @param verifiedAt of the session, as its row has it now: what was opened before a revalidation counts no more */
  find(sessionKey: string, verifiedAt: number, now: number): OpenedTokens | undefined;
  keep(sessionKey: string, verifiedAt: number, opened: OpenedTokens, now: number): void;
}

/** Tokens and claims of a session take about 5 KB. */
const maxRemembered = 250;
const rememberedSeconds = 300;

export function createTokenMemory(clock: Clock): TokenMemory {
  const memory = createShortMemory<{ readonly verifiedAt: number; readonly opened: OpenedTokens }>(
    maxRemembered,
  );
  let timer: NodeJS.Timeout | undefined;
  // No token stays in an instance that nobody asks any more.
  const forgetLater = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (memory.forgetOld(clock()) > 0) forgetLater();
    }, rememberedSeconds * 1_000).unref();
  };
  return {
    has: (sessionKey, now) => memory.find(sessionKey, now) !== undefined,
    find: (sessionKey, verifiedAt, now) => {
      const found = memory.find(sessionKey, now);
      return found?.verifiedAt === verifiedAt ? found.opened : undefined;
    },
    keep: (sessionKey, verifiedAt, opened, now) => {
      memory.keep(sessionKey, { verifiedAt, opened }, now + rememberedSeconds, now);
      forgetLater();
    },
  };
}

interface Acquisition {
  /** The cache before. It is missing when a code was redeemed. */
  readonly before?: string;
  /** The cache as MSAL left it. */
  readonly after: string;
  /** What was asked for. */
  readonly scopes: readonly string[];
  /** Tokens that MSAL dropped stay dropped. */
  readonly isForced?: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * The cache to store after tokens were acquired. The new access token gets a note of what was asked for. MSAL drops each
 * access token that has a scope in common with the new one. A live one that was given for other scopes is put back, or
 * two pages with different scopes would ask for their tokens in turn, at each request. Expired ones are left out.
 */
export function keepAcquired({
  before = '{}',
  after,
  scopes,
  isForced = false,
  now,
}: Acquisition): string {
  const former = accessTokensIn(before);
  const fresh = accessTokensIn(after);
  const asked = normalScopes(scopes).join(' ');
  const known = new Set(Object.values(former).map(secretOf));
  const putBack = Object.entries(former).filter(
    ([key, entity]) => !isForced && !(key in fresh) && !askedFor(entity).includes(asked),
  );
  const noted = Object.entries(fresh).map(([key, entity]): [string, unknown] => {
    if (!isObject(entity) || known.has(secretOf(entity))) return [key, entity];
    // The new token is also good for what the former token under this key was asked for.
    return [key, { ...entity, asked_for: [...new Set([asked, ...askedFor(former[key])])] }];
  });
  const live = [...noted, ...putBack].filter(
    ([, entity]) => isObject(entity) && Number(entity['expires_on']) > now,
  );
  const kept = Object.entries(newestFirst(Object.fromEntries(live))).slice(0, maxAccessTokens);
  return JSON.stringify({ ...parse(after), AccessToken: Object.fromEntries(kept) });
}

/** In this order, the token of the last refresh is found before one that it replaces. */
function newestFirst(accessTokens: Section): Section {
  const entries = Object.entries(accessTokens);
  return Object.fromEntries(entries.sort(([, one], [, other]) => cachedAt(other) - cachedAt(one)));
}

/**
 * Makes one token cache out of two that instances wrote from the same start. Of each access token the later one stays.
 * Refresh token, ID token and account are one set, from the side with the later ID token: a mixed set would combine a
 * user's claims with another grant. When both are equal, `stored` counts, which costs no write.
 * @param ours what this instance would have written
 * @param stored what is in the table now
 */
export function mergeTokenCaches(ours: string, stored: string): string {
  const base = latestIssue(ours) > latestIssue(stored) ? ours : stored;
  const accessTokens: Record<string, unknown> = { ...accessTokensIn(stored) };
  for (const [key, entity] of Object.entries(accessTokensIn(ours))) {
    if (cachedAt(entity) > cachedAt(accessTokens[key])) accessTokens[key] = entity;
  }
  return JSON.stringify({ ...parse(base), AccessToken: newestFirst(accessTokens) });
}

/** `iat` of the newest ID token, epoch seconds. Both caches hold verified ones only. */
function latestIssue(tokenCache: string): number {
  return Math.max(0, ...idTokensIn(tokenCache).map((token) => decodeJwt(token).iat ?? 0));
}

function cachedAt(entity: unknown): number {
  return isObject(entity) ? Number(entity['cached_at'] ?? 0) : -1;
}

function secretOf(entity: unknown): unknown {
  return isObject(entity) ? entity['secret'] : undefined;
}

/** Each set of scopes that the token was asked for, as one text. Caches of earlier versions have none. */
function askedFor(entity: unknown): readonly unknown[] {
  const asked = isObject(entity) ? entity['asked_for'] : undefined;
  return Array.isArray(asked) ? asked : [];
}

function accessTokensIn(tokenCache: string): Section {
  return sectionOf(parse(tokenCache), 'AccessToken');
}

function sectionOf(cache: Section, name: string): Section {
  const section = cache[name];
  return isObject(section) ? section : {};
}

function parse(tokenCache: string): Section {
  const cache = parseJson(tokenCache);
  return isObject(cache) ? cache : {};
}

/**
 * Entra ID gives a token for one resource only, whatever was consented to, and refuses a token request that names scopes
 * of two with AADSTS28000. A scope is its resource, `/` and a name; a bare name belongs to Microsoft Graph.
 * https://learn.microsoft.com/entra/identity-platform/scopes-oidc
 */

/** Graph in each cloud, and by its application id. */
const graph =
  /^(https:\/\/(graph\.microsoft\.(com|us|de)|dod-graph\.microsoft\.us|microsoftgraph\.chinacloudapi\.cn)|00000003-0000-0000-c000-000000000000)$/;

/** Lower case, without a slash at its end; `''` is Graph. */
function resourceOf(scope: string): string {
  const lower = scope.toLowerCase();
  // Azure AD B2C takes the id of the app itself as a scope.
  if (guidForm.test(lower)) return lower;
  const resource = lower.slice(0, Math.max(lower.lastIndexOf('/'), 0)).replace(/\/+$/, '');
  return graph.test(resource) ? '' : resource;
}

/**
 * The scopes for which a sign-in asks consent. They may be of several APIs: the user consents to all of them at once, and the code is
 * redeemed for one. Azure AD B2C refuses scopes of several. `.default` stands alone: a step-up asks only for its own scopes then, and
 * a sign-in only for those of `GRAPH_SCOPES`.
 * @param consentScopes of the APIs for which each sign-in asks consent
 * @param more what a step-up asks for
 * @see https://learn.microsoft.com/entra/identity-platform/scenario-desktop-production#have-the-user-consent-upfront-for-several-resources
 */
export function scopesToConsent(
  graphScopes: readonly string[],
  consentScopes: readonly string[],
  more: readonly string[],
): readonly string[] {
  const all = [...new Set([...graphScopes, ...consentScopes, ...more])];
  if (all.length < 2 || !mixesDefault(all)) return all;
  return more.length > 0 ? more : graphScopes;
}

/**
 * The scopes that a code is redeemed for, and that a token is for unless others are named: those of `GRAPH_SCOPES` that
 * belong to Graph, or, without any, to the resource of the first.
 * @param more what a step-up asked for: scopes of the same resource come at once, the others by a refresh. If `.default` kept those
 *   of `GRAPH_SCOPES` out of the request, the code is for what was asked for
 */
export function scopesOfSignIn(
  graphScopes: readonly string[],
  more: readonly string[] = [],
): readonly string[] {
  if (more.length > 0 && mixesDefault([...graphScopes, ...more])) return more;
  const resources = new Set(graphScopes.map(resourceOf));
  const [first] = resources;
  const chosen = resources.has('') ? '' : first;
  const all = [...new Set([...graphScopes, ...more])];
  return all.filter((scope) => resourceOf(scope) === chosen);
}

/**
 * Refuses scopes that no single token can hold.
 * @throws ERR_INTERNAL: the caller must ask once for each resource
 */
export function requireOneResource(scopes: readonly string[]): void {
  const names = resourcesOf(scopes);
  if (names.length < 2) return;
  const note = `accessToken was asked for scopes of ${names.join(' and ')}: ask for each by itself, one token is for one resource`;
  throw new AppError('ERR_INTERNAL', { note });
}

/** The resources that scopes belong to, for people to read. */
export function resourcesOf(scopes: readonly string[]): readonly string[] {
  const ofApis = scopes.filter((scope) => !oidcScopes.includes(scope.toLowerCase()));
  const resources = [...new Set(ofApis.map(resourceOf))];
  return resources.map((resource) => (resource === '' ? 'Microsoft Graph' : resource));
}

/** True for the address of Microsoft Graph in any cloud. */
export function isGraph(resource: string): boolean {
  return graph.test(resource);
}

/** Equal for sets of scopes that mean the same, whatever their order, case and the form of Graph's scopes. */
export function normalScopes(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes.map(normalScope))]
    .filter((scope) => !oidcScopes.includes(scope))
    .sort();
}

function normalScope(scope: string): string {
  const name = scope.slice(scope.lastIndexOf('/') + 1).toLowerCase();
  return resourceOf(scope) === '' ? name : scope.toLowerCase();
}
