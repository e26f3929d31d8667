import { type CryptoKey, importJWK } from 'jose';
import { AppError } from '../errors';
import type { TraceHeaders } from '../events';
import { type FetchedAnswer, fetchWhole, isObject, parseJson } from '../bodies';
import { isHttpLoopback } from '../proxy';
import {
  abortable,
  AskedToWaitError,
  type Clock,
  createSingleFlight,
  readRetryAfter,
} from '../waiting';
import { isSharedAuthority, statedIssuer } from './tenants';

/** What an instance knows of the provider, shared by all requests. */
export interface Provider {
  /**
   * The checked metadata, fetched when first needed and once a day.
   * @throws ERR_PROVIDER_UNAVAILABLE, or ERR_PROVIDER_MISMATCH when it is another provider
   */
  metadata(signal: AbortSignal): Promise<ProviderMetadata>;
  /**
   * The keys that may have signed a token with this header; empty when there is none. For an unknown `kid` the keys are
   * fetched again at once, at most once a minute: providers change keys without notice.
   * @throws ERR_PROVIDER_UNAVAILABLE when the key may exist but cannot be looked up
   */
  findKeys(header: KeyHeader, signal: AbortSignal): Promise<readonly FoundKey[]>;
  /** The provider's time, by its answers. */
  readonly time: ProviderTime;
  /**
   * Compares our clock with the provider's. It asks the provider only when nothing is known yet, and once a minute while
   * the clocks differ.
   * @throws ERR_CLOCK when they differ by more than two minutes
   */
  checkClock(signal: AbortSignal): Promise<void>;
}

/** A signing key of the provider. */
interface FoundKey {
  readonly key: CryptoKey;
  /** Whose tokens it may sign, where the key set says so. It may have `{tenantid}`. */
  readonly issuer: string | undefined;
}

/**
 * The part of the provider's metadata that this app uses.
 * @see OpenID Connect Discovery 1.0 section 3, RP-Initiated Logout 1.0 section 2.1, RFC 9207 section 3
 */
export interface ProviderMetadata {
  /** With `{tenantid}` only where accounts of several tenants can sign in. */
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly keysUri: string;
  readonly endSessionEndpoint: string | undefined;
  /** The provider promises `iss` in every authorization response, so an answer without it is forged. */
  readonly sendsIssuer: boolean;
}

/** The header of a JWT, as far as it chooses the key. */
interface KeyHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
}

interface ProviderOptions {
  /** Under which `/.well-known/openid-configuration` stands; no trailing slash. */
  readonly authority: string;
  /**
   * What `issuer` in the metadata must equal, character by character. With a domain name in the settings it has
   * `{tenantid}`, and the metadata has the GUID of the tenant there.
   */
  readonly issuer: string;
  /** Sent as `appid` where the provider has signing keys for one app only. */
  readonly clientId: string;
  readonly clock: Clock;
  readonly traceHeaders?: TraceHeaders;
}

interface Known {
  readonly metadata: ProviderMetadata;
  readonly keys: readonly SigningKey[];
  readonly fetchedAt: number;
}

const keptSeconds = 86_400;
const retrySeconds = 60;

