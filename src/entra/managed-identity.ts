import { setTimeout as sleep } from 'node:timers/promises';
import type {
  INetworkModule,
  ManagedIdentityApplication,
  NetworkRequestOptions,
  NetworkResponse,
} from '@azure/msal-node';
import type { ErrorCode } from '../error-facts';
import { AppError } from '../errors';
import { fetchWhole, isObject, parseJson } from '../bodies';
import type { KeyVaultAccess } from '../keys/wrapping';
import { vaultHosts } from '../setting-values';
import type { TableCredential } from '../storage/table-client';
import { type Clock, createSingleFlight } from '../waiting';
import { loadMsal } from './msal';

/** An access token of the app. */
interface IdentityToken {
  readonly token: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** The app's managed identity: tokens without any secret, from the platform. */
export interface ManagedIdentity {
  /**
   * A token for `resource` that lives for some minutes at least. It is kept in memory. Callers that need a new one at the
   * same time share the request.
   * @param resource such as `https://storage.azure.com`, without `/.default`
   * @throws ERR_PROVIDER_UNAVAILABLE
   */
  token(resource: string, signal: AbortSignal): Promise<IdentityToken>;
}

interface KeptToken extends IdentityToken {
  readonly askAgainAt: number;
}

/** MSAL knows when a token must be renewed. It is asked once a minute only: asking takes time. */
const askAgainSeconds = 60;
/** A token that cannot be renewed is used until so many seconds before its end. */
const lastSeconds = 30;

/**
 * A user-assigned managed identity through MSAL, which finds the platform's endpoint by IDENTITY_ENDPOINT and
 * IDENTITY_HEADER (App Service, Functions). MSAL keeps endpoint, network client and tokens in static members: two apps in
 * one process share them, and the first one decides for both. They are also the platform's: one process has one endpoint.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function createManagedIdentity(parts: {
  /** The identity's client id, a GUID. */
  readonly clientId: string;
  readonly clock: Clock;
}): ManagedIdentity {
  const { clientId, clock } = parts;
  // Made when first needed: most local set-ups have no managed identity.
  let msal: Promise<ManagedIdentityApplication> | undefined;
  const kept = new Map<string, KeptToken>();
  const flight = createSingleFlight<IdentityToken>('ERR_PROVIDER_UNAVAILABLE');

  async function ask(resource: string): Promise<KeptToken> {
    const askAgainAt = clock() + askAgainSeconds;
    const former = kept.get(resource);
    try {
      msal ??= createApplication(clientId);
      const fresh = { ...(await acquire(await msal, resource, clock())), askAgainAt };
      kept.set(resource, fresh);
      return fresh;
    } catch (error) {
      if (former === undefined || clock() >= former.expiresAt - lastSeconds) throw error;
      const spared = { ...former, askAgainAt };
      kept.set(resource, spared);
      return spared;
    }
  }

  return {
    token: async (resource, signal) => {
      const known = kept.get(resource);
      const now = clock();
      if (known && now < known.askAgainAt && now < known.expiresAt - lastSeconds) return known;
      return flight.run(resource, () => ask(resource), signal);
    },
  };
}

/** A token of the app serves many requests, so no request's deadline may end the work for it. */
const tokenMs = 6_000;

/** What `@azure/data-tables` asks for its tokens. */
export function tableCredential(identity: ManagedIdentity): TableCredential {
  return {
    getToken: async () => {
      const signal = AbortSignal.timeout(tokenMs);
      const given = identity.token(storageResource, signal);
      const { token, expiresAt } = await failAs('ERR_STORAGE_UNAVAILABLE', given);
      return { token, expiresOnTimestamp: expiresAt * 1000 };
    },
  };
}

/** The key in the vault, by tokens of the managed identity. */
export function keyVaultAccess(identity: ManagedIdentity, keyId: string): KeyVaultAccess {
  const resource = vaultResource(keyId);
  return {
    keyId,
    token: async (signal) =>
      (await failAs('ERR_KEYS_UNAVAILABLE', identity.token(resource, signal))).token,
  };
}

/** The managed identity's token, by which the app proves itself to the provider (a federated credential). */
export function clientAssertion(
  identity: ManagedIdentity,
  authority: string,
): (signal: AbortSignal) => Promise<string> {
  const resource = tokenExchangeResource(authority);
  return async (signal) => (await identity.token(resource, signal)).token;
}

