import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import type { EntraShape } from './shape';
import type { SeededUser } from './users';

/** What an app is registered with. */
export interface AppRegistration {
  readonly id: string;
  /** Without it, the app can only authenticate by an assertion. */
  readonly secret?: string;
  /** PEM certificates whose keys may sign the app's assertions (private_key_jwt). */
  readonly certificates?: readonly string[];
  /** Tokens of other issuers that prove the app, such as those of a managed identity. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly frontChannelLogoutUri?: string;
  /** Optional claims of its ID tokens. Others are not sent. */
  readonly optionalClaims?: readonly ('sid' | 'login_hint' | 'auth_time')[];
}

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
  /** Known APIs besides Microsoft Graph. Tokens for any other API have version 1. */
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
}

/** The scopes of a token request, sorted by API. */
export interface AskedScopes {
  /** As they were asked. */
  readonly scopes: readonly string[];
  /** The API that the access token is for: `https://graph.microsoft.com`, `api://orders`; several are refused. */
  readonly resources: readonly string[];
  /** What the person consents to: the permissions, without the prefix of Microsoft Graph. */
  readonly permissions: readonly string[];
}

export const graphResource = 'https://graph.microsoft.com';
const graphAppId = '00000003-0000-0000-c000-000000000000';

const notForResources = new Set(['openid', 'profile', 'email', 'offline_access']);

/** The scopes of a request parameter. */
export function readScopes(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((part) => part !== '') : [];
}

/** Sorts the scopes of a request. */
export function sortScopes(scopes: readonly string[]): AskedScopes {
  const forApis = scopes.filter((scope) => !notForResources.has(scope));
  return {
    scopes,
    resources: [...new Set(forApis.map(resourceOf))],
    permissions: graphScopesOf(scopes),
  };
}

/** The permissions among `scopes`, without the prefix of Microsoft Graph. */
export function graphScopesOf(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !notForResources.has(scope)).map(permissionOf);
}

/** Everything before the last slash. A name alone is a permission of Microsoft Graph. */
function resourceOf(scope: string): string {
  const end = scope.lastIndexOf('/');
  const resource = end === -1 ? graphResource : scope.slice(0, end);
  return resource === graphAppId || resource === `${graphResource}/` ? graphResource : resource;
}

function permissionOf(scope: string): string {
  const name = scope.slice(scope.lastIndexOf('/') + 1);
  if (resourceOf(scope) !== graphResource) return scope;
  // `.default` means the permissions of the registration. That of the stand-in has this one.
  return name === '.default' ? 'User.Read' : name;
}

/** The short names of the permissions for `resource` among `agreed`: `scp` of an access token. */
export function permissionsFor(resource: string, agreed: readonly string[]): string[] {
  const own = agreed.filter(
    (scope) => !notForResources.has(scope) && resourceOf(scope) === resource,
  );
  return own.map((scope) => scope.slice(scope.lastIndexOf('/') + 1));
}

/** Forms of the answer's `scope`. Microsoft Entra ID gives more than was asked for, in the form of the request. */
export const scopeForms = ['superset', 'as-asked', 'narrower', 'other-form'] as const;

/**
 * `scope` of a token answer: all that the person has agreed to for this API, in another order and with `email`, in the
 * form that was asked: with prefix, without, or `.default`.
 */
export function answeredScope(
  form: (typeof scopeForms)[number],
  { scopes, resources }: AskedScopes,
  agreed: readonly string[],
): string {
  const forApi = scopes.filter((scope) => !notForResources.has(scope));
  if (form === 'as-asked') return scopes.filter((scope) => scope !== 'offline_access').join(' ');
  if (form === 'narrower') return ['profile', 'openid', 'email', ...forApi.slice(0, -1)].join(' ');
  const [resource = graphResource] = resources;
  const isPrefixed = forApi.some((scope) => scope.includes('/'));
  const withPrefix = form === 'other-form' ? !isPrefixed : isPrefixed;
  const names = permissionsFor(resource, agreed);
  const asked = forApi.map((scope) => scope.slice(scope.lastIndexOf('/') + 1));
  const all = forApi.length === 0 ? [] : [...new Set([...names, ...asked])];
  const said = all.map((name) => (withPrefix ? `${resource}/${name}` : name));
  return ['profile', 'openid', 'email', ...said].join(' ');
}

/**
 * Whether the provider knows all of the scopes. Azure AD B2C gives tokens for APIs of its own tenant only, never for
 * Microsoft Graph: https://learn.microsoft.com/azure/active-directory-b2c/access-tokens
 */
export function knowsScopes(shape: EntraShape, { resources }: AskedScopes): boolean {
  return shape !== 'b2c' || !resources.includes(graphResource);
}
