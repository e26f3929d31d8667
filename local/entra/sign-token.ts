import type { JWTPayload } from 'jose';
import { SignJWT } from 'jose';
import type { SigningKey, SigningKeys } from './signing-keys';

interface SigningParts {
  readonly keys: SigningKeys;
  readonly clientSecret: string;
}

type Sign = (claims: JWTPayload, parts: SigningParts) => Promise<string> | string;

/** Every way a token can be signed: the right one, and what an app must refuse. */
const signers = {
  rs256: (claims, { keys }) => sign(claims, keys.current(), 'RS256'),
  ps256: (claims, { keys }) => sign(claims, keys.current(), 'PS256'),
  none: (claims) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
  hs256: (claims, { keys, clientSecret }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keys.current().kid })
      .sign(new TextEncoder().encode(clientSecret)),
  'unknown-kid': (claims, { keys }) => sign(claims, keys.stranger, 'RS256'),
  'foreign-key': (claims, { keys }) =>
    sign(claims, { ...keys.stranger, kid: keys.current().kid }, 'RS256'),
  corrupted: async (claims, { keys }) => corrupt(await sign(claims, keys.current(), 'RS256')),
  'no-kid': (claims, { keys }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .sign(keys.current().privateKey),
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
