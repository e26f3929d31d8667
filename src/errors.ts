import { type ErrorCode, type ErrorTone, factsOf, isErrorCode, isErrorTone } from './error-facts';
import { personalTenantId } from './setting-values';

/** What is kept of an error answer of the provider. `error_description` is not kept: it names users and tenants. */
export interface ProviderRefusal {
  /** `error` of RFC 6749 sections 4.1.2.1 and 5.2, letters and underscores only. */
  readonly error: string;
  /** `suberror` of the token endpoint or `error_subcode` of a redirect, with the same characters as `error`. */
  readonly suberror?: string;
  /** `AADSTS50105` or `AADB2C90118`. Of several numbers, the one that says most. */
  readonly number?: string;
  /** A GUID, by which Microsoft's support and the sign-in log find the request. */
  readonly correlationId?: string;
  /** Which answer it was: of the sign-in page, to the redemption of a code, to a refresh, or to the app itself. */
  readonly where?: 'redirect' | 'redemption' | 'refresh' | 'app';
}

/**
 * The name or code of an error that came from outside, for the log and for pages. A service may quote in it what it was sent,
 * so a text that could be a secret is `undefined`: it must be letters and underscores, or short words of capital letters and digits
 * (`ERR_HTTP2_ERROR`).
 */
export function errorWord(text: unknown): string | undefined {
  const isWord =
    typeof text === 'string' &&
    text.length <= 64 &&
    /^(?:[A-Za-z][A-Za-z_]*|[A-Z][A-Z\d]{0,15}(?:_[A-Z\d]{1,15}){0,8})$/.test(text);
  return isWord ? text : undefined;
}

/** More about one failure. */
export interface AppErrorOptions {
  readonly cause?: unknown;
  /** What the provider said when it refused. The log has all of it, the page shows number and correlation id. */
  readonly refusal?: ProviderRefusal;
  /** For the log only, never shown. It must not contain a code, token, cookie value, secret or session id. */
  readonly note?: string;
  /** Seconds until a retry makes sense, if a service named them. Otherwise the time of the code counts. */
  readonly retryAfterSeconds?: number | undefined;
  /** The API that failed, by its name in `callApi`. Shown to people and clients. */
  readonly api?: string | undefined;
}

/** A failure of a team's own, as people and clients are told it. */
export interface OwnError {
  /** Stable, for clients: capital letters, digits and `_`. Codes that begin with `ERR_` are Anteroom's. */
  readonly code: string;
  /** The HTTP status: 400 to 599. */
  readonly status: number;
  /** One line: what happened. Shown to people. */
  readonly title: string;
  /** One or two sentences: who must act, and how. Shown to people. */
  readonly detail: string;
  /** Seconds until a retry makes sense. Left out if a retry does not help. */
  readonly retryAfterSeconds?: number;
  /** Whose turn it is, for picture, colour and first line of the page. Left out, the status decides. */
  readonly tone?: ErrorTone;
}

