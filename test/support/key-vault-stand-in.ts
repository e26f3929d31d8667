import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLocalJWKSet, errors, type JWK, jwtVerify } from 'jose';
import { isObject } from '../../src/bodies';
import { readBody, respondJson, startLoopbackServer } from '../../local/loopback/server';

export interface KeyVaultStandInOptions {
  /** Public keys of whoever issues the tokens it accepts. */
  readonly tokenKeys: readonly JWK[];
  /** Whom the challenge names. */
  readonly tenantId?: string;
}

/** An answer that the next operations get instead of the usual one. */
interface KeyVaultFault {
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

/** The keys of the first, second, ... version of every vault of a test file: keys take long to make. */
const pairs: Pick<KeyVersion, 'publicKey' | 'privateKey'>[] = [];

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
    const pair = pairs[versions.size] ?? generateKeyPairSync('rsa', { modulusLength: 2048 });
    pairs[versions.size] = pair;
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

/** A version of the vault's key. */
interface KeyVersion {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** A disabled version wraps, but does not unwrap (Azure/azure-sdk-for-python#45342). */
  isEnabled: boolean;
  /** One that has expired, or is not valid yet, unwraps but does not wrap (Azure/azure-sdk-for-net#7677). */
  isExpired: boolean;
}

interface Vault {
  /** By name, the newest last. */
  readonly versions: ReadonlyMap<string, KeyVersion>;
  /** Gets the name of each operation. */
  readonly operations: string[];
  readonly keyId: string;
}

/**
 * Wraps or unwraps as Key Vault does, with the newest version where the path names none. The key's name counts in any
 * case; the answer has it as it was made.
 */
async function answerKeyOperation(
  { versions, operations, keyId }: Vault,
  request: IncomingMessage,
  response: ServerResponse,
  asked: URL,
): Promise<void> {
  const match = /^\/keys\/ring(?:\/([0-9a-f]+))?\/(wrapkey|unwrapkey)$/i.exec(asked.pathname);
  const operation = (match?.[2] ?? '').toLowerCase();
  const version = match?.[1]?.toLowerCase() ?? [...versions.keys()].at(-1) ?? '';
  const key = versions.get(version);
  if (operation !== '') operations.push(operation);
  if (operation === '' || key === undefined) {
    refuseOperation(response, keyNotFound(asked));
    return;
  }
  const forbidden = forbiddenBy(key, operation);
  if (forbidden !== undefined) {
    refuseOperation(response, forbidden);
    return;
  }
  const isKnownVersion = /^7\.\d$/.test(asked.searchParams.get('api-version') ?? '');
  const value = request.method === 'POST' && isKnownVersion ? await readValue(request) : undefined;
  const result = value && compute(operation, key, value);
  if (result === undefined) refuseOperation(response, badParameter);
  else respondJson(response, 200, { kid: `${keyId}/${version}`, value: toText(result) });
}

/** A refusal of Key Vault. */
interface KeyVaultRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Why something is forbidden: `ForbiddenByRbac`, `ForbiddenByFirewall`, `KeyDisabled`. */
  readonly inner?: string;
}

/** https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key/wrap-key#error */
function refuseOperation(response: ServerResponse, refusal: KeyVaultRefusal): void {
  const { status, code, message, inner } = refusal;
  const innererror = inner === undefined ? {} : { innererror: { code: inner } };
  respondJson(response, status, { error: { code, message, ...innererror } });
}

function keyNotFound({ pathname }: URL): KeyVaultRefusal {
  const name = pathname.split('/')[2] ?? '';
  const message = `A key with (name/id) ${name} was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct recovery command.`;
  return { status: 404, code: 'KeyNotFound', message };
}

const badParameter = {
  status: 400,
  code: 'BadParameter',
  message: 'Error occurred while decoding OAEP padding.',
} as const;

function forbiddenBy(key: KeyVersion, operation: string): KeyVaultRefusal | undefined {
  if (operation === 'unwrapkey' && !key.isEnabled) {
    const message = 'Operation unwrapKey is not allowed on a disabled key.';
    return { status: 403, code: 'Forbidden', message, inner: 'KeyDisabled' };
  }
  if (operation === 'wrapkey' && key.isExpired) {
    const message = 'Operation wrapKey is not allowed on an expired key.';
    return { status: 403, code: 'Forbidden', message, inner: 'KeyExpired' };
  }
  return undefined;
}

async function readValue(request: IncomingMessage): Promise<Buffer | undefined> {
  const body: unknown = JSON.parse(await readBody(request));
  const { alg, value } = isObject(body) ? body : {};
  if (alg !== 'RSA-OAEP-256' || typeof value !== 'string') return undefined;
  return /^[\w-]+$/.test(value) ? Buffer.from(value, 'base64url') : undefined;
}

function compute(operation: string, key: KeyVersion, value: Buffer): Buffer | undefined {
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  try {
    return operation === 'wrapkey'
      ? publicEncrypt({ key: key.publicKey, ...padding }, value)
      : privateDecrypt({ key: key.privateKey, ...padding }, value);
  } catch {
    return undefined;
  }
}

function toText(bytes: Buffer): string {
  return bytes.toString('base64url');
}