/** A provider that fetches nothing until it is asked. */
export function createProvider(options: ProviderOptions): Provider {
  const { clock } = options;
  const time = createProviderTime(clock);
  const fetchJson = createPausingFetch(clock, time, options.traceHeaders);
  const flight = createSingleFlight<Known>('ERR_PROVIDER_UNAVAILABLE');
  let known: Known | undefined;
  /** After a failed renewal the last good set serves until then, or each request would wait in vain. */
  let renewAt = 0;
  let keysFetchAt = 0;
  let keysFetchFailed = false;

  async function fetchAll(): Promise<Known> {
    try {
      // A domain name could be moved to another tenant. That tenant's people must not come in by themselves.
      const issuer = known?.metadata.issuer ?? options.issuer;
      known = await fetchKnown({ ...options, issuer }, fetchJson);
    } catch (error) {
      renewAt = clock() + retrySeconds;
      throw error;
    }
    return known;
  }

  async function fetchKeys(last: Known): Promise<Known> {
    keysFetchAt = clock() + retrySeconds;
    keysFetchFailed = true;
    const keys = await parseProviderKeys(await fetchJson(last.metadata.keysUri));
    keysFetchFailed = false;
    known = { ...(known ?? last), keys };
    return known;
  }

  async function current(signal: AbortSignal): Promise<Known> {
    const last = known;
    if (last === undefined) return flight.run('all', fetchAll, signal);
    if (clock() < Math.max(last.fetchedAt + keptSeconds, renewAt)) return last;
    return flight.run('all', fetchAll, signal).catch(() => last);
  }

  async function findKeys(header: KeyHeader, signal: AbortSignal): Promise<readonly FoundKey[]> {
    const last = await current(signal);
    const found = keysFor(header, last.keys);
    if (found.length > 0 || header.kid === undefined) return found;
    if (flight.isRunning('keys') || clock() >= keysFetchAt) {
      const newest = await flight.run('keys', () => fetchKeys(last), signal);
      return keysFor(header, newest.keys);
    }
    if (keysFetchFailed) throw unavailable('the keys could not be fetched');
    return keysFor(header, (known ?? last).keys);
  }

  const checkClock = createClockCheck(time, current, () => fetchJson(metadataUrl(options)));
  const metadata: Provider['metadata'] = async (signal) => (await current(signal)).metadata;
  return { metadata, findKeys, time, checkClock };
}

/** The provider's clock beside ours, by its last answer. One for each instance. It sends no request. */
interface ProviderTime {
  /** Takes the time out of the headers of an answer that came just now. Headers without a usable time change nothing. */
  note(headers: Headers): void;
  /** True when the clocks differed a minute ago or longer: somebody may have set ours right since. */
  isWorthAsking(): boolean;
  /** @throws ERR_CLOCK when the clocks differed by more than two minutes at the last answer */
  check(): void;
}

/** ID tokens are refused from one minute on. The rest is for answers that take long, and for whole seconds. */
const maxDifferenceSeconds = 120;
const askAgainSeconds = 60;

function createProviderTime(clock: Clock): ProviderTime {
  let last: { readonly ahead: number; readonly at: number } | undefined;
  const isWrong = (): boolean => last !== undefined && Math.abs(last.ahead) > maxDifferenceSeconds;
  return {
    note: (headers) => {
      const theirs = readDate(headers);
      if (theirs !== undefined) last = { ahead: clock() - theirs, at: clock() };
    },
    // A clock that is set right may go back, behind the time of the answer.
    isWorthAsking: () => isWrong() && Math.abs(clock() - (last?.at ?? 0)) >= askAgainSeconds,
    check: () => {
      if (last === undefined || !isWrong()) return;
      const { ahead } = last;
      const where = ahead > 0 ? 'ahead of' : 'behind';
      const note = `this machine's clock is ${Math.abs(ahead)} seconds ${where} the provider's`;
      throw new AppError('ERR_CLOCK', { note });
    },
  };
}

/** The one form in which servers write a date (RFC 9110 section 5.6.7). */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Epoch seconds; `undefined` for an answer that a cache kept (RFC 9111 section 5.1), since its `Date` is of the past.
 * @see RFC 9110 section 6.6.1
 */
function readDate(headers: Headers): number | undefined {
  const date = headers.get('date') ?? '';
  if (headers.has('age') || !httpDate.test(date)) return undefined;
  const seconds = Date.parse(date) / 1000;
  return Number.isNaN(seconds) ? undefined : seconds;
}

