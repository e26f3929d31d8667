import { randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import {
  createCredentialState,
  type RelyingParty,
  type RelyingPartySettings,
} from '../../src/entra/msal';
import { createProvider } from '../../src/entra/provider';
import { AppError } from '../../src/errors';
import type { OwnAttempt } from '../../src/sign-in/finish';
import type { Api } from '../../src/tokens/apis';
import { createPauseMemory } from '../../src/waiting';
import { clientId, tenantId, type TinyProvider } from './tiny-provider';

export const clientSecret = 'the-secret-of-the-client-app';
export const subject = 'subject-of-ada';
export const objectId = '33333333-3333-4333-8333-333333333333';

/** Auth parts over a tiny provider, with the given clock. */
export function createRelyingParty(
  tiny: TinyProvider,
  clock: () => number,
  overrides: Partial<RelyingPartySettings> = {},
): RelyingParty {
  const settings: RelyingPartySettings = {
    baseUrl: 'http://localhost:7071',
    tenantId,
    allowedTenants: undefined,
    adminRole: 'admin',
    adminTenantId: undefined,
    policies: { 'reset-password': undefined, 'edit-profile': undefined },
    clientId,
    authority: tiny.authority,
    issuer: tiny.issuer,
    credential: { kind: 'secret', secret: clientSecret },
    graphScopes: ['User.Read'],
    ...overrides,
  };
  return {
    settings,
    redirectUri: `${settings.baseUrl}/auth/redirect`,
    provider: createProvider({ ...settings, clock }),
    credential: createCredentialState(clock),
    tokenPauses: createPauseMemory(),
  };
}

/** An attempt of the browser before us, begun `now`. */
export function ownAttempt(now: number, more: Partial<OwnAttempt> = {}): OwnAttempt {
  const random = () => randomBytes(32).toString('base64url');
  return { startedAt: now, nonce: random(), codeVerifier: random(), ...more };
}

/** The claims Entra ID sends for Ada, issued `now`. */
export function adaClaims(tiny: TinyProvider, now: number): JWTPayload {
  return {
    iss: tiny.issuer,
    aud: clientId,
    iat: now,
    nbf: now,
    exp: now + 3600,
    sub: subject,
    oid: objectId,
    tid: tenantId,
    ver: '2.0',
    name: 'Ada Lovelace',
    preferred_username: 'ada@contoso.example',
    roles: ['admin'],
    sid: 'sid-of-ada',
    login_hint: 'O.hint-of-ada',
  };
}

/** Microsoft Graph, played by the same server. */
export const graphOf = (tiny: TinyProvider): Api => ({
  name: 'graph',
  baseUrl: tiny.origin,
  scopes: ['User.Read'],
  appScope: 'https://graph.microsoft.com/.default',
  consentAtSignIn: false,
  maxAnswerBytes: undefined,
  proxy: undefined,
});

/** A token answer as Entra ID sends it. */
export function tokenBody(idToken: string, more: Record<string, unknown> = {}): object {
  return {
    token_type: 'Bearer',
    scope: 'User.Read profile openid email',
    expires_in: 3600,
    ext_expires_in: 3600,
    access_token: 'access-token-1',
    refresh_token: 'refresh-token-1',
    id_token: idToken,
    client_info: clientInfo(objectId, tenantId),
    ...more,
  };
}

export function clientInfo(uid: string, utid: string): string {
  return Buffer.from(JSON.stringify({ uid, utid })).toString('base64url');
}

/** What a promise fails with; fails itself when there is no failure of ours. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** Everything a log could print of an error: messages, notes and causes. */
export function printed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const members = JSON.stringify(error, Object.getOwnPropertyNames(error));
  return `${String(error)} ${members} ${error.cause === undefined ? '' : printed(error.cause)}`;
}

export const longEnough = (): AbortSignal => AbortSignal.timeout(600_000);
