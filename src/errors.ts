import type { ErrorCode } from './error-facts';
import { factsOf } from './error-facts';

interface AppErrorOptions {
  readonly cause?: unknown;
  /** For the log only, never shown. Must not hold a code, token, cookie value, secret or session id. */
  readonly note?: string;
  /** When a new try makes sense, in seconds, where the service that failed said so; else the code's own time counts. */
  readonly retryAfterSeconds?: number | undefined;
}

/** A failure with a stable code. `http/answer-error.ts` is the one place that turns it into an answer. */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly note: string | undefined;
  /** Sent as `Retry-After`; `undefined` where a new try does not help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const facts = factsOf(code);
    super(
      options.note === undefined ? `${code}: ${facts.title}` : `${code}: ${options.note}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.status = facts.status;
    this.note = options.note;
    this.retryAfterSeconds = options.retryAfterSeconds ?? facts.retryAfterSeconds;
  }
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

/** What may be shown of an error answer of the provider. `error_description` never is. */
export interface ProviderRefusal {
  /** `error` of RFC 6749 section 4.1.2.1, letters and underscores only. */
  readonly error: string;
  /** The number in `AADSTS50105`, where the provider sent one. */
  readonly aadsts?: string;
  /** A GUID that Microsoft's support can look up. */
  readonly correlationId?: string;
}

/** 403: the provider answered a known sign-in attempt with an error. */
export class SignInRefusedError extends AppError {
  readonly refusal: ProviderRefusal;

  constructor(refusal: ProviderRefusal, options: AppErrorOptions = {}) {
    super('ERR_SIGN_IN_REFUSED', {
      ...options,
      note: `the provider answered ${refusal.error}${refusal.aadsts === undefined ? '' : ` AADSTS${refusal.aadsts}`}`,
    });
    this.refusal = refusal;
  }
}

/** 401: the visitor must go to `loginPath` (on this origin) before the request can be answered. */
export class SignInNeededError extends AppError {
  readonly loginPath: string;
  /** The person has just been there: shown as a page, not followed by itself. */
  readonly isRepeated: boolean;

  constructor(
    code: 'ERR_SIGNED_OUT' | 'ERR_STEP_UP',
    loginPath: string,
    options: AppErrorOptions & { readonly isRepeated?: boolean } = {},
  ) {
    super(code, options);
    this.loginPath = loginPath;
    this.isRepeated = options.isRepeated ?? false;
  }
}
