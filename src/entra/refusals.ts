import { isObject } from '../bodies';
import { isErrorCode } from '../error-facts';
import {
  AppError,
  errorWord,
  type ProviderRefusal,
  SessionOverError,
  SignInRefusedError,
  StepUpError,
} from '../errors';
import { AskedToWaitError } from '../waiting';
import { isClaimsRequest } from './claims-challenge';
import { byNumber, isOfTheApp, meaningOf } from './refusal-table';

/** The result of the last request to the token endpoint. MSAL's errors keep only a part of it. */
export type TokenAnswer =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'granted' }
  | {
      readonly kind: 'refused';
      readonly refused: TokenRefusal;
      /** How long it asks to wait, if it says so. */
      readonly waitSeconds?: number | undefined;
    }
  | { readonly kind: 'unavailable'; readonly error: AppError };

/**
 * What an error answer of the sign-in page means to the person who signs in: ERR_PROVIDER_UNAVAILABLE when the provider is
 * busy or failing, which may pass, else ERR_SIGN_IN_REFUSED (a SignInRefusedError).
 */
export function redirectError(refusal: ProviderRefusal): AppError {
  return meaningOf(refusal).kind === 'passing'
    ? new AppError('ERR_PROVIDER_UNAVAILABLE', { refusal })
    : new SignInRefusedError(refusal);
}

/**
 * What a failed redemption of a code means to the person who signs in.
 *
 * - ERR_SIGN_IN_EXPIRED: the code was used already, or came too late; a new sign-in may help
 * - a StepUpError: the provider asks for these claims first. Its `cause` is the refusal to show when they do not help
 * - ERR_SIGN_IN_REFUSED: the person, or an administrator, must act
 * - ERR_PROVIDER_REFUSED: the app or its request is not accepted
 * - ERR_PROVIDER_UNAVAILABLE: the provider is busy, failing or out of reach
 * - ERR_ID_TOKEN, ERR_TOKEN_SIZE, ERR_PROVIDER_MISMATCH: as the token request itself failed
 * @param error what MSAL threw
 * @param answer what the token endpoint said
 * @param scopes what was asked for
 */
export function redemptionError(
  error: unknown,
  answer: TokenAnswer,
  scopes: readonly string[],
): AppError {
  const failure = readFailure(error, answer);
  if (failure instanceof AppError) return withRequest(failure, 'redemption');
  if ('isExpired' in failure) {
    return new AppError('ERR_INTERNAL', { note: 'MSAL looked for a refresh token' });
  }
  const refusal = { ...failure.refusal, where: 'redemption' as const };
  const { kind } = meaningOf(refusal);
  if (isOfTheApp(refusal)) return new AppError('ERR_PROVIDER_REFUSED', { refusal });
  if (kind === 'passing') return passing(refusal, answer);
  if (kind === 'spent') return new AppError('ERR_SIGN_IN_EXPIRED', { refusal });
  const claims = usableClaims(failure);
  if (claims !== undefined && (kind === 'interaction' || kind === 'unknown')) {
    return new StepUpError({ scopes, claims }, { refusal, cause: new SignInRefusedError(refusal) });
  }
  return isBareInvalidGrant(refusal)
    ? new AppError('ERR_SIGN_IN_EXPIRED', { refusal })
    : new SignInRefusedError(refusal);
}

/** Other providers send no numbers: their `invalid_grant` says only that the code does not work. */
function isBareInvalidGrant({ error, suberror, number }: ProviderRefusal): boolean {
  return error === 'invalid_grant' && number === undefined && suberror === undefined;
}

/**
 * What happens to a session whose tokens could not be refreshed.
 *
 * - a StepUpError: the user must go through the provider once more, the session is kept
 * - ERR_SIGNED_OUT: the provider ended its own session, so this one ends
 * - ERR_PROVIDER_REFUSED: the app or its request is not accepted; the session is kept, since the user was not refused
 * - ERR_PROVIDER_UNAVAILABLE: the provider gave no answer of use, the session is kept
 * - ERR_ID_TOKEN, ERR_TOKEN_SIZE, ERR_PROVIDER_MISMATCH: as the token request itself failed; the session is kept
 */
