import { type CryptoKey, importJWK } from 'jose';
import { type FetchedAnswer, fetchWhole, isObject, parseJson } from '../bodies';
import { AppError } from '../errors';
import { isHttpLoopback } from '../proxy';
import { AskedToWaitError, type Clock, noLog, type OutgoingLog, readRetryAfter } from '../waiting';
import { couldIssue, isSharedAuthority } from './tenants';

// The two documents in which the provider describes itself: its metadata and its keys.

/**
 * The part of the provider's metadata that this app uses.
 * @see OpenID Connect Discovery 1.0 section 3, RP-Initiated Logout 1.0 section 2.1, RFC 9207 section 3
 */
export interface ProviderMetadata {
  /** With `{tenantid}` only if accounts of several tenants can sign in. */
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly keysUri: string;
  readonly endSessionEndpoint: string | undefined;
  /** The provider promises `iss` in every authorization response, so an answer without it is forged. */
  readonly sendsIssuer: boolean;
}

/** A signing key of the provider. */
export interface FoundKey {
  readonly key: CryptoKey;
  /** Whose tokens it may sign, if the key set says so. It may have `{tenantid}`. */
  readonly issuer: string | undefined;
}

export interface ProviderOptions {
  /** The address below which `/.well-known/openid-configuration` is; no trailing slash. */
  readonly authority: string;
  /**
   * What `issuer` in the metadata must equal, character by character. With a domain name in the settings it has
   * `{tenantid}`, and the metadata has the GUID of the tenant there.
   */
  readonly issuer: string;
  /** Sent as `appid` if the provider has signing keys for one app only. */
  readonly clientId: string;
  readonly clock: Clock;
  readonly log?: OutgoingLog;
}

type Trace = ReturnType<OutgoingLog['traceHeaders']>;

export type FetchDocument = (url: string) => Promise<unknown>;

/**
 * Sends a busy provider no request before the time that it named.
 * @param note gets the headers of each answer
 */
export function createPausingFetch(
  clock: Clock,
  note: (headers: Headers) => void,
  { traceHeaders, measure }: OutgoingLog = noLog,
): FetchDocument {
  let waitUntil = 0;
  return async (url) => {
    const left = waitUntil - clock();
    if (left > 0) throw askedToWait(left, 'the provider asked to wait before the next question');
    try {
      return await measure('provider', () => fetchDocument(url, note, traceHeaders()));
    } catch (error) {
      if (error instanceof AskedToWaitError) waitUntil = clock() + error.waitSeconds;
      throw error;
    }
  };
}

/** Hosts of Entra ID's clouds, the two older names of the public one among them. */
const entraHosts =
  /^login\.(microsoftonline\.(com|us|de)|microsoft\.com|windows\.net|partner\.microsoftonline\.cn|chinacloudapi\.cn|usgovcloudapi\.net|sovcloud-identity\.[a-z]{2})$/;

/**
 * Azure AD B2C has a policy in its path and External ID hosts of its own; they do not know the parameter. On loopback,
 * where the stand-ins are, the issuer of a workforce tenant is at its authority or in one of Entra ID's clouds. That of External ID
 * is at neither.
 */
export function isWorkforceTenant(authority: string, issuer: string): boolean {
  const url = new URL(authority);
  if (!/^\/[^/]+(\/v2\.0)?$/.test(url.pathname)) return false;
  if (entraHosts.test(url.hostname)) return true;
  const stated = URL.parse(issuer);
  const isOfEntra = stated?.origin === url.origin || entraHosts.test(stated?.hostname ?? '');
  return isHttpLoopback(url) && isOfEntra;
}

/** Two documents are fetched one after the other, within the ten seconds of a request. */
const timeoutMs = 4_000;
const maxBytes = 256 * 1024;

/**
 * A JSON document of the provider. No request's signal ends it, since several may wait for it.
 * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when the provider says there is no such document
 */
async function fetchDocument(
  url: string,
  note: (headers: Headers) => void,
  trace: Trace,
): Promise<unknown> {
  const { response, body } = await get(url, trace);
  const { status } = response;
  // An unknown tenant is a 400 at Entra ID, a wrong path a 404. Both stay until a setting changes.
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    throw mismatch(`the provider answered ${status} to GET ${url}`);
  }
  if (status !== 200) {
    const note = `the provider answered ${status} to GET ${url}`;
    const wait = readRetryAfter(response.headers);
    throw wait === undefined ? unavailable(note) : askedToWait(wait, note);
  }
  const document = parseJson(body);
  if (document === undefined) throw unavailable(`the provider's answer to GET ${url} is not JSON`);
  note(response.headers);
  return document;
}

