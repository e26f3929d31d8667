import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import {
  createRemoteJWKSet,
  errors,
  exportJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  SignJWT,
} from 'jose';
import { isObject } from '../../src/bodies';
import { createCertificate } from '../loopback/server';
import { isString } from '../loopback/control';
import type { KeptState } from './kept-state';

const generate = promisify(generateKeyPair);

export interface SigningKey {
  /** The thumbprint of the key's certificate, as at Microsoft Entra ID. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
}

/** A JWK with the members that Microsoft Entra ID adds. */
type PublishedKey = JWK & { readonly issuer?: string };

/** Forms of the list of keys. `twice`: each key is there twice. `twin`: each has a second entry for another algorithm. */
export const keyLists = ['usual', 'twice', 'twin'] as const;

/** The keys that tokens are signed with. */
export interface SigningKeys {
  current(): SigningKey;
  /** A key that was never published. */
  stranger(): Promise<SigningKey>;
  /** The key of one app. An app with custom claims has one. It is listed only with `?appid=`. */
  ofApp(): Promise<SigningKey>;
  /** The key of personal accounts, which is listed with their issuer and counts for them only. */
  ofConsumers(): Promise<SigningKey>;
  /** The list (RFC 7517 section 5), with earlier keys. Each key has the member `issuer`. */
  published(options: {
    /** Undefined: without the keys of organisations. */
    readonly issuer: string | undefined;
    /** The issuer of personal accounts; undefined: without their key. */
    readonly consumersIssuer?: string | undefined;
    /** `cloud_instance_name`; undefined: without it. */
    readonly cloud?: string | undefined;
    /** Whether the keys lack certificate and issuer, as those of Azure AD B2C do. */
    readonly isBare?: boolean;
    readonly list: (typeof keyLists)[number];
    readonly withAppKey: boolean;
  }): Promise<{ keys: PublishedKey[] }>;
  /** A new key signs from now on; the old one stays published. */
  rotate(): Promise<void>;
  /** Old keys are no longer published. */
  retire(): void;
}

/** Keys of this run. They stay over restarts, so that issued tokens stay valid. */
export async function createSigningKeys(state: KeptState): Promise<SigningKeys> {
  const part = state.part('keys');
  const find = async (name: string) => readKey(part.get(name)) ?? (await createSigningKey());
  const [first, earlier] = await Promise.all([find('current'), find('old')]);
  let current = first;
  let old = [earlier];
  const stranger = once(createSigningKey);
  const ofApp = once(createSigningKey);
  const ofConsumers = once(createSigningKey);
  const keep = (): void => {
    part.set('current', describeKey(current));
    const [latest] = old;
    if (latest !== undefined) part.set('old', describeKey(latest));
    state.changed();
  };
  keep();
  return {
    current: () => current,
    stranger,
    ofApp,
    ofConsumers,
    async published({ issuer, consumersIssuer, cloud, isBare = false, list, withAppKey }) {
      const own = [current, ...old, ...(withAppKey ? [await ofApp()] : [])];
      const jwks = await Promise.all([
        ...(issuer === undefined ? [] : own.map((key) => publicJwk(key, issuer, cloud))),
        ...(consumersIssuer === undefined
          ? []
          : [publicJwk(await ofConsumers(), consumersIssuer, cloud)]),
      ]);
      const shown = isBare ? jwks.map(bare) : jwks;
      return { keys: shown.flatMap((jwk) => listed(jwk, list)) };
    },
    async rotate() {
      old = [current, ...old];
      current = await createSigningKey();
      keep();
    },
    retire() {
      old = [];
    },
  };
}

function bare(key: PublishedKey): PublishedKey {
  const names = ['kid', 'use', 'kty', 'e', 'n'];
  return Object.fromEntries(Object.entries(key).filter(([name]) => names.includes(name)));
}

function listed(jwk: PublishedKey, list: (typeof keyLists)[number]): PublishedKey[] {
  switch (list) {
    case 'usual':
      return [jwk];
    case 'twice':
      return [jwk, jwk];
    case 'twin':
      return [{ ...jwk, alg: 'PS256' }, jwk];
  }
}

/** No `alg`: Microsoft Entra ID says none. */
async function publicJwk(
  { kid, privateKey, certificate }: SigningKey,
  issuer: string,
  cloud: string | undefined,
): Promise<PublishedKey> {
  const jwk = await exportJWK(createPublicKey(privateKey));
  const x5c = [certificate.toString('base64')];
  const instance = cloud === undefined ? {} : { cloud_instance_name: cloud };
  return { ...jwk, use: 'sig', kid, x5t: kid, x5c, ...instance, issuer };
}

async function createSigningKey(): Promise<SigningKey> {
  const pair = await generate('rsa', { modulusLength: 2048 });
  return signingKey(pair.privateKey, createCertificate(pair));
}

function signingKey(privateKey: KeyObject, certificate: Buffer): SigningKey {
  const { fingerprint } = new X509Certificate(certificate);
  const kid = Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
  return { kid, privateKey, certificate };
}

function describeKey({ privateKey, certificate }: SigningKey): Record<string, string> {
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: certificate.toString('base64'),
  };
}

