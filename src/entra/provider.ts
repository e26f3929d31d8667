import { type CryptoKey, importJWK } from 'jose';
import { AppError } from '../errors';
import { isObject, readBounded } from '../json';
import { isLoopback } from '../proxy';
import { AskedToWaitError, type Clock, readRetryAfter, shareRun } from '../waiting';

/** The provider, as far as one instance needs to know it. Shared by all requests. */
export interface Provider {
  /**
   * The checked metadata, fetched when first needed and once a day.
   * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when it is another provider
   */
  metadata(signal: AbortSignal): Promise<ProviderMetadata>;
  /**
   * The keys that may have signed a token with this header, empty when there is none. For an unknown
   * `kid` the keys are fetched again at once, at most once a minute: providers change keys without notice.
   * @throws ERR_PROVIDER_UNAVAILABLE when the key may exist but cannot be looked up
   */
  findKeys(header: KeyHeader, signal: AbortSignal): Promise<readonly CryptoKey[]>;
}

interface ProviderAddress {
  /** Under which `/.well-known/openid-configuration` stands; no trailing slash. */
  readonly authority: string;
  /** What `issuer` in the metadata must equal, exactly. */
  readonly issuer: string;
  /** Sent as `appid` where the provider has signing keys for one app only. */
  readonly clientId: string;
  readonly clock: Clock;
}

interface Known {
  readonly metadata: ProviderMetadata;
  readonly selectKeys: SelectKeys;
  readonly fetchedAt: number;
}

const keptSeconds = 86_400;
const retrySeconds = 60;

/** A provider that fetches nothing until it is asked. */
export function createProvider(address: ProviderAddress): Provider {
  const { clock } = address;
  const fetchUnlessPaused = createPausingFetch(clock);
  let known: Known | undefined;
  /** After a failed renewal the last good set serves until then, or each request would wait in vain. */
  let renewAt = 0;
  let keysFetchAt = 0;
  let keysFetchFailed = false;
  const fetchAll = shareRun(async () => {
    try {
      known = await fetchKnown(address, fetchUnlessPaused);
    } catch (error) {
      renewAt = clock() + retrySeconds;
      throw error;
    }
    return known;
  }, 'ERR_PROVIDER_UNAVAILABLE');

  const fetchKeys = shareRun(async () => {
    if (known === undefined) return;
    keysFetchAt = clock() + retrySeconds;
    keysFetchFailed = true;
    const selectKeys = parseProviderKeys(await fetchUnlessPaused(known.metadata.keysUri));
    keysFetchFailed = false;
    known = { ...known, selectKeys };
  }, 'ERR_PROVIDER_UNAVAILABLE');

  async function current(signal: AbortSignal): Promise<Known> {
    const last = known;
    if (last === undefined) return fetchAll.run(signal);
    if (clock() < Math.max(last.fetchedAt + keptSeconds, renewAt)) return last;
    return fetchAll.run(signal).catch(() => last);
  }

  async function findKeys(header: KeyHeader, signal: AbortSignal): Promise<readonly CryptoKey[]> {
    const { selectKeys } = await current(signal);
    const keys = await selectKeys(header);
    if (keys.length > 0 || header.kid === undefined) return keys;
    if (fetchKeys.isRunning() || clock() >= keysFetchAt) {
      await fetchKeys.run(signal);
    } else if (keysFetchFailed) {
      throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the keys could not be fetched' });
    }
    return (known?.selectKeys ?? selectKeys)(header);
  }

  return { metadata: async (signal) => (await current(signal)).metadata, findKeys };
}

type FetchDocument = (url: string) => Promise<unknown>;

/** Sends a busy provider no request before the time that it named. */
function createPausingFetch(clock: Clock): FetchDocument {
  let waitUntil = 0;
  return async (url) => {
    const left = waitUntil - clock();
    if (left > 0) throw askedToWait(left, 'the provider asked to wait before the next question');
    try {
      return await fetchDocument(url);
    } catch (error) {
      if (error instanceof AskedToWaitError) waitUntil = clock() + error.waitSeconds;
      throw error;
    }
  };
}

