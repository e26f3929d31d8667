import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import { startLoopbackServer } from '../loopback/start-loopback-server';
import type { KeyVersion } from './answer-key-operation';
import { answerKeyOperation, refuseOperation } from './answer-key-operation';

export interface KeyVaultStandInOptions {
  /** Public keys of whoever issues the tokens it accepts. */
  readonly tokenKeys: readonly JWK[];
  /** Whom the challenge names. */
  readonly tenantId?: string;
}

/** An answer that the next operations get instead of the usual one. */
export interface KeyVaultFault {
  /** 0: no answer at all. */
  readonly status: number;
  /** Key Vault's 429 has none. */
  readonly retryAfter?: string;
  /** Why it is forbidden, with 403. */
  readonly inner?: 'ForbiddenByRbac' | 'ForbiddenByFirewall';
  /** How many operations get it; all until told otherwise when left out. */
  readonly times?: number;
}

/** An Azure Key Vault on loopback with one RSA key, as far as wrapping and unwrapping go. */
export interface KeyVaultStandIn {
  /** Without version. */
  readonly keyId: string;
  /** `wrapkey` or `unwrapkey` with the version in the path, in order. */
  readonly operations: string[];
  /** A new version, which wraps from now on; older ones still unwrap. */
  rotate(): string;
  /** The version wraps, but does not unwrap. */
  disable(version: string): void;
  /** The version unwraps, but does not wrap. */
  expire(version: string): void;
  misbehave(fault: KeyVaultFault | undefined): void;
  stop(): Promise<void>;
}

const audience = 'https://vault.azure.net';

/**
 * Starts the stand-in on a free port. Real RSA, real versions; a bearer token for Key Vault is demanded.
 * @see https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key/wrap-key
 */
export async function startKeyVaultStandIn(
  options: KeyVaultStandInOptions,
): Promise<KeyVaultStandIn> {
  const versions = new Map<string, KeyVersion>();
  const operations: string[] = [];
  const checkToken = createTokenCheck(options.tokenKeys);
  let fault: KeyVaultFault | undefined;
  let faultsLeft = 0;

  const rotate = (): string => {
    const version = randomBytes(16).toString('hex');
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    versions.set(version, { ...pair, isEnabled: true, isExpired: false });
    return version;
  };
  rotate();

  const server = await startLoopbackServer({
    createHandler: (url) =>
      Promise.resolve(async (request, response, asked) => {
        if (fault !== undefined && faultsLeft > 0) {
          faultsLeft -= 1;
          suffer(fault, response);
          return;
        }
        const unauthorized = await checkToken(request);
        if (unauthorized === undefined) {
          const vault = { versions, operations, keyId: `${url}/keys/ring` };
          await answerKeyOperation(vault, request, response, asked);
        } else {
          response.setHeader('WWW-Authenticate', challengeOf(options.tenantId));
          const message = unauthorized;
          refuseOperation(response, { status: 401, code: 'Unauthorized', message });
        }
      }),
  });
  return {
    keyId: `${server.url}/keys/ring`,
    operations,
    rotate,
    disable: (version) => Object.assign(versions.get(version) ?? {}, { isEnabled: false }),
    expire: (version) => Object.assign(versions.get(version) ?? {}, { isExpired: true }),
    misbehave: (how) => {
      fault = how;
      faultsLeft = how?.times ?? Infinity;
    },
    stop: () => server.stop(),
  };
}

/** As recorded of the live service. */
function challengeOf(tenantId = 'common'): string {
  return `Bearer authorization="https://login.windows.net/${tenantId}", resource="${audience}"`;
}

/** Gives why the token will not do; undefined when it does. */
function createTokenCheck(
  tokenKeys: readonly JWK[],
): (request: IncomingMessage) => Promise<string | undefined> {
  const keys = createLocalJWKSet({ keys: [...tokenKeys] });
  return async ({ headers }) => {
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return 'AKV10000: Request is missing a Bearer or PoP token.';
    try {
      await jwtVerify(token, keys, { audience, algorithms: ['RS256'] });
      return undefined;
    } catch (error) {
      return error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud'
        ? `AKV10022: Invalid audience. Expected ${audience}.`
        : 'AKV10032: Invalid token.';
    }
  };
}

function suffer({ status, retryAfter, inner }: KeyVaultFault, response: ServerResponse): void {
  if (status === 0) return;
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  const [code, message] = faultTexts[status] ?? ['InternalServerError', 'An error occurred.'];
  refuseOperation(response, { status, code, message, ...(inner === undefined ? {} : { inner }) });
}

const faultTexts: Readonly<Record<number, readonly [code: string, message: string]>> = {
  403: ['Forbidden', 'Caller is not authorized to perform action on resource.'],
  429: [
    'Throttled',
    'Request was not processed because too many were received. Reason: VaultRequestTypeLimitReached',
  ],
};