function readKey(kept: unknown): SigningKey | undefined {
  const { privateKey, certificate } = isObject(kept) ? kept : {};
  if (!isString(privateKey) || !isString(certificate)) return undefined;
  return signingKey(createPrivateKey(privateKey), Buffer.from(certificate, 'base64'));
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** How a token can be signed: the right way, and what an app must refuse. */
export const signings = [
  'rs256',
  'ps256',
  'none',
  'hs256',
  'unknown-kid',
  'foreign-key',
  'corrupted',
  'no-kid',
] as const;

export type Signing = (typeof signings)[number];

interface SigningContext {
  readonly keys: SigningKeys;
  /** Signs the token. */
  readonly key: SigningKey;
  /** For `hs256`: what an attacker might know. */
  readonly clientSecret: string;
}

type Sign = (claims: JWTPayload, parts: SigningContext) => Promise<string> | string;

/** All ways to sign a token: the right one, and those that an app must refuse. */
const signers = {
  rs256: (claims, { key }) => sign(claims, key, 'RS256'),
  ps256: (claims, { key }) => sign(claims, key, 'PS256'),
  none: (claims) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
  hs256: (claims, { key, clientSecret }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.kid })
      .sign(new TextEncoder().encode(clientSecret)),
  'unknown-kid': async (claims, { keys }) => sign(claims, await keys.stranger(), 'RS256'),
  'foreign-key': async (claims, { keys, key }) =>
    sign(claims, { ...(await keys.stranger()), kid: key.kid }, 'RS256'),
  corrupted: async (claims, { key }) => corrupt(await sign(claims, key, 'RS256')),
  'no-kid': (claims, { key }) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(key.privateKey),
} as const satisfies Record<Signing, Sign>;

/** A compact JWT (RFC 7519) of `claims`, signed as `signing` says. */
export async function signToken(
  claims: JWTPayload,
  signing: Signing,
  parts: SigningContext,
): Promise<string> {
  return signers[signing](claims, parts);
}

function sign(claims: JWTPayload, key: SigningKey, alg: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: 'JWT', kid: key.kid })
    .sign(key.privateKey);
}

/** Changes a character in the middle of the signature. Some bits of the last character are not used. */
function corrupt(token: string): string {
  const at = token.lastIndexOf('.') + 40;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Checks the access tokens of one API. */
export interface TokenVerifier {
  /** The API's reason to refuse, or the claims. */
  verify(token: string): Promise<{ readonly claims: JWTPayload } | { readonly reason: TokenFault }>;
}

/** Why an API refuses a token. */
export type TokenFault = 'expired' | 'audience' | 'claims' | 'signature';

/**
 * Verifies tokens as an API of the tenant does: signature, issuer, audience and times. An unknown `kid` fetches the keys again
 * at once.
 */
export function createTokenVerifier(options: {
  /** The JWKS of the organisations. */
  readonly keysUrl: string;
  /** The JWKS of personal accounts. */
  readonly consumersKeysUrl?: string | undefined;
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly requiredClaims?: readonly string[];
}): TokenVerifier {
  const keys = createKeys(options.keysUrl, options.consumersKeysUrl);
  const rules = {
    issuer: [...options.issuers],
    audience: [...options.audiences],
    algorithms: ['RS256'],
    requiredClaims: ['exp', ...(options.requiredClaims ?? [])],
  };
  return {
    async verify(token) {
      try {
        return { claims: await verifyByAnyKey(token, keys, rules) };
      } catch (error) {
        return { reason: faultOf(error) };
      }
    },
  };
}

function createKeys(keysUrl: string, consumersKeysUrl: string | undefined): JWTVerifyGetKey {
  const fetchFrom = (url: string) => createRemoteJWKSet(new URL(url), { cooldownDuration: 0 });
  const keys = fetchFrom(keysUrl);
  if (consumersKeysUrl === undefined) return keys;
  const consumersKeys = fetchFrom(consumersKeysUrl);
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return consumersKeys(header, token);
    }
  };
}

async function verifyByAnyKey(
  token: string,
  keys: JWTVerifyGetKey,
  rules: Parameters<typeof jwtVerify>[2],
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    // The list may name a key twice: any of them may fit.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, rules)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'signature';
  return error.claim === 'aud' ? 'audience' : 'claims';
}
