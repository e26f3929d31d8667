import { randomBytes } from 'node:crypto';
import { isString } from '../loopback/control';
import Provider from 'oidc-provider';
import type { Configuration, JWKS } from 'oidc-provider';
import type { EntraPaths } from './entra-shape';
import { createKeptAdapter } from './kept-adapter';
import type { KeptState } from './kept-state';
import { createErrorPage } from './pages/render-error-page';
import type { Refusals } from './refusals';
import type { RegisteredClient, RegisteredClients } from './registered-clients';
import { createSignInPolicy, type SignInPolicyParts } from './sign-in-policy';

interface ProviderParts extends SignInPolicyParts {
  /** For oidc-provider's own tokens, which nobody sees. */
  readonly issuer: string;
  readonly paths: EntraPaths;
  readonly clients: RegisteredClients;
  readonly state: KeptState;
  readonly refusals: Refusals;
  /** Did the authorization request of this code ask for `offline_access`? */
  readonly wantsRefreshToken: (codeId: string) => boolean;
  /** oidc-provider signs tokens that nobody sees; it wants a key all the same. */
  readonly jwks: JWKS;
}

export const sessionCookie = 'stand-in-session';
export const sessionSeconds = 24 * 60 * 60;

const ninetyDays = 90 * 24 * 60 * 60;
const off = { enabled: false };

/** oidc-provider, which holds the protocol: requests, PKCE, codes, refresh tokens, sessions. */
export function createProvider(parts: ProviderParts): Provider {
  return new Provider(parts.issuer, {
    adapter: createKeptAdapter(parts.state),
    clients: parts.clients.all.map(clientMetadata),
    clientAuthMethods: ['client_secret_post', 'client_secret_basic'],
    clientBasedCORS: () => false,
    cookies: {
      names: { session: sessionCookie, interaction: 'stand-in-request', resume: 'stand-in-resume' },
      keys: [cookieKey(parts.state)],
    },
    // Allowed through to the sign-in pages; what else the request holds is ignored.
    extraParams: ['client_info', 'domain_hint', 'claims'],
    features: {
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      resourceIndicators: off,
      rpInitiatedLogout: off,
      userinfo: off,
    },
    jwks: parts.jwks,
    pkce: { required: () => true },
    responseTypes: ['code'],
    routes: { authorization: parts.paths.authorize, token: parts.paths.token },
    interactions: {
      policy: createSignInPolicy(parts),
      // The request travels along, so that it can be made again once the person has answered.
      url: (context, { uid }) => `${parts.paths.signIn}/${uid}?${context.querystring}`,
    },
    renderError: createErrorPage(parts.refusals),
    ...accountsOf(parts),
    ...lifetimes,
  });
}

/** The same over restarts, so that a browser's session cookie still holds. */
function cookieKey(state: KeptState): string {
  const secrets = state.part('secrets');
  const kept = secrets.get('cookies');
  const key = isString(kept) ? kept : randomBytes(32).toString('base64url');
  secrets.set('cookies', key);
  state.changed();
  return key;
}

function clientMetadata(client: RegisteredClient) {
  return {
    client_id: client.id,
    client_secret: client.secret,
    redirect_uris: [...client.redirectUris],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  } as const;
}

function accountsOf({ directory, wantsRefreshToken }: ProviderParts): Configuration {
  return {
    findAccount(_context, objectId) {
      const user = directory.find(objectId);
      if (user === undefined || user.disabled) return undefined;
      return { accountId: objectId, claims: () => ({ sub: objectId }) };
    },
    // Consent is the directory's business (sign-in-policy.ts): a grant follows by itself.
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
