import { isObject } from './is-object';

/** Longest claims request that is passed on: Entra ID's own are a few hundred bytes. */
const maxClaimsLength = 2048;

/**
 * Whether `text` is a claims request that may be sent to the provider: a JSON object of at most
 * 2 KB whose members are objects. MSAL merges its own wishes into `id_token` and `access_token`
 * and breaks on anything else there.
 * @see OpenID Connect Core 1.0 section 5.5
 */
export function isClaimsRequest(text: string): boolean {
  if (text.length > maxClaimsLength) return false;
  try {
    const claims: unknown = JSON.parse(text);
    return isObject(claims) && Object.values(claims).every(isObject);
  } catch {
    return false;
  }
}

/** What a claims request demands of the ID token. */
export interface IdTokenDemands {
  /** One of these authentication contexts. */
  readonly acrs?: readonly string[];
  /** When the user was asked for credentials. */
  readonly authTime?: boolean;
}

/**
 * The claims that are marked essential for the ID token, as far as they tell of the sign-in itself.
 * @param claims a claims request that may be sent, see {@link isClaimsRequest}
 */
export function idTokenDemands(claims: string): IdTokenDemands {
  const request: unknown = JSON.parse(claims);
  const idToken = isObject(request) && isObject(request['id_token']) ? request['id_token'] : {};
  const essential = (name: string): Record<string, unknown> | undefined => {
    const claim = idToken[name];
    return isObject(claim) && claim['essential'] === true ? claim : undefined;
  };
  const acrs = essential('acrs');
  const wanted = [acrs?.['value'], acrs?.['values']]
    .flat()
    .filter((one) => typeof one === 'string');
  return {
    ...(wanted.length === 0 ? {} : { acrs: wanted }),
    ...(essential('auth_time') === undefined ? {} : { authTime: true }),
  };
}
