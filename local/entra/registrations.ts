import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import type { EntraShape } from './shape';
import type { SeededUser } from './users';

/** What an app is registered with. */
export interface AppRegistration {
  readonly id: string;
  /** Without it, the app can only authenticate by an assertion. */
  readonly secret?: string;
  /** A public client, such as a command line: it has no secret, and its redirect URI `http://localhost` is for any port. */
  readonly isPublic?: boolean;
  /** PEM certificates whose keys may sign the app's assertions (private_key_jwt). */
  readonly certificates?: readonly string[];
  /** Tokens of other issuers that prove the app, such as those of a managed identity. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly frontChannelLogoutUri?: string;
  /** Optional claims of its ID tokens. Others are not sent. */
  readonly optionalClaims?: readonly ('sid' | 'login_hint' | 'auth_time' | 'acrs')[];
  /** The application permissions that an administrator has granted to the app, by App ID URI of the API. */
  readonly appPermissions?: Readonly<Record<string, readonly string[]>>;
  /** `groupMembershipClaims` of the manifest: with it, tokens name the groups of the person. */
  readonly groupMembershipClaims?: 'SecurityGroup' | 'All';
  /** Whose accounts can sign in to it: those of its own organisation by default. */
  readonly signInAudience?: SignInAudience;
}

/** https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation */
export type SignInAudience =
  | 'AzureADMyOrg'
  | 'AzureADMultipleOrgs'
  | 'AzureADandPersonalMicrosoftAccount'
  | 'PersonalMicrosoftAccount';

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
interface FederatedCredential {
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
  /** The APIs of the tenant besides Microsoft Graph. There are no tokens for any other. */
  readonly apis?: readonly ExposedApi[];
  /** The accounts. Default: `seedUsers`. */
  readonly users?: readonly SeededUser[];
  /** Default: `entra`. */
  readonly shape?: EntraShape;
  /** A JSON file in which sessions, refresh tokens, keys and changed accounts outlive a restart. */
  readonly stateFile?: string;
}

/** An app as the stand-in knows it. */
export interface RegisteredClient extends AppRegistration {
  /** oidc-provider compares it. An app without a secret gets one that nobody knows. */
  readonly secret: string;
}

/** The registered apps. */
export interface RegisteredClients {
  readonly all: readonly RegisteredClient[];
  find(id: unknown): RegisteredClient | undefined;
}

export function registerClients(registrations: readonly AppRegistration[]): RegisteredClients {
  const all = registrations.map((registration) => ({
    ...registration,
    secret: registration.secret ?? randomBytes(32).toString('base64url'),
  }));
  return { all, find: (id) => all.find((client) => client.id === id) };
}

/** An API that an app exposes, as it is registered. */
export interface ExposedApi {
  /** App ID URI: `api://orders`. */
  readonly uri: string;
  /** Application (client) id: `aud` of its tokens of version 2. */
  readonly clientId: string;
  /** `requestedAccessTokenVersion` of the manifest: null, as new registrations have it, means 1. */
  readonly tokenVersion: 1 | 2 | null;
  /** Names of its scopes (delegated permissions): `Orders.Read`. Left out: every name is one. */
  readonly scopes?: readonly string[];
  /** Those of the scopes that only an administrator can consent to. */
  readonly adminScopes?: readonly string[];
  /** Application permissions, which are app roles that apps can have: `Orders.Read.All`. */
  readonly appRoles?: readonly string[];
  /** Optional claims of its access tokens. */
  readonly optionalClaims?: readonly ('idtyp' | 'auth_time')[];
  /** Whether an app without any of the application permissions gets no token ("assignment required"). */
  readonly requiresAssignment?: boolean;
}

/** The API of this App ID URI or client id. A slash at the end does not matter. */
export function findApi(apis: readonly ExposedApi[], resource: string): ExposedApi | undefined {
  return apis.find(
    ({ uri, clientId }) => uri === resource || `${uri}/` === resource || clientId === resource,
  );
}
