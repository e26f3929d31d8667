import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { startLoopbackServer } from '../loopback/start-loopback-server';
import type { KeyVersion } from './answer-key-operation';
import { answerKeyOperation, refuseOperation } from './answer-key-operation';

export interface KeyVaultStandInOptions {
  /** Public keys of whoever issues the tokens it accepts. */
  readonly tokenKeys: readonly JWK[];
}

/** An answer that the next operations get instead of the usual one. */
export interface KeyVaultFault {
  /** 0: no answer at all. */
  readonly status: number;
  readonly retryAfter?: string;
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
  /** An older version does nothing any more. */
  disable(version: string): void;
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
  const isAuthorized = createTokenCheck(options.tokenKeys);
  let fault: KeyVaultFault | undefined;
  let faultsLeft = 0;

  const rotate = (): string => {
    const version = randomBytes(16).toString('hex');
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    versions.set(version, { ...pair, isEnabled: true });
    return version;
  };
  rotate();

  const server = await startLoopbackServer({
    createHandler: (url) =>
      Promise.resolve(async (request, response, asked) => {
        if (fault !== undefined && faultsLeft > 0) {
          faultsLeft -= 1;
          suffer(fault, response);
        } else if (await isAuthorized(request)) {
          const vault = { versions, operations, keyId: `${url}/keys/ring` };
          await answerKeyOperation(vault, request, response, asked);
        } else {
          response.setHeader('WWW-Authenticate', `Bearer resource="${audience}"`);
          refuseOperation(response, 401, 'Unauthorized');
        }
      }),
  });
  return {
    keyId: `${server.url}/keys/ring`,
    operations,
    rotate,
    disable: (version) => {
      const known = versions.get(version);
      if (known !== undefined) known.isEnabled = false;
    },
    misbehave: (how) => {
      fault = how;
      faultsLeft = how?.times ?? Infinity;
    },
    stop: () => server.stop(),
  };
}

function createTokenCheck(
  tokenKeys: readonly JWK[],
): (request: IncomingMessage) => Promise<boolean> {
  const keys = createLocalJWKSet({ keys: [...tokenKeys] });
  return async ({ headers }) => {
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    try {
      await jwtVerify(token, keys, { audience, algorithms: ['RS256'] });
      return true;
    } catch {
      return false;
    }
  };
}

function suffer({ status, retryAfter }: KeyVaultFault, response: ServerResponse): void {
  if (status === 0) return;
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  refuseOperation(response, status, status === 429 ? 'Throttled' : 'Fault');
}
