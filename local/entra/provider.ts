import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Provider, {
  type ClientMetadata,
  type Configuration,
  interactionPolicy,
  type JWKS,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { isString } from '../loopback/control';
import type { Directory } from './accounts';
import { createKeptAdapter, type KeptState, type SignInNotes } from './kept-state';
import {
  type AccessPolicies,
  contextsOfClaims,
  contextsOfPolicies,
  permissionsOf,
  readScopes,
} from './scopes';
import { errorPage, pageHeaders } from './pages';
import { entraErrorNumberOf, type Refusals } from './refusals';
import type { RegisteredClient, RegisteredClients } from './registrations';
import {
  cloudOf,
  entraPaths,
  type EntraPaths,
  type EntraShape,
  type Tenants,
  type UserFlow,
  userFlows,
} from './tenants';

interface ProviderContext extends SignInPolicyContext {
  /** For oidc-provider's own tokens, which nobody sees. */
  readonly issuer: string;
  readonly paths: EntraPaths;
  readonly shape: EntraShape;
  readonly clients: RegisteredClients;
  readonly state: KeptState;
  readonly refusals: Refusals;
  /** Did the authorization request of this code ask for `offline_access`? */
  readonly wantsRefreshToken: (codeId: string) => boolean;
  /** For tokens of oidc-provider that nobody sees. It needs a key for them. */
  readonly jwks: JWKS;
}

export const sessionCookie = 'stand-in-session';
export const sessionSeconds = 24 * 60 * 60;

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The grants for which nobody needs a browser: an app for itself, and on behalf of a person. */
export const directGrants = ['client_credentials', jwtBearer] as const;

const ninetyDays = 90 * 24 * 60 * 60;
const off = { enabled: false };

/** oidc-provider does the protocol: requests, PKCE, codes, refresh tokens, sessions. */
export function createProvider(standIn: ProviderContext): Provider {
  return new Provider(standIn.issuer, {
    adapter: createKeptAdapter(standIn.state),
    clients: standIn.clients.all.map(clientMetadata),
    clientAuthMethods: ['client_secret_post', 'client_secret_basic', 'none'],
    clientBasedCORS: () => false,
    cookies: {
      names: { session: sessionCookie, interaction: 'stand-in-request', resume: 'stand-in-resume' },
      keys: [cookieKey(standIn.state)],
    },
    // These reach the sign-in pages. Other unknown parameters are ignored.
    extraParams: ['client_info', 'domain_hint', 'claims'],
    features: {
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      resourceIndicators: off,
      rpInitiatedLogout: off,
      userinfo: off,
    },
    jwks: standIn.jwks,
    pkce: { required: () => true },
    responseTypes: ['code'],
    routes: { authorization: standIn.paths.authorize, token: standIn.paths.token },
    interactions: {
      policy: createSignInPolicy(standIn),
      // With the request in the query, it can be made again when the person has answered.
      url: (context, { uid }) => {
        const { signIn } = entraPaths(standIn.tenants.of(context.req).name);
        return `${signIn}/${uid}?${context.querystring}`;
      },
    },
    renderError: createErrorPage(standIn.refusals),
    ...accountsOf(standIn),
    ...lifetimes,
  });
}

/** Kept over restarts, so that the session cookie of a browser stays valid. */
function cookieKey(state: KeptState): string {
  const secrets = state.part('secrets');
  const kept = secrets.get('cookies');
  const key = isString(kept) ? kept : randomBytes(32).toString('base64url');
  secrets.set('cookies', key);
  state.changed();
  return key;
}

function clientMetadata({ id, secret, redirectUris, isPublic }: RegisteredClient): ClientMetadata {
  const hasSignIn = redirectUris.length > 0;
  const grantTypes = [
    ...(hasSignIn ? ['authorization_code', 'refresh_token'] : []),
    ...(isPublic === true ? [] : directGrants),
  ];
  return {
    client_id: id,
    redirect_uris: [...redirectUris],
    grant_types: grantTypes,
    response_types: hasSignIn ? ['code'] : [],
    ...(isPublic === true
      ? { token_endpoint_auth_method: 'none', application_type: 'native' }
      : { token_endpoint_auth_method: 'client_secret_post', client_secret: secret }),
  };
}

function accountsOf({ directory, wantsRefreshToken }: ProviderContext): Configuration {
  return {
    findAccount(_context, objectId) {
      const user = directory.find(objectId);
      if (user === undefined || user.disabled) return undefined;
      return { accountId: objectId, claims: () => ({ sub: objectId }) };
    },
    // The directory keeps consent, and the sign-in policy asks for it. So every sign-in gets a grant.
    async loadExistingGrant({ oidc }) {
      const { account, client, provider } = oidc;
      if (account === undefined || client === undefined) return undefined;
      const grant = new provider.Grant({
        accountId: account.accountId,
        clientId: client.clientId,
      });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    issueRefreshToken: (_context, _client, code) => wantsRefreshToken(code.jti),
    // Signing out of Microsoft Entra ID does not end refresh tokens.
    expiresWithSession: () => false,
    rotateRefreshToken: false,
  };
}

const lifetimes: Configuration = {
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 600,
    Grant: ninetyDays,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: ninetyDays,
    Session: sessionSeconds,
  },
};

const { Check, Prompt } = interactionPolicy;

export interface SignInPolicyContext {
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly notes: SignInNotes;
  readonly tenants: Tenants;
}

/**
 * The questions before the app gets a code: sign in, choose an account, confirm who you are, consent. With `prompt=none`
 * they become errors that the app gets.
 */
function createSignInPolicy(standIn: ProviderContext): interactionPolicy.Prompt[] {
  const { directory, tenants, shape } = standIn;
  return [
    new Prompt(
      { name: flowPrompts.reset, requestable: false },
      new Check('no_password', 'AADB2C90077', 'interaction_required', (context) => {
        return isFlowOpen(standIn, context, userFlows.reset);
      }),
    ),
    new Prompt(
      { name: 'login', requestable: true },
      new Check('no_session', 'AADSTS50058', 'login_required', ({ oidc, req }) => {
        const user = directory.find(oidc.session?.accountId);
        return user === undefined || !tenants.accepts(tenants.of(req), user);
      }),
      new Check('disabled', 'AADSTS50057', 'interaction_required', ({ oidc }) => {
        return directory.find(oidc.session?.accountId)?.disabled === true;
      }),
      new Check('too_old', 'AADSTS50058', 'login_required', ({ oidc }) => {
        const maxAge = Number(oidc.params?.['max_age'] ?? NaN);
        const signedInAt = oidc.session?.loginTs ?? 0;
        return Math.floor(Date.now() / 1000) - signedInAt > maxAge;
      }),
      new Check('other_account', 'AADSTS50058', 'login_required', ({ oidc, req }) => {
        const hinted = hintedUser(standIn, req, oidc.params?.['login_hint']);
        return hinted !== undefined && hinted.objectId !== oidc.session?.accountId;
      }),
    ),
    new Prompt({ name: 'select_account', requestable: true }),
    // The sign-up of External ID. Here it is the account picker. Azure AD B2C refuses it (AADB2C90043).
    ...(shape === 'b2c' ? [] : [new Prompt({ name: 'create', requestable: true })]),
    new Prompt(
      { name: flowPrompts.edit, requestable: false },
      new Check('no_profile', 'AADB2C90077', 'interaction_required', (context) => {
        return isFlowOpen(standIn, context, userFlows.edit);
      }),
    ),
    new Prompt(
      { name: 'confirm', requestable: false },
      new Check('not_confirmed', 'AADSTS50076', 'interaction_required', (context) => {
        return missingContexts(standIn, context).length > 0;
      }),
    ),
    new Prompt(
      { name: 'consent', requestable: true },
      new Check('no_consent', 'AADSTS65001', 'consent_required', (context) => {
        return missingConsent(directory, context).length > 0;
      }),
    ),
  ];
}

/** The names of the questions that belong to user flows of Azure AD B2C. */
const flowPrompts = { reset: 'reset_password', edit: 'edit_profile' } as const;

/** Which user flow a question belongs to; undefined for all others. */
export function readFlowPrompt(name: string): keyof typeof flowPrompts | undefined {
  if (name === flowPrompts.reset) return 'reset';
  return name === flowPrompts.edit ? 'edit' : undefined;
}

/** Whether the request is at this user flow, and the person has not gone through it for this very request. */
function isFlowOpen(
  { tenants, notes }: SignInPolicyContext,
  { oidc, query, req }: KoaContextWithOIDC,
  flow: UserFlow,
): boolean {
  if (tenants.of(req).flow !== flow) return false;
  return notes.ofSession(oidc.session?.uid).doneFlow !== query['code_challenge'];
}

// Reads the scopes from the query, since oidc-provider drops those that it does not know.
function missingConsent(directory: Directory, context: KoaContextWithOIDC): string[] {
  const asked = permissionsOf(readScopes(context.query['scope']));
  return directory.missingConsent(context.oidc.session?.accountId ?? '', ['openid', ...asked]);
}

/** The authentication contexts that this request needs and this session has not satisfied. */
function missingContexts(
  { directory, accessPolicies, notes }: SignInPolicyContext,
  { oidc, query }: KoaContextWithOIDC,
): string[] {
  const user = directory.find(oidc.session?.accountId);
  if (user === undefined) return [];
  const { acrs } = notes.ofSession(oidc.session?.uid);
  const scopes = readScopes(query['scope']);
  const wanted = [
    ...contextsOfClaims(query['claims']),
    ...contextsOfPolicies(accessPolicies.value, directory, user, scopes),
  ];
  return wanted.filter((context) => !acrs.includes(context));
}

function hintedUser(
  { directory, tenants }: SignInPolicyContext,
  request: IncomingMessage,
  hint: unknown,
) {
  const authority = tenants.of(request);
  return typeof hint === 'string'
    ? directory.findByHint(hint, (user) => tenants.accepts(authority, user))
    : undefined;
}

/**
 * The metadata of Microsoft Entra ID (OpenID Connect Discovery 1.0 section 3). They do not name S256
 * (`code_challenge_methods_supported`), though the stand-in demands it, nor the `iss` parameter (RFC 9207), which is not sent.
 */
export function providerMetadata(options: {
  readonly origin: string;
  readonly paths: EntraPaths;
  readonly issuer: string;
  readonly shape: EntraShape;
  readonly appId: string | null;
  readonly isOfOneTenant: boolean;
}): Record<string, unknown> {
  const { origin, paths, issuer, shape, appId, isOfOneTenant } = options;
  const query = appId === null ? '' : `?appid=${encodeURIComponent(appId)}`;
  const shared = {
    issuer,
    authorization_endpoint: origin + paths.authorize,
    token_endpoint: origin + paths.token,
    end_session_endpoint: origin + paths.logout,
    jwks_uri: origin + paths.keys + query,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
  return shape === 'b2c'
    ? { ...shared, ...ofB2c }
    : {
        ...shared,
        ...ofEntra(origin, paths, shape),
        tenant_region_scope: isOfOneTenant ? 'EU' : null,
      };
}

const ofB2c = {
  scopes_supported: ['openid'],
  token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  claims_supported: [
    ...['name', 'emails', 'idp', 'oid', 'sub', 'tfp', 'iss', 'iat', 'exp', 'aud', 'acr'],
    ...['nonce', 'auth_time'],
  ],
};

function ofEntra(origin: string, paths: EntraPaths, shape: EntraShape): Record<string, unknown> {
  const cloud = cloudOf(shape);
  return {
    token_endpoint_auth_methods_supported: [
      ...['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    ],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    request_uri_parameter_supported: false,
    userinfo_endpoint: `https://${cloud.userinfo}/oidc/userinfo`,
    device_authorization_endpoint: origin + paths.authorize.replace(/authorize$/, 'devicecode'),
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    kerberos_endpoint: origin + paths.authorize.replace(/oauth2\/v2\.0\/authorize$/, 'kerberos'),
    claims_supported: [
      ...['sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name'],
      ...[
        'cloud_graph_host_name',
        'msgraph_host',
        'aud',
        'exp',
        'iat',
        'auth_time',
        'acr',
        'nonce',
      ],
      ...['preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash', 'email'],
    ],
    cloud_instance_name: cloud.instance,
    cloud_graph_host_name: cloud.directoryGraph,
    msgraph_host: new URL(cloud.graph).host,
    rbac_url: `https://${cloud.roles}`,
  };
}

/** The page for errors that must not be sent to the app, such as a redirect URI that is not registered. */
function createErrorPage(refusals: Refusals) {
  return (context: KoaContextWithOIDC, _answer: unknown, error: unknown): void => {
    context.set(pageHeaders([]));
    context.body = errorPage(refusals.text(entraErrorNumberOf(error)));
  };
}
