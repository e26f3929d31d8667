import { isClaimsRequest } from '../claims-request';
import { parseWwwAuthenticate } from './www-authenticate';

/**
 * The claims request that a resource demands before it accepts a token, as JSON text; `undefined`
 * when the header holds no claims challenge, or one that should not be passed on.
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function parseClaimsChallenge(wwwAuthenticate: string | null): string | undefined {
  if (wwwAuthenticate === null) return undefined;
  const challenges = parseWwwAuthenticate(wwwAuthenticate) ?? [];
  for (const { scheme, parameters } of challenges) {
    if (scheme !== 'bearer' || parameters.get('error') !== 'insufficient_claims') continue;
    const claims = decode(parameters.get('claims') ?? '');
    if (claims !== undefined && isClaimsRequest(claims)) return claims;
  }
  return undefined;
}

/** Documented as base64, seen as base64url, with padding and without. */
function decode(value: string): string | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return undefined;
  try {
    const bytes = Buffer.from(value, 'base64url');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