async function fetchKnown(address: ProviderAddress, fetchJson: FetchDocument): Promise<Known> {
  const { authority, issuer, clock } = address;
  const document = await fetchJson(metadataUrl(address));
  const metadata = parseProviderMetadata(document, { issuer, authority });
  const selectKeys = parseProviderKeys(await fetchJson(metadata.keysUri));
  return { metadata, selectKeys, fetchedAt: clock() };
}

/**
 * Entra ID signs ID tokens with a key of the app where the app has a claims-mapping policy or a signing certificate. It
 * lists that key only in the answer to a request that names the app.
 * https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature
 */
function metadataUrl({ authority, issuer, clientId }: ProviderAddress): string {
  const url = `${authority}/.well-known/openid-configuration`;
  return isWorkforceTenant(authority, issuer) ? `${url}?appid=${clientId}` : url;
}

/** Hosts of Entra ID's clouds, the two older names of the public one among them. */
const entraHosts =
  /^login\.(microsoftonline\.(com|us|de)|microsoft\.com|windows\.net|partner\.microsoftonline\.cn|chinacloudapi\.cn|usgovcloudapi\.net|sovcloud-identity\.[a-z]{2})$/;

/**
 * Azure AD B2C has a policy in its path and External ID hosts of its own; they do not know the parameter. On loopback,
 * where the stand-ins are, the issuer of a workforce tenant is its authority, and that of External ID is not.
 */
function isWorkforceTenant(authority: string, issuer: string): boolean {
  const { hostname, pathname } = new URL(authority);
  if (!/^\/[^/]+(\/v2\.0)?$/.test(pathname)) return false;
  return entraHosts.test(hostname) || (isHttpLoopback(authority) && issuer === authority);
}

/** Two documents are fetched in a row, within the ten seconds a request has. */
const timeoutMilliseconds = 4_000;
const maxBytes = 256 * 1024;

/**
 * A JSON document of the provider. Not tied to any request, since several may wait for it.
 * Redirects are not followed: they would let another host speak for the provider.
 * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when the provider says there is no such document
 */
async function fetchDocument(url: string): Promise<unknown> {
  const { response, body } = await get(url);
  const { status } = response;
  // An unknown tenant is a 400 at Entra ID, a wrong path a 404. Both stay until a setting changes.
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    throw new AppError('ERR_PROVIDER_MISMATCH', {
      note: `the provider answered ${status} to GET ${url}`,
    });
  }
  if (status !== 200) {
    const note = `the provider answered ${status} to GET ${url}`;
    const wait = readRetryAfter(response.headers);
    throw wait === undefined ? unavailable(note) : askedToWait(wait, note);
  }
  try {
    const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return document;
  } catch (cause) {
    throw unavailable(`the provider's answer to GET ${url} is not JSON`, cause);
  }
}

async function get(url: string): Promise<{ response: Response; body: Uint8Array }> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    return { response, body: await readBounded(response, maxBytes) };
  } catch (cause) {
    throw unavailable(`no answer to GET ${url}`, cause);
  }
}

function unavailable(note: string, cause?: unknown): AppError {
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note, cause });
}

function askedToWait(seconds: number, note: string): AskedToWaitError {
  return new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', seconds, { note });
}

/**
 * The part of the provider's metadata that this app uses.
 * @see OpenID Connect Discovery 1.0 section 3, RP-Initiated Logout 1.0 section 2.1, RFC 9207 section 3
 */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly keysUri: string;
  readonly endSessionEndpoint: string | undefined;
  /** The provider promises `iss` in every authorization response, so an answer without it is forged. */
  readonly sendsIssuer: boolean;
}

interface Expected {
  /** What `issuer` must equal, character by character. */
  readonly issuer: string;
  /** Where the metadata came from: http endpoints are taken from http loopback only. */
  readonly authority: string;
}

