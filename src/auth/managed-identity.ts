import { LogLevel, ManagedIdentityApplication } from '@azure/msal-node';
import type { Clock } from '../clock';
import { AppError } from '../errors';
import { abortable } from '../abortable';
import { createIdentityNetworkClient } from './identity-network-client';

/** An access token of the app itself. */
export interface IdentityToken {
  readonly token: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** The app's managed identity: tokens without any secret, from the platform. */
export interface ManagedIdentity {
  /**
   * A token for `resource` with some minutes of life left at least. Kept in memory; callers that
   * need a new one at the same time share the request.
   * @param resource such as `https://storage.azure.com`, without `/.default`
   * @throws ERR_PROVIDER_UNAVAILABLE
   */
  token(resource: string, signal: AbortSignal): Promise<IdentityToken>;
}

interface KeptToken extends IdentityToken {
  readonly askAgainAt: number;
}

/** MSAL knows when a token needs renewing, and is asked once a minute: its look-up is not for free. */
const askAgainSeconds = 60;
/** A token that cannot be renewed is used up to here. */
const lastSeconds = 30;

/**
 * A user-assigned managed identity through MSAL, which finds the platform's endpoint by
 * IDENTITY_ENDPOINT and IDENTITY_HEADER (App Service, Functions). MSAL keeps endpoint, network client
 * and tokens in static members: the first object of a process decides for all.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function createManagedIdentity(parts: {
  /** The identity's client id, a GUID. */
  readonly clientId: string;
  readonly clock: Clock;
}): ManagedIdentity {
  const { clientId, clock } = parts;
  // Made when first needed: most local set-ups have no managed identity.
  let msal: ManagedIdentityApplication | undefined;
  const kept = new Map<string, KeptToken>();
  const running = new Map<string, Promise<KeptToken>>();

  async function ask(resource: string): Promise<KeptToken> {
    const askAgainAt = clock() + askAgainSeconds;
    const former = kept.get(resource);
    try {
      msal ??= createApplication(clientId);
      const fresh = { ...(await acquire(msal, resource)), askAgainAt };
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
      const asking = running.get(resource) ?? ask(resource).finally(() => running.delete(resource));
      running.set(resource, asking);
      return abortable(asking, signal, 'ERR_PROVIDER_UNAVAILABLE');
    },
  };
}

function createApplication(clientId: string): ManagedIdentityApplication {
  return new ManagedIdentityApplication({
    managedIdentityIdParams: { userAssignedClientId: clientId },
    system: {
      networkClient: createIdentityNetworkClient(),
      // MSAL would go on for longer than any request of ours can wait.
      disableInternalRetries: true,
      loggerOptions: {
        loggerCallback: () => undefined,
        piiLoggingEnabled: false,
        logLevel: LogLevel.Error,
      },
    },
  });
}

async function acquire(msal: ManagedIdentityApplication, resource: string): Promise<IdentityToken> {
  try {
    const { accessToken, expiresOn } = await msal.acquireToken({ resource });
    if (accessToken === '' || expiresOn === null) throw new Error('the answer holds no token');
    return { token: accessToken, expiresAt: Math.floor(expiresOn.getTime() / 1000) };
  } catch (cause) {
    const note = `the managed identity got no token for ${resource}`;
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note, cause });
  }
}
