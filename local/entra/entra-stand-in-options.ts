import type { JWK } from 'jose';
import type { EntraShape } from './entra-shape';
import type { ExposedApi } from './resources';
import type { SeededUser } from './seeded-user';

/** What an app is registered with. */
export interface AppRegistration {
  readonly id: string;
  /** Left out: the app proves itself by an assertion only. */
  readonly secret?: string;
  /** PEM certificates whose keys may sign the app's assertions (private_key_jwt). */
  readonly certificates?: readonly string[];
  /** Tokens of others that prove the app: how a managed identity stands in for a secret. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly frontChannelLogoutUri?: string;
  /** Optional claims of its ID tokens: there are none that are not registered. */
  readonly optionalClaims?: readonly ('sid' | 'login_hint' | 'auth_time')[];
}

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
export interface FederatedCredential {
  /** `iss`, `sub` and `aud` that the token must have, exactly. */
  readonly issuer: string;
  readonly subject: string;
  /** `api://AzureADTokenExchange` in Azure. */
  readonly audience: string;
  /** Public keys of the issuer. */
  readonly keys: readonly JWK[];
}

export interface EntraStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  readonly tenantId: string;
  readonly client: AppRegistration;
  /** Further apps, which share the person's session at the provider. */
  readonly otherClients?: readonly AppRegistration[];
  /** `aud` of access tokens for Microsoft Graph: what the Graph stand-in demands. */
  readonly graphAudience: string;
  /** APIs besides Microsoft Graph whose tokens are to be of their form; any other API's are of version 1. */
  readonly apis?: readonly ExposedApi[];
  /** The accounts; the seeded ones when left out. */
  readonly users?: readonly SeededUser[];
  /** `entra`, unless told otherwise. */
  readonly shape?: EntraShape;
  /** A JSON file in which sessions, refresh tokens, keys and changed accounts outlive a restart. */
  readonly stateFile?: string;
}
