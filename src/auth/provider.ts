import type { CryptoKey } from 'jose';
import type { Clock } from '../clock';
import { AppError } from '../errors';
import { readBounded } from '../read-bounded';
import { AskedToWaitError, readRetryAfter } from '../retry-after';
import { shareRun } from '../share-run';
import { parseProviderKeys, type KeyHeader, type SelectKeys } from './provider-keys';
import { isHttpLoopback, parseProviderMetadata, type ProviderMetadata } from './provider-metadata';

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
  const fetchPatiently = createPatientFetch(clock);
  let known: Known | undefined;
  /** After a failed renewal the last good set serves until then, or each request would wait in vain. */
  let renewAt = 0;
  let keysFetchAt = 0;
  let keysFetchFailed = false;
  const fetchAll = shareRun(async () => {
    try {
      known = await fetchKnown(address, fetchPatiently);
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
    const selectKeys = parseProviderKeys(await fetchPatiently(known.metadata.keysUri));
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
function createPatientFetch(clock: Clock): FetchDocument {
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
