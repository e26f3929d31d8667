import type { ErrorCode } from './error-facts';
import { factsOf } from './error-facts';

/** What is kept of an error answer of the provider. `error_description` is not: it names users and tenants. */
export interface ProviderRefusal {
  /** `error` of RFC 6749 sections 4.1.2.1 and 5.2, letters and underscores only. */
  readonly error: string;
  /** `suberror` of the token endpoint or `error_subcode` of a redirect, with the same characters as `error`. */
  readonly suberror?: string;
  /** `AADSTS50105` or `AADB2C90118`: of several numbers the one that says most. */
  readonly number?: string;
  /** A GUID, by which Microsoft's support and the sign-in log find the request. */
  readonly correlationId?: string;
  /** Which answer it was: of the sign-in page, to the redemption of a code, or to a refresh. */
  readonly where?: 'redirect' | 'redemption' | 'refresh';
}

interface AppErrorOptions {
  readonly cause?: unknown;
  /** What the provider said when it refused. The log has it, the page shows number and correlation id. */
  readonly refusal?: ProviderRefusal;
  /** For the log only, never shown. Must not hold a code, token, cookie value, secret or session id. */
  readonly note?: string;
  /** Seconds until a retry makes sense, where the service said so; else the time of the code counts. */
  readonly retryAfterSeconds?: number | undefined;
}

/** A failure with a stable code. `http/answer-error.ts` is the one place that turns it into an answer. */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly note: string | undefined;
  readonly refusal: ProviderRefusal | undefined;
  /** Sent as `Retry-After`; `undefined` where a new try does not help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const facts = factsOf(code);
    const { refusal, note = refusal && describeRefusal(refusal) } = options;
    super(
      note === undefined ? `${code}: ${facts.title}` : `${code}: ${note}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.status = facts.status;
    this.note = note;
    this.refusal = refusal;
    this.retryAfterSeconds = options.retryAfterSeconds ?? facts.retryAfterSeconds;
  }
}

function describeRefusal({ error, number }: ProviderRefusal): string {
  return `the provider answered ${error}${number === undefined ? '' : ` ${number}`}`;
}

/** 403: the signed-in user lacks `role` (the app role's value in the `roles` claim). */
export class RoleMissingError extends AppError {
  readonly role: string;

  constructor(role: string) {
    super('ERR_ROLE_MISSING', { note: `needs the app role ${role}` });
    this.role = role;
  }
}

/** What the provider or Graph asks for before it answers: consent to scopes, or a claims challenge. */
export interface StepUp {
  readonly scopes: readonly string[];
  /** The decoded claims request (OpenID Connect Core section 5.5), a JSON text. */
  readonly claims?: string;
}

/** 401: the user must go through the provider once more; the session is kept. */
export class StepUpError extends AppError {
  readonly stepUp: StepUp;

  constructor(stepUp: StepUp, options: AppErrorOptions = {}) {
    super('ERR_STEP_UP', options);
    this.stepUp = stepUp;
  }
}

/** 403: the provider answered a known sign-in attempt with an error that the person who signs in can read. */
export class SignInRefusedError extends AppError {
  override readonly refusal: ProviderRefusal;

  constructor(refusal: ProviderRefusal, options: AppErrorOptions = {}) {
    super('ERR_SIGN_IN_REFUSED', { ...options, refusal });
    this.refusal = refusal;
  }
}

/**
 * 403: an administrator did not consent. Anybody can write the address that says so, so only the number of it is shown.
 */
export class ConsentDeclinedError extends AppError {
  /** `AADSTS65004`, for instance. */
  readonly number: string | undefined;

  constructor({ number }: ProviderRefusal) {
    super('ERR_CONSENT_DECLINED', number === undefined ? {} : { note: number });
    this.number = number;
  }
}

/** 401: the visitor must go to `loginPath` (on this origin) before the request can be answered. */
export class SignInNeededError extends AppError {
  readonly loginPath: string;
  /** The person has just been there: shown as a page, not followed by itself. */
  readonly isRepeated: boolean;
  /** The page that was wanted, when it is too long to come back to: the person must be told. */
  readonly lostPage: string | undefined;

  constructor(
    code: 'ERR_SIGNED_OUT' | 'ERR_STEP_UP' | 'ERR_PAGE_TOO_LONG',
    loginPath: string,
    options: AppErrorOptions & {
      readonly isRepeated?: boolean;
      readonly lostPage?: string | undefined;
    } = {},
  ) {
    super(code, options);
    this.loginPath = loginPath;
    this.lostPage = options.lostPage;
    this.isRepeated = options.isRepeated ?? false;
  }
}
