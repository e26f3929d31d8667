import type { JWTPayload } from 'jose';
import { SignJWT } from 'jose';
import type { SigningKey, SigningKeys } from './signing-keys';

interface SigningParts {
  readonly keys: SigningKeys;
  /** The one to sign with. */
  readonly key: SigningKey;
  readonly clientSecret: string;
}

type Sign = (claims: JWTPayload, parts: SigningParts) => Promise<string> | string;

/** Every way a token can be signed: the right one, and what an app must refuse. */
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
} as const satisfies Record<string, Sign>;

export type Signing = keyof typeof signers;

export const signings: readonly Signing[] = [
  'rs256',
  'ps256',
  'none',
  'hs256',
  'unknown-kid',
  'foreign-key',
  'corrupted',
  'no-kid',
];

/** A compact JWT (RFC 7519) of `claims`, signed as `signing` says. */
export async function signToken(
  claims: JWTPayload,
  signing: Signing,
  parts: SigningParts,
): Promise<string> {
  return signers[signing](claims, parts);
}

function sign(claims: JWTPayload, key: SigningKey, alg: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: 'JWT', kid: key.kid })
    .sign(key.privateKey);
}

/** Changes a character in the middle of the signature: the last one may hold bits nobody reads. */
function corrupt(token: string): string {
  const at = token.lastIndexOf('.') + 40;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
