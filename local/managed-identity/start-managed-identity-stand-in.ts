import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { JWK } from 'jose';
import { exportJWK, SignJWT } from 'jose';
import { respondJson } from '../loopback/respond';
import { startLoopbackServer } from '../loopback/start-loopback-server';

export interface ManagedIdentityStandInOptions {
  readonly tenantId: string;
  /** The identity's client id; another is not known. */
  readonly clientId: string;
  /** How long its tokens live: a day, as in Azure. */
  readonly tokenSeconds?: number;
}

/** How the endpoint misbehaves until told otherwise. */
export type IdentityFault = 'none' | 'error' | 'busy' | 'hang' | 'no-token' | 'garbage';

/** The identity endpoint of App Service and Functions, on loopback. */
export interface ManagedIdentityStandIn {
  /** What the platform sets in the environment of an app. */
  readonly environment: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string };
  /** `iss`, `sub` and public keys of its tokens: what a federated credential is registered with. */
  readonly issuer: string;
  readonly subject: string;
  readonly keys: readonly JWK[];
  /** `resource` of each request so far, in order. */
  readonly requests: string[];
  /** How it answers from now on, for `times` requests, or until told otherwise. */
  misbehave(fault: IdentityFault, times?: number): void;
  /** Life of tokens from now on. */
  tokenSeconds: number;
  stop(): Promise<void>;
}

const apiVersion = '2019-08-01';

/**
 * Starts the stand-in on a free port. It answers as the platform does: the secret header, API version, resource and
 * client id are checked, tokens are JWTs for the resource.
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export async function startManagedIdentityStandIn(
  options: ManagedIdentityStandInOptions,
): Promise<ManagedIdentityStandIn> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const header = randomBytes(16).toString('hex');
  const requests: string[] = [];
  let fault: IdentityFault = 'none';
  let times = Infinity;
  const server = await startLoopbackServer({
    createHandler: () =>
      Promise.resolve(async (request, response, url) => {
        const resource = url.searchParams.get('resource') ?? '';
        requests.push(resource);
        if (fault !== 'none' && times > 0) {
          times -= 1;
          await suffer(fault, response);
          return;
        }
        const sent = request.headers['x-identity-header'];
        const status = judge(url, { options, isRightHeader: sent === header });
        if (status !== 200) {
          respondJson(response, status, { statusCode: status, message: 'refused' });
          return;
        }
        respondJson(response, 200, await grant(resource, standIn, privateKey, options));
      }),
  });
  const issuer = `https://sts.windows.net/${options.tenantId}/`;
  const standIn: ManagedIdentityStandIn = {
    environment: { IDENTITY_ENDPOINT: `${server.url}/msi/token`, IDENTITY_HEADER: header },
    issuer,
    subject: '77777777-7777-4777-8777-777777777777',
    keys: [{ ...(await exportJWK(publicKey)), kid: 'identity', alg: 'RS256', use: 'sig' }],
    requests,
    misbehave: (how, howOften = Infinity) => {
      fault = how;
      times = howOften;
    },
    tokenSeconds: options.tokenSeconds ?? 86_400,
    stop: () => server.stop(),
  };
  return standIn;
}

function judge(
  url: URL,
  { options, isRightHeader }: { options: ManagedIdentityStandInOptions; isRightHeader: boolean },
): number {
  if (url.pathname !== '/msi/token') return 404;
  if (!isRightHeader) return 401;
  const query = url.searchParams;
  if (query.get('api-version') !== apiVersion) return 400;
  // As for an identity that is not assigned to the app.
  if (query.get('client_id') !== options.clientId) return 400;
  return /^(?:https|api):\/\/\S+$/.test(query.get('resource') ?? '') ? 200 : 400;
}

async function grant(
  resource: string,
  { issuer, subject, tokenSeconds }: ManagedIdentityStandIn,
  key: KeyObject,
  { clientId, tenantId }: ManagedIdentityStandInOptions,
): Promise<object> {
  const now = Math.floor(Date.now() / 1000);
  const expiresOn = now + tokenSeconds;
  const claims = {
    appid: clientId,
    oid: subject,
    tid: tenantId,
    uti: randomBytes(8).toString('hex'),
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'identity' })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(resource)
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(expiresOn)
    .sign(key);
  return {
    access_token: token,
    expires_on: String(expiresOn),
    resource,
    token_type: 'Bearer',
    client_id: clientId,
  };
}

async function suffer(fault: IdentityFault, response: ServerResponse): Promise<void> {
  switch (fault) {
    case 'error':
      respondJson(response, 500, { statusCode: 500, message: 'internal error' });
      return;
    case 'busy':
      respondJson(response, 429, { statusCode: 429, message: 'too many requests' });
      return;
    case 'no-token':
      respondJson(response, 200, { token_type: 'Bearer' });
      return;
    case 'garbage':
      respondJson(response, 200, 'garbage');
      return;
    case 'hang':
    case 'none':
      await delay(60_000, undefined, { ref: false });
  }
}