export function refreshError(
  error: unknown,
  answer: TokenAnswer,
  scopes: readonly string[],
): AppError {
  const failure = readFailure(error, answer);
  if (failure instanceof AppError) return withRequest(failure, 'refresh');
  if ('isExpired' in failure) {
    return failure.isExpired
      ? new StepUpError({ scopes }, { note: 'the refresh token expired' })
      : new SessionOverError({ note: 'the token cache holds no refresh token' });
  }
  const refusal = { ...failure.refusal, where: 'refresh' as const };
  const claims = usableClaims(failure);
  switch (meaningOf(refusal).kind) {
    case 'interaction':
    case 'policy':
      return new StepUpError({ scopes, ...(claims !== undefined && { claims }) }, { refusal });
    case 'spent':
    case 'person':
    case 'over':
      return new SessionOverError({ refusal });
    case 'app':
    case 'request':
    case 'malformed':
      return new AppError('ERR_PROVIDER_REFUSED', { refusal });
    case 'passing':
      return passing(refusal, answer);
    case 'unknown':
      if (claims !== undefined) return new StepUpError({ scopes, claims }, { refusal });
      return refusal.error === 'invalid_grant'
        ? new SessionOverError({ refusal })
        : new AppError('ERR_PROVIDER_REFUSED', { refusal });
  }
}

/**
 * What a refused request for the app's own token means: ERR_PROVIDER_UNAVAILABLE when the refusal may pass, else
 * ERR_PROVIDER_REFUSED. No user can do anything about it, and nobody is signed out.
 */
export function appTokenError(error: unknown, answer: TokenAnswer): AppError {
  const failure = readFailure(error, answer);
  if (failure instanceof AppError) return withRequest(failure, 'app');
  if ('isExpired' in failure) {
    return new AppError('ERR_INTERNAL', { note: 'MSAL looked for a user' });
  }
  const refusal = { ...failure.refusal, where: 'app' as const };
  return meaningOf(refusal).kind === 'passing'
    ? passing(refusal, answer)
    : new AppError('ERR_PROVIDER_REFUSED', { refusal });
}

function passing(refusal: ProviderRefusal, answer: TokenAnswer): AppError {
  const wait = answer.kind === 'refused' ? answer.waitSeconds : undefined;
  return wait === undefined
    ? new AppError('ERR_PROVIDER_UNAVAILABLE', { refusal })
    : new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', wait, { refusal });
}

/** The same failure, with the request to which the provider answered. */
function withRequest(failure: AppError, where: NonNullable<ProviderRefusal['where']>): AppError {
  const { code } = failure;
  if (failure.refusal === undefined || !isErrorCode(code)) return failure;
  const refusal = { ...failure.refusal, where };
  return failure instanceof AskedToWaitError
    ? new AskedToWaitError(code, failure.waitSeconds, { refusal })
    : new AppError(code, { refusal });
}

/** Entra ID adds claims to refusals that no step-up can resolve, such as `invalid_client`. There they mean nothing. */
function usableClaims({ refusal: { error }, claims }: TokenRefusal): string | undefined {
  return error === 'invalid_grant' || error === 'interaction_required' ? claims : undefined;
}

/**
 * Sorts a failure by what the token endpoint said, since MSAL's errors lose claims, further numbers and the cause of a
 * network failure. They are not kept as `cause`: their messages quote `error_description`, which names users.
 */
function readFailure(
  error: unknown,
  answer: TokenAnswer,
): AppError | TokenRefusal | { readonly isExpired: boolean } {
  if (error instanceof AppError) return error;
  if (answer.kind === 'unavailable') return answer.error;
  if (answer.kind === 'refused') return answer.refused;
  const { name, code } = readMsalError(error);
  if (name === 'InteractionRequiredAuthError' && answer.kind === 'not-asked') {
    return { isExpired: code !== 'no_tokens_found' };
  }
  return fault(error, answer);
}

/** By its name, not by its class: this module is loaded at the start, and MSAL only when it is needed. */
function readMsalError(error: unknown): { readonly name: string; readonly code: string } {
  if (!(error instanceof Error)) return { name: 'none', code: 'unknown' };
  const code = 'errorCode' in error ? errorWord(error.errorCode) : undefined;
  return { name: error.name, code: code ?? 'unknown' };
}

