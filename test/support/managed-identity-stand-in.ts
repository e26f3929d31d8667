import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, type JWK, SignJWT } from 'jose';
import { respondJson, startLoopbackServer } from '../../local/loopback/server';

export interface ManagedIdentityStandInOptions {
  readonly tenantId: string;
  /** The identity's client id; another is not known. */
  readonly clientId: string;
  /** How long its tokens live: a day, as in Azure. */
  readonly tokenSeconds?: number;
}

/** How the endpoint misbehaves until told otherwise. */
type IdentityFault =
  'none' | 'error' | 'unavailable' | 'unauthorized' | 'busy' | 'hang' | 'no-token' | 'garbage';

/** The identity endpoint of App Service and Functions, on loopback. */
export interface ManagedIdentityStandIn {
  /** What the platform sets in the environment of an app. */
  readonly environment: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string };
  /**
   * `iss` and `sub` of its token for the exchange, and public keys: what a federated credential is registered with. Tokens
   * for storage and vault have another issuer.
   */
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
const exchangeAudience = 'api://AzureADTokenExchange';

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
        const refused = judge(url, { options, isRightHeader: sent === header });
        if (refused !== undefined) {
          refuse(response, ...refused);
          return;
        }
        respondJson(response, 200, await grant(resource, standIn, privateKey, options));
      }),
  });
  const issuer = issuerFor(exchangeAudience, options.tenantId);
  const standIn: ManagedIdentityStandIn = {
    // A slash at the end is real (Azure/azure-functions-host#11058).
    environment: { IDENTITY_ENDPOINT: `${server.url}/msi/token/`, IDENTITY_HEADER: header },
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
): readonly [status: number, message: string] | undefined {
  if (!/^\/msi\/token\/?$/.test(url.pathname)) return [404, 'Not Found'];
  if (!isRightHeader) return [401, 'The X-IDENTITY-HEADER header is missing or wrong.'];
  const query = url.searchParams;
  if (query.get('api-version') !== apiVersion) {
    return [400, 'The api-version is missing or not supported.'];
  }
  if (query.get('client_id') !== options.clientId) {
    return [
      400,
      'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
    ];
  }
  const isResource = /^(?:https|api):\/\/\S+$/.test(query.get('resource') ?? '');
  return isResource ? undefined : [400, 'The resource is missing or malformed.'];
}

/** Tokens for the exchange are of version 2, all others of version 1. */
function issuerFor(resource: string, tenantId: string): string {
  return isForExchange(resource)
    ? `https://login.microsoftonline.com/${tenantId}/v2.0`
    : `https://sts.windows.net/${tenantId}/`;
}

function isForExchange(resource: string): boolean {
  return resource.startsWith(exchangeAudience);
}

async function grant(
  resource: string,
  { subject, tokenSeconds }: ManagedIdentityStandIn,
  key: KeyObject,
  { clientId, tenantId }: ManagedIdentityStandInOptions,
): Promise<object> {
  const now = Math.floor(Date.now() / 1000);
  const expiresOn = now + tokenSeconds;
  const claims = {
    ...(isForExchange(resource)
      ? { ver: '2.0', azp: clientId }
      : { ver: '1.0', appid: clientId, appidacr: '2' }),
    oid: subject,
    tid: tenantId,
    uti: randomBytes(8).toString('hex'),
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'identity' })
    .setIssuer(issuerFor(resource, tenantId))
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

function refuse(response: ServerResponse, statusCode: number, message: string): void {
  const correlationId = randomUUID();
  const headers = { 'X-CORRELATION-ID': correlationId, Server: 'Kestrel' };
  respondJson(response, statusCode, { statusCode, message, correlationId }, headers);
}

async function suffer(fault: IdentityFault, response: ServerResponse): Promise<void> {
  switch (fault) {
    case 'error':
      refuse(response, 500, 'An unexpected error occured while fetching the AAD Token.');
      return;
    case 'unavailable':
      refuse(response, 503, 'Service Unavailable');
      return;
    case 'unauthorized':
      refuse(response, 401, 'Unauthorized');
      return;
    case 'busy':
      refuse(response, 429, 'Too Many Requests');
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