/** Without the token the caller cannot reach something, and knows what that is. */
async function failAs<T>(code: ErrorCode, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError(code, { note: 'the managed identity got no token', cause });
  }
}

/**
 * What tokens for Table Storage are for, in every cloud.
 * https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory
 */
const storageResource = 'https://storage.azure.com';

/** What tokens for a vault are for: its host without its own name. */
function vaultResource(keyId: string): string {
  const host = vaultHosts.exec(URL.parse(keyId)?.hostname ?? '')?.[1];
  return `https://${host ?? 'vault.azure.net'}`;
}

/**
 * The audience of a managed identity's token that serves as a client assertion.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export function tokenExchangeResource(authority: string): string {
  const host = URL.parse(authority)?.hostname ?? '';
  if (host.endsWith('.microsoftonline.us')) return 'api://AzureADTokenExchangeUSGov';
  if (host.endsWith('.microsoftonline.cn') || host.endsWith('.chinacloudapi.cn')) {
    return 'api://AzureADTokenExchangeChina';
  }
  return 'api://AzureADTokenExchange';
}

async function createApplication(clientId: string): Promise<ManagedIdentityApplication> {
  const library = await loadMsal();
  return new library.ManagedIdentityApplication({
    managedIdentityIdParams: { userAssignedClientId: clientId },
    system: {
      networkClient: createIdentityNetworkClient(),
      // MSAL would go on for longer than any request of ours can wait.
      disableInternalRetries: true,
      loggerOptions: {
        loggerCallback: () => undefined,
        piiLoggingEnabled: false,
        logLevel: library.LogLevel.Error,
      },
    },
  });
}

async function acquire(
  msal: ManagedIdentityApplication,
  resource: string,
  now: number,
): Promise<IdentityToken> {
  try {
    const { accessToken, expiresOn } = await msal.acquireToken({ resource });
    const expiresAt = Math.floor((expiresOn?.getTime() ?? 0) / 1000);
    // For MSAL, a token whose end is missing or cannot be read ends in this second. It is good for one call.
    if (!(expiresAt >= Math.floor(now))) {
      throw new Error('the answer holds no token that is good now');
    }
    return { token: accessToken, expiresAt };
  } catch (cause) {
    const note = `the managed identity got no token for ${resource}`;
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note, cause });
  }
}

const maxBytes = 64 * 1024;
/** Two tries and a pause end well before a request's deadline. */
const tryMs = 2_000;
const pauseMs = 250;

/**
 * Lets MSAL send a GET to the platform's identity endpoint, which is on the same machine. After a refused connection or a
 * busy answer it tries once more: both happen while an instance starts.
 */
function createIdentityNetworkClient(): INetworkModule {
  return {
    sendGetRequestAsync: async <T>(url: string, options?: NetworkRequestOptions) => {
      const headers = options?.headers ?? {};
      const first = await get<T>(url, headers).catch(() => undefined);
      if (first !== undefined && first.status < 500 && first.status !== 429) return first;
      await sleep(pauseMs);
      return get<T>(url, headers);
    },
    sendPostRequestAsync: () =>
      Promise.reject(new AppError('ERR_INTERNAL', { note: 'MSAL tried to send a POST request' })),
  };
}

async function get<T>(url: string, headers: Record<string, string>): Promise<NetworkResponse<T>> {
  const signal = AbortSignal.timeout(tryMs);
  const { response, body: bytes } = await fetchWhole(url, { headers, maxBytes }, signal);
  const json = parseJson(bytes);
  // MSAL reads `access_token` and `error` of whatever it gets.
  const isAnswer = isObject(json) && (response.status !== 200 || isToken(json['access_token']));
  const body = isAnswer ? json : { error: 'no_token' };
  return {
    headers: Object.fromEntries(response.headers),
    status: response.status,
    // MSAL's interface lets its caller choose the type; it checks the members it reads itself.
    body: body as T,
  };
}

/** No header takes any other token. */
function isToken(token: unknown): boolean {
  return typeof token === 'string' && /^[\x20-\x7E]+$/.test(token);
}
