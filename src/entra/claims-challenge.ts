import { isObject, parseJson } from '../bodies';

/** Those of Entra ID have a few hundred bytes. */
const maxClaimsLength = 2048;

/**
 * Whether `text` is a claims request that may be sent to the provider: a JSON object of at most 2 KB whose members are
 * objects. MSAL adds members to `id_token` and `access_token`, and fails when they are anything else.
 * @see OpenID Connect Core 1.0 section 5.5
 */
export function isClaimsRequest(text: string): boolean {
  if (text.length > maxClaimsLength) return false;
  const claims = parseJson(text);
  return isObject(claims) && Object.values(claims).every(isObject);
}

/** What a sign-in must fulfil. A provider may ignore it, so the ID token must show that it was met. */
export interface SignInDemands {
  /** Authentication contexts (`acrs`), one of which must have been met. */
  readonly acrs?: readonly string[];
  /** The token must say when the user was asked for credentials. */
  readonly authTime?: boolean;
  /** How long ago that may be: `max_age` of the request, in seconds. */
  readonly maxAgeSeconds?: number;
}

/** How a person signed in, as the ID tokens of the session say. */
export interface SignInFacts {
  /** Authentication contexts that the person has met. */
  readonly acrs: readonly string[];
  /** When the person was asked for credentials, epoch seconds. `undefined` when the provider did not say. */
  readonly authTime: number | undefined;
}

/** How far the provider's clock and ours may differ. */
export const skewSeconds = 60;

/**
 * The first claim that does not show what is demanded. `undefined` when all do. A sign-in may be older by the seconds that
 * clocks may differ: the provider takes a sign-in of 299 seconds for `max_age=300`, and the person needs a moment to come
 * back.
 * @param now epoch seconds
 * @see OpenID Connect Core 1.0 section 3.1.3.7 (13)
 * @see https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
 */
export function unmetDemand(
  { acrs: met, authTime }: SignInFacts,
  { acrs, authTime: isTimeNeeded, maxAgeSeconds }: SignInDemands,
  now: number,
): 'acrs' | 'auth_time' | undefined {
  if (acrs?.some((context) => met.includes(context)) === false) return 'acrs';
  if (isTimeNeeded !== true && maxAgeSeconds === undefined) return undefined;
  const isTold = authTime !== undefined && authTime <= now + skewSeconds;
  const isRecent = isTold && now <= authTime + (maxAgeSeconds ?? Infinity) + skewSeconds;
  return isRecent ? undefined : 'auth_time';
}

/**
 * The claims request for an authentication context, as JSON text. Entra ID asks the person for what the Conditional Access
 * policy of that context wants, and puts the context into `acrs` of the token.
 * @see https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
 * @see https://github.com/Azure-Samples/ms-identity-javascript-nodejs-tutorial (the same request for an ID token)
 */
export function claimsForContext(token: 'id_token' | 'access_token', context: string): string {
  return JSON.stringify({ [token]: { acrs: { essential: true, value: context } } });
}

/**
 * What a claims request demands of the sign-in: the claims that it marks essential for the ID token.
 * @param claims a claims request that may be sent, see {@link isClaimsRequest}
 */
export function idTokenDemands(claims: string): SignInDemands {
  const request = parseJson(claims);
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

/**
 * The claims request that an API demands before it accepts a token, as JSON text; `undefined` when the header holds no
 * claims challenge, or one that must not be passed on.
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

/** The documentation says base64. APIs send base64url too, with padding and without. */
function decode(value: string): string | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return undefined;
  try {
    const bytes = Buffer.from(value, 'base64url');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** One challenge of a `WWW-Authenticate` header. Names are in lower case, values as they were sent. */
interface Challenge {
  readonly scheme: string;
  readonly token68?: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const maxHeaderLength = 16 * 1024;

/**
 * The challenges of a `WWW-Authenticate` header, also when several headers were joined by commas; `undefined` when it is
 * not well formed: half of a challenge must not have any effect.
 * @see RFC 9110 sections 11.2, 11.6.1 and 5.6
 */
export function parseWwwAuthenticate(header: string): readonly Challenge[] | undefined {
  if (header.length > maxHeaderLength) return undefined;
  const reader = new HeaderReader(header);
  const challenges: Challenge[] = [];
  reader.skip(separators);
  while (!reader.isAtEnd()) {
    const challenge = readChallenge(reader);
    if (challenge === undefined) return undefined;
    challenges.push(challenge);
  }
  return challenges;
}

const separators = /[ \t,]*/y;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
/** Alone in its list element; otherwise it is the name of a parameter. */
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"(?:[\t \x21\x23-\x5B\x5D-\x7E\x80-\xFF]|\\[\t \x21-\x7E\x80-\xFF])*"/y;
/**
 * A value without quotes. RFC 9110 allows a token here, which has no `:` and no `/`; Microsoft Graph sends
 * `authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize`, and base64 may end in `=`.
 * https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/1416
 */
const unquoted = /[^\s",]+/y;
/** After an element there is a comma, or nothing. */
const elementEnd = /[ \t]*(?:,[ \t,]*|$)/y;

function readChallenge(reader: HeaderReader): Challenge | undefined {
  const scheme = reader.take(token)?.toLowerCase();
  if (scheme === undefined) return undefined;
  const none = { scheme, parameters: new Map<string, string>() };
  if (reader.take(elementEnd) !== undefined) return none;
  if (reader.take(/ +/y) === undefined) return undefined;
  const credentials = reader.take(token68);
  if (credentials !== undefined) {
    reader.skip(elementEnd);
    return { ...none, token68: credentials };
  }
  const parameters = readParameters(reader);
  return parameters === undefined ? undefined : { scheme, parameters };
}

/** Parameters up to the next challenge: a name not followed by `=` is the next scheme. */
function readParameters(reader: HeaderReader): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (;;) {
    const start = reader.position;
    const name = reader.take(token)?.toLowerCase();
    if (name === undefined || reader.take(equals) === undefined) {
      reader.position = start;
      return parameters.size === 0 ? undefined : parameters;
    }
    const value = readValue(reader);
    if (value === undefined || parameters.has(name)) return undefined;
    parameters.set(name, value);
    if (reader.take(elementEnd) === undefined) return undefined;
    if (reader.isAtEnd()) return parameters;
  }
}

function readValue(reader: HeaderReader): string | undefined {
  const text = reader.take(quoted);
  return text === undefined ? reader.take(unquoted) : text.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** Reads a text from left to right: takes what a sticky pattern matches at the current position. */
class HeaderReader {
  position = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.position >= this.#text.length;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.position += match[0].length;
    return match[0];
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }
}
