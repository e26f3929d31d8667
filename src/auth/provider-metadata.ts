import { AppError } from '../errors';
import { isObject } from '../is-object';
import { isLoopback } from '../loopback';

/**
 * The part of the provider's metadata that this app uses.
 * @see OpenID Connect Discovery 1.0 section 3, RP-Initiated Logout 1.0 section 2.1, RFC 9207 section 3
 */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly keysUri: string;
  readonly endSessionEndpoint: string | undefined;
  /** The provider promises `iss` in every authorization response, so an answer without it is forged. */
  readonly sendsIssuer: boolean;
}

interface Expected {
  /** What `issuer` must equal, character by character. */
  readonly issuer: string;
  /** Where the metadata came from: http endpoints are taken from http loopback only. */
  readonly authority: string;
}

/**
 * Checks what the provider says about itself.
 * @throws ERR_PROVIDER_MISMATCH when it is another provider, or an endpoint is missing or unsafe
 */
export function parseProviderMetadata(document: unknown, expected: Expected): ProviderMetadata {
  const members = isObject(document) ? document : {};
  if (members['issuer'] !== expected.issuer) {
    throw mismatch('issuer in the metadata differs from ENTRA_ISSUER');
  }
  const allowsHttp = isHttpLoopback(expected.authority);
  const endpoint = (name: string): string => {
    const value = members[name];
    if (!isSafeEndpoint(value, allowsHttp)) throw mismatch(`${name} is missing or unsafe`);
    return value;
  };
  return {
    issuer: expected.issuer,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    keysUri: endpoint('jwks_uri'),
    endSessionEndpoint:
      members['end_session_endpoint'] === undefined ? undefined : endpoint('end_session_endpoint'),
    sendsIssuer: members['authorization_response_iss_parameter_supported'] === true,
  };
}

function isSafeEndpoint(value: unknown, allowsHttp: boolean): value is string {
  if (typeof value !== 'string' || value.length > 2048 || !URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (allowsHttp && isHttpLoopback(value));
}

/** True for `http:` on this very machine, where no one can listen in. */
export function isHttpLoopback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'http:' && isLoopback(url.hostname);
}

function mismatch(note: string): AppError {
  return new AppError('ERR_PROVIDER_MISMATCH', { note });
}