/** @param current waits for what is known of the provider, and fetches it if nothing is */
function createClockCheck(
  time: ProviderTime,
  current: (signal: AbortSignal) => Promise<unknown>,
  ask: () => Promise<unknown>,
): Provider['checkClock'] {
  return async (signal) => {
    // Without metadata there may be no answer to compare with. That is another fault, and not one of the clock.
    await current(signal).catch(() => undefined);
    if (time.isWorthAsking()) {
      // Without a new answer the last one counts.
      await abortable(ask(), 'ERR_PROVIDER_UNAVAILABLE', signal).catch(() => undefined);
    }
    time.check();
  };
}

type FetchDocument = (url: string) => Promise<unknown>;

/** Sends a busy provider no request before the time that it named. */
function createPausingFetch(
  clock: Clock,
  time: ProviderTime,
  traceHeaders: TraceHeaders = () => ({}),
): FetchDocument {
  let waitUntil = 0;
  return async (url) => {
    const left = waitUntil - clock();
    if (left > 0) throw askedToWait(left, 'the provider asked to wait before the next question');
    try {
      return await fetchDocument(url, time, traceHeaders());
    } catch (error) {
      if (error instanceof AskedToWaitError) waitUntil = clock() + error.waitSeconds;
      throw error;
    }
  };
}

async function fetchKnown(options: ProviderOptions, fetchJson: FetchDocument): Promise<Known> {
  const metadata = parseProviderMetadata(await fetchJson(metadataUrl(options)), options);
  const keys = await parseProviderKeys(await fetchJson(metadata.keysUri));
  return { metadata, keys, fetchedAt: options.clock() };
}

/**
 * Entra ID signs ID tokens with a key of the app where the app has a claims-mapping policy or a signing certificate. It
 * lists that key only in the answer to a request that names the app.
 * https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature
 */
function metadataUrl({ authority, issuer, clientId }: ProviderOptions): string {
  const url = `${authority}/.well-known/openid-configuration`;
  return isWorkforceTenant(authority, issuer) ? `${url}?appid=${clientId}` : url;
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
  time: ProviderTime,
  trace: ReturnType<TraceHeaders>,
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
  time.note(response.headers);
  return document;
}

async function get(url: string, trace: ReturnType<TraceHeaders>): Promise<FetchedAnswer> {
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
function parseProviderMetadata(
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
  if (typeof value !== 'string' || value.length > 2048) return false;
  const url = URL.parse(value);
  if (url === null || url.username + url.password + url.hash !== '') return false;
  return url.protocol === 'https:' || (allowsHttp && isHttpLoopback(url));
}

interface SigningKey extends FoundKey {
  readonly kid: string | undefined;
}

/** Each key that has the token's `kid`; without a `kid`, all of them. */
function keysFor({ alg, kid }: KeyHeader, keys: readonly SigningKey[]): readonly FoundKey[] {
  if (alg !== 'RS256') return [];
  return keys.filter((one) => kid === undefined || one.kid === kid);
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
async function parseProviderKeys(document: unknown): Promise<readonly SigningKey[]> {
  const listed = isObject(document) && Array.isArray(document['keys']) ? document['keys'] : [];
  const keys = (await Promise.all(listed.slice(0, maxKeys).map(importSigningKey))).flat();
  if (keys.length === 0) throw mismatch('jwks_uri lists no RSA key that can be used');
  return keys;
}

/** Empty for a key of another kind or use, and for one that cannot be read. */
async function importSigningKey(jwk: unknown): Promise<readonly SigningKey[]> {
  if (!isObject(jwk)) return [];
  const { kty, n, e, kid, use, alg, issuer } = jwk;
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return [];
  if (n.length < minModulusLength) return [];
  // A key of an issuer that cannot be read may sign for nobody.
  if (issuer !== undefined && typeof issuer !== 'string') return [];
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return [];
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

function unavailable(note: string, cause?: unknown): AppError {
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note, cause });
}

function askedToWait(seconds: number, note: string): AskedToWaitError {
  return new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', seconds, { note });
}