async function get(url: string, trace: Trace): Promise<FetchedAnswer> {
  try {
    const headers = { accept: 'application/json', ...trace };
    return await fetchWhole(url, { headers, maxBytes }, AbortSignal.timeout(timeoutMs));
  } catch (cause) {
    throw unavailable(`no answer to GET ${url}`, cause);
  }
}

/**
 * Checks what the provider says about itself.
 * @throws ERR_PROVIDER_MISMATCH when it is another provider, or an endpoint is missing or unsafe
 */
export function parseProviderMetadata(
  document: unknown,
  { issuer, authority }: Pick<ProviderOptions, 'issuer' | 'authority'>,
): ProviderMetadata {
  const members = isObject(document) ? document : {};
  const isShared = isSharedAuthority(authority);
  const stated = statedIssuer(members['issuer'], { expected: issuer, isShared });
  if (stated === undefined) throw mismatch('issuer in the metadata differs from ENTRA_ISSUER');
  const allowsHttp = isHttpLoopback(new URL(authority));
  const endpoint = (name: string): string => {
    const value = members[name];
    if (!isSafeEndpoint(value, allowsHttp)) throw mismatch(`${name} is missing or unsafe`);
    return value;
  };
  return {
    issuer: stated,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    keysUri: endpoint('jwks_uri'),
    endSessionEndpoint:
      members['end_session_endpoint'] === undefined ? undefined : endpoint('end_session_endpoint'),
    sendsIssuer: members['authorization_response_iss_parameter_supported'] === true,
  };
}

/** @param allowsHttp the metadata itself came over http on loopback */
function isSafeEndpoint(value: unknown, allowsHttp: boolean): value is string {
  if (typeof value !== 'string' || !/^[!-~]{1,2048}$/.test(value)) return false;
  const url = URL.parse(value);
  if (url === null || url.username + url.password + url.hash !== '') return false;
  return url.protocol === 'https:' || (allowsHttp && isHttpLoopback(url));
}

export interface SigningKey extends FoundKey {
  readonly kid: string | undefined;
}

/** 2048 bits in base64url: shorter keys must not be used for RS256 (RFC 7518 section 3.3). */
const minModulusLength = 342;

/** It also limits how many keys one token can make us try. */
const maxKeys = 100;

/**
 * The provider's RSA signing keys, of which only the public members are read. A key that is listed twice, or under the
 * name of another key, is no fault: names should differ, but need not (RFC 7517 section 4.5).
 * @throws ERR_PROVIDER_MISMATCH when the document holds no RSA key that can be used
 */
export async function parseProviderKeys(document: unknown): Promise<readonly SigningKey[]> {
  const listed = isObject(document) && Array.isArray(document['keys']) ? document['keys'] : [];
  const keys = (await Promise.all(listed.slice(0, maxKeys).map(importSigningKey))).flat();
  if (keys.length === 0) throw mismatch('jwks_uri lists no RSA key that can be used');
  return keys;
}

/** Empty for a key of another kind or use, and for one that cannot be read. */
async function importSigningKey(jwk: unknown): Promise<readonly SigningKey[]> {
  if (!isObject(jwk)) return [];
  const { kty, n, e, kid, use, key_ops: uses, alg, issuer } = jwk;
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return [];
  if (n.length < minModulusLength) return [];
  // A key of an issuer that cannot be read may sign for nobody.
  if (issuer !== undefined && typeof issuer !== 'string') return [];
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return [];
  // RFC 7517 section 4.3. Both members may be there, and then both must allow it.
  if (uses !== undefined && !(Array.isArray(uses) && uses.includes('verify'))) return [];
  try {
    const key = await importJWK({ kty, n, e }, 'RS256');
    if (key instanceof Uint8Array) return [];
    return [{ kid: typeof kid === 'string' ? kid : undefined, key, issuer }];
  } catch {
    return [];
  }
}

function mismatch(note: string): AppError {
  return new AppError('ERR_PROVIDER_MISMATCH', { note });
}

export function unavailable(note: string, cause?: unknown): AppError {
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note, cause });
}

function askedToWait(seconds: number, note: string): AskedToWaitError {
  return new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', seconds, { note });
}

/**
 * The issuer that the provider's metadata states, if the settings allow it; `undefined` when it is another provider's.
 * @param expected `Settings.issuer`. With a domain name in the settings, only the metadata knows the GUID of the tenant
 * @param isShared true if accounts of several tenants can sign in
 */
function statedIssuer(
  stated: unknown,
  { expected, isShared }: { readonly expected: string; readonly isShared: boolean },
): string | undefined {
  if (typeof stated !== 'string') return undefined;
  // The template of all tenants must never stand for the one tenant of a domain name: it has no GUID.
  const fits = isShared ? stated === expected : couldIssue(expected, stated);
  return fits ? stated : undefined;
}