/**
 * Checks what the provider says about itself.
 * @throws ERR_PROVIDER_MISMATCH when it is another provider, or an endpoint is missing or unsafe
 */
export function parseProviderMetadata(document: unknown, expected: Expected): ProviderMetadata {
  const members = isObject(document) ? document : {};
  if (members['issuer'] !== expected.issuer) {
    throw mismatch('issuer in the metadata differs from ENTRA_ISSUER');
  }
  const allowsHttp = isHttpLoopback(expected.authority);
  const endpoint = (name: string): string => {
    const value = members[name];
    if (!isSafeEndpoint(value, allowsHttp)) throw mismatch(`${name} is missing or unsafe`);
    return value;
  };
  return {
    issuer: expected.issuer,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    keysUri: endpoint('jwks_uri'),
    endSessionEndpoint:
      members['end_session_endpoint'] === undefined ? undefined : endpoint('end_session_endpoint'),
    sendsIssuer: members['authorization_response_iss_parameter_supported'] === true,
  };
}

function isSafeEndpoint(value: unknown, allowsHttp: boolean): value is string {
  if (typeof value !== 'string' || value.length > 2048 || !URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (allowsHttp && isHttpLoopback(value));
}

/** True for `http:` on this very machine, where no one can listen in. */
export function isHttpLoopback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'http:' && isLoopback(url.hostname);
}

function mismatch(note: string): AppError {
  return new AppError('ERR_PROVIDER_MISMATCH', { note });
}

/** The header of a JWT, as far as it chooses the key. */
export interface KeyHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/**
 * The keys that may have signed a token with this header: each one that has its `kid`; without a `kid`, all of them.
 * Empty when there is none.
 */
export type SelectKeys = (header: KeyHeader) => Promise<readonly CryptoKey[]>;

/** 2048 bits in base64url: shorter keys must not be used for RS256 (RFC 7518 section 3.3). */
const shortestModulus = 342;

/** It also limits how many keys one token can make us try. */
const maxKeys = 100;

/**
 * The provider's RSA signing keys. Only their public members are kept. A key that is listed twice, or under one name with
 * another key, is no fault: names should differ, but need not (RFC 7517 section 4.5).
 * @throws ERR_PROVIDER_MISMATCH when the document holds no RSA key
 */
export function parseProviderKeys(document: unknown): SelectKeys {
  const listed = isObject(document) && Array.isArray(document['keys']) ? document['keys'] : [];
  const keys = listed.slice(0, maxKeys).flatMap(publicRsaKey);
  if (keys.length === 0) {
    throw new AppError('ERR_PROVIDER_MISMATCH', { note: 'jwks_uri lists no RSA key' });
  }
  const imported = new Map<PublicRsaKey, Promise<CryptoKey[]>>();
  const imports = (key: PublicRsaKey): Promise<CryptoKey[]> => {
    const importing = imported.get(key) ?? importKey(key);
    imported.set(key, importing);
    return importing;
  };
  return async ({ alg, kid }) => {
    if (alg !== 'RS256') return [];
    const named = keys.filter((key) => kid === undefined || key.kid === kid);
    return (await Promise.all(named.map(imports))).flat();
  };
}

interface PublicRsaKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid?: string;
}

function publicRsaKey(key: unknown): PublicRsaKey[] {
  if (!isObject(key)) return [];
  const { kty, n, e, kid, use, alg } = key;
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return [];
  if (n.length < shortestModulus) return [];
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return [];
  return [{ kty, n, e, ...(typeof kid === 'string' ? { kid } : {}) }];
}

/** A key that cannot be read counts as absent, and so does a key of another kind. */
async function importKey({ kty, n, e }: PublicRsaKey): Promise<CryptoKey[]> {
  try {
    const key = await importJWK({ kty, n, e }, 'RS256');
    return key instanceof Uint8Array ? [] : [key];
  } catch {
    return [];
  }
}