/**
 * A failure with a stable code. If a handler behind a guard throws it, it becomes a page for a browser that opens a page,
 * and problem details (RFC 9457) for every other client. It is logged once: from status 500 on as an error. Anything else
 * that a handler throws is 500 without any detail.
 * @example
 * ```ts
 * import { AppError } from 'anteroom';
 *
 * export class NotPaidError extends AppError {
 *   constructor(order: number) {
 *     const title = 'This order is not paid';
 *     const detail = 'Pay it on the page of the order.';
 *     super({ code: 'NOT_PAID', status: 402, title, detail }, { note: `order ${order}` });
 *   }
 * }
 * ```
 */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  /** An `ErrorCode`, or a code of a team's own. */
  readonly code: string;
  readonly status: number;
  /** Shown to people. */
  readonly title: string;
  /** Shown to people. */
  readonly detail: string;
  /** Whose turn it is, as the page shows it. */
  readonly tone: ErrorTone;
  /** For the log only. */
  readonly note: string | undefined;
  readonly refusal: ProviderRefusal | undefined;
  /** Sent as `Retry-After`; `undefined` if a new try does not help. */
  readonly retryAfterSeconds: number | undefined;
  /** The API that failed, by its name in `callApi`; `undefined` for every other failure. */
  readonly api: string | undefined;

  /** @throws TypeError for a code that is not known, and for what a team's own error cannot have */
  constructor(error: ErrorCode | OwnError, options: AppErrorOptions = {}) {
    if (typeof error === 'object') requireOwn(error);
    // Without a status the answer would be 200.
    else if (!isErrorCode(error)) throw new TypeError('no error of Anteroom has this code');
    const facts = typeof error === 'object' ? error : { code: error, ...factsOf(error) };
    const { code, title } = facts;
    const { refusal, note = refusal && describeRefusal(refusal) } = options;
    super(
      note === undefined ? `${code}: ${title}` : `${code}: ${note}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.status = facts.status;
    this.title = title;
    this.detail = facts.detail;
    this.note = note;
    this.refusal = refusal;
    this.api = options.api;
    const { retryAfterSeconds = facts.retryAfterSeconds } = options;
    // The header takes whole seconds. With 0 the client would come back at once, only to be sent away again.
    this.retryAfterSeconds =
      retryAfterSeconds === undefined ? undefined : Math.max(Math.ceil(retryAfterSeconds), 1);
    this.tone = facts.tone ?? toneOfStatus(facts.status, retryAfterSeconds);
  }
}

/** Clients act on codes that begin with `ERR_`, and the host would take any status. */
function requireOwn({ code, status, title, detail, tone }: OwnError): void {
  if (!/^[A-Z][A-Z0-9_]*$/.test(code) || code.startsWith('ERR_')) {
    throw new TypeError('code must be capital letters, digits and _, and must not begin with ERR_');
  }
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new TypeError('status must be a whole number from 400 to 599');
  }
  if (typeof title !== 'string' || typeof detail !== 'string') {
    throw new TypeError('title and detail must be texts');
  }
  if (tone !== undefined && !isErrorTone(tone)) {
    throw new TypeError(
      'tone must be one of passing, ask, cancelled, ours, yours, refused and lost',
    );
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

/** 401 or 403: a client sent a bearer token that does not open what it asked for. Always answered as problem details. */
export class BearerError extends AppError {
  /** The header `WWW-Authenticate` (RFC 6750 section 3). `undefined` when no other token of this client would help. */
  readonly challenge: string | undefined;
  /** The missing scope or app role, for the client. */
  readonly missing: { readonly scope?: string; readonly role?: string };

  constructor(
    code:
      | 'ERR_BEARER_TOKEN'
      | 'ERR_SCOPE_MISSING'
      | 'ERR_APP_ROLE_MISSING'
      | 'ERR_CLAIMS_NEEDED'
      | 'ERR_CONSENT_NEEDED',
    options: AppErrorOptions & {
      readonly challenge?: string;
      readonly missing?: BearerError['missing'];
    },
  ) {
    super(code, options);
    this.challenge = options.challenge;
    this.missing = options.missing ?? {};
  }
}

/** What the provider, an API or a guard asks for before it answers: consent to scopes, claims, or a recent sign-in. */
export interface StepUp {
  readonly scopes: readonly string[];
  /** The decoded claims request (OpenID Connect Core section 5.5), a JSON text. */
  readonly claims?: string;
  /** `max_age` of the authorization request (OpenID Connect Core section 3.1.2.1), in seconds. */
  readonly maxAgeSeconds?: number;
}

/** 401: the user must go through the provider once more; the session is kept. */
export class StepUpError extends AppError {
  readonly stepUp: StepUp;

  constructor(stepUp: StepUp, options: AppErrorOptions = {}) {
    super('ERR_STEP_UP', options);
    this.stepUp = stepUp;
  }
}

/** 403: the person came back from a step-up, and the ID token does not show what was asked for. */
export class StepUpUnmetError extends AppError {
  readonly claim: 'acrs' | 'auth_time';

  constructor(claim: 'acrs' | 'auth_time') {
    super('ERR_STEP_UP_UNMET', { note: `the ID token failed the check of ${claim}` });
    this.claim = claim;
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

/** 403: the app's own check refused a sign-in. */
export class SignInRefusedByAppError extends AppError {
  /** The app's text, for the person. Not for the log: it may name the person. */
  readonly reason: string;

  constructor(reason: string) {
    super('ERR_SIGN_IN_REFUSED_BY_APP');
    this.reason = reason;
  }
}

/**
 * 403: an administrator did not consent. Anybody can write an address that says so, so only its number is shown.
 */
export class ConsentDeclinedError extends AppError {
  /** `AADSTS65004`, for instance. */
  readonly number: string | undefined;

  constructor({ number }: ProviderRefusal) {
    super('ERR_CONSENT_DECLINED', number === undefined ? {} : { note: number });
    this.number = number;
  }
}

/** 403: the account's tenant is not on the list of tenants that may sign in. */
export class TenantRefusedError extends AppError {
  /** The tenant of the account, for the operator who decides about it. */
  readonly tenantId: string;

  constructor(tenantId: string) {
    super(tenantId === personalTenantId ? 'ERR_PERSONAL_ACCOUNT' : 'ERR_TENANT_NOT_ALLOWED', {
      note: `the tenant ${tenantId} is not in ENTRA_ALLOWED_TENANTS`,
    });
    this.tenantId = tenantId;
  }
}

/**
 * The provider or the table says that a session is over. It is a class of its own, since a guard ends the session for it:
 * a team's handler that throws an AppError with the same code ends nothing.
 */
export class SessionOverError extends AppError {
  constructor(options: AppErrorOptions) {
    super('ERR_SIGNED_OUT', options);
  }
}

/** 401: the visitor must go to `loginPath` (on this origin) before the request can be answered. */
export class SignInNeededError extends AppError {
  readonly loginPath: string;
  /** The person has just been there, so this is shown as a page and not followed automatically. */
  readonly isRepeated: boolean;
  /** The wanted page, when its address is too long to come back to: the person must know it. */
  readonly lostPage: string | undefined;
  /** `WWW-Authenticate`, if a bearer token would do too. */
  readonly challenge: string | undefined;

  constructor(
    code: 'ERR_SIGNED_OUT' | 'ERR_STEP_UP' | 'ERR_PAGE_TOO_LONG',
    loginPath: string,
    options: AppErrorOptions & {
      readonly isRepeated?: boolean;
      readonly lostPage?: string | undefined;
      readonly challenge?: string | undefined;
    } = {},
  ) {
    // Every request without a session ends with it, and nobody looks at its stack, which costs half of such an answer.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.loginPath = loginPath;
    this.lostPage = options.lostPage;
    this.challenge = options.challenge;
    this.isRepeated = options.isRepeated ?? false;
  }
}

/** The tone of an error of a team's own that names none: its status decides. */
function toneOfStatus(status: number, retryAfterSeconds: number | undefined): ErrorTone {
  if (status >= 500) return retryAfterSeconds === undefined ? 'ours' : 'passing';
  return status === 404 || status === 410 ? 'lost' : 'refused';
}