/** The provider granted something MSAL cannot read, or MSAL could not build its request. */
function fault(error: unknown, answer: TokenAnswer): AppError {
  const { name, code } = readMsalError(error);
  if (answer.kind === 'granted' && name === 'ClientAuthError') {
    const check = code === 'nonce_mismatch' ? 'nonce' : 'form';
    return new AppError('ERR_ID_TOKEN', { note: `the ID token failed the check of ${check}` });
  }
  if (answer.kind === 'not-asked') {
    // For instance a private key that cannot be read.
    const note = `no token request could be made (${code})`;
    return new AppError('ERR_PROVIDER_MISMATCH', { note });
  }
  return new AppError('ERR_ID_TOKEN', { note: `the token answer cannot be read (${code})` });
}

/** An error answer of the token endpoint: RFC 6749 section 5.2, with what Entra ID adds to it. */
export interface TokenRefusal {
  readonly refusal: ProviderRefusal;
  /** A claims challenge, the JSON text of a claims request. It does not mean that a step-up would help. */
  readonly claims?: string;
}

/** RFC 6749 allows more characters here, but no provider sends them. */
const namePattern = /^[A-Za-z][\w.-]{0,63}$/;
/** Only a GUID is shown. */
const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const maxNumbers = 10;

/** Numbers that say only that something was refused. Another number in the same answer says why. */
const genericNumbers: ReadonlySet<string> = new Set([
  'AADSTS50000',
  'AADSTS50013',
  'AADSTS70000',
  'AADSTS70001',
  'AADSTS70002',
]);

/** Reads an error answer of the token endpoint; `undefined` when the body is not one. */
export function readTokenRefusal(body: unknown): TokenRefusal | undefined {
  if (!isObject(body) || !isErrorName(body['error'])) return undefined;
  const { error, suberror, error_codes: codes, claims, correlation_id: correlationId } = body;
  const described = readDescription(body['error_description']);
  const numbers = [
    ...(Array.isArray(codes) ? codes.flatMap(entraNumber) : []),
    ...described.numbers,
  ];
  return {
    refusal: refusalOf(
      error,
      suberror,
      numbers,
      isGuid(correlationId) ? correlationId : described.guid,
    ),
    ...(typeof claims === 'string' && isClaimsRequest(claims) ? { claims } : {}),
  };
}

/**
 * Reads the provider's error out of the query of a redirect (RFC 6749 section 4.1.2.1); `undefined` when `error` is not one.
 * Of `error_description`, which names users and tenants, only numbers and the correlation id are taken.
 */
export function readRedirectRefusal(query: URLSearchParams): ProviderRefusal | undefined {
  const error = query.get('error');
  if (!isErrorName(error)) return undefined;
  const { numbers, guid } = readDescription(query.get('error_description'));
  return { ...refusalOf(error, query.get('error_subcode'), numbers, guid), where: 'redirect' };
}

function refusalOf(
  error: string,
  suberror: unknown,
  numbers: readonly string[],
  correlationId: string | undefined,
): ProviderRefusal {
  const number = mostSpecific(numbers.slice(0, maxNumbers));
  const subname = errorWord(suberror);
  return {
    // The log has it. Some of these names could be secrets.
    error: errorWord(error) ?? 'unnamed',
    ...(subname === undefined ? {} : { suberror: subname }),
    ...(number === undefined ? {} : { number }),
    ...(correlationId === undefined ? {} : { correlationId: correlationId.toLowerCase() }),
  };
}

function readDescription(description: unknown): { numbers: readonly string[]; guid?: string } {
  if (typeof description !== 'string') return { numbers: [] };
  const numbers = [...description.matchAll(/\bAAD(?:STS|B2C)\d{4,9}\b/g)].map(([number]) => number);
  const guid = /\bCorrelation ID: ([0-9A-Fa-f-]{36})(?![0-9A-Fa-f-])/.exec(description)?.[1];
  return isGuid(guid) ? { numbers, guid } : { numbers };
}

/** Members of `error_codes`, which B2C does not send. */
function entraNumber(code: unknown): readonly string[] {
  const digits = typeof code === 'number' || typeof code === 'string' ? String(code) : '';
  return /^[1-9]\d{3,8}$/.test(digits) ? [`AADSTS${digits}`] : [];
}

/** The generic number often comes first (`[70002, 500133]`). A number that the table has says most. */
function mostSpecific(numbers: readonly string[]): string | undefined {
  const specific = numbers.filter((number) => !genericNumbers.has(number));
  return specific.findLast((number) => byNumber.has(number)) ?? specific.at(-1) ?? numbers.at(-1);
}

function isErrorName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value);
}

function isGuid(value: unknown): value is string {
  return typeof value === 'string' && guidPattern.test(value);
}
