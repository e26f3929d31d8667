import { english } from './texts/en';

const errorTones = ['passing', 'ask', 'cancelled', 'ours', 'yours', 'refused', 'lost'] as const;

/**
 * Whose turn it is after a failure, as its page shows it by a picture, a colour and a line above the title:
 *
 * - `passing`: a service does not answer now. A new try helps
 * - `ask`: an administrator or an operator can help, and the person must ask
 * - `cancelled`: the person cancelled
 * - `ours`: the app or its settings are at fault. An operator must act
 * - `yours`: the person can go on, in the way that the page says
 * - `refused`: the app does not accept this. No line: the text says why
 * - `lost`: there is nothing at this address, or nothing any more. No line either
 * @example
 * ```ts
 * import { AppError } from 'anteroom';
 *
 * export const seatsTaken = new AppError({
 *   code: 'SEATS_TAKEN',
 *   status: 403,
 *   title: 'All seats are taken',
 *   detail: 'Ask an administrator of your team for a seat.',
 *   tone: 'ask',
 * });
 * ```
 */
export type ErrorTone = (typeof errorTones)[number];

interface ErrorFacts {
  readonly status: number;
  readonly tone: ErrorTone;
  /** Seconds until a retry makes sense; sent as `Retry-After` (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number;
}

/**
 * Every way in which a request can fail: a stable code, and the HTTP status of the answer. The texts for a person are in `texts/en.ts`.
 * They are true wherever the code is thrown. Code may depend on `code`; texts may change.
 */
const errorFacts = eachCode({
  ERR_SETTINGS: { status: 503, tone: 'ours', retryAfterSeconds: 60 },
  ERR_SIGNED_OUT: { status: 401, tone: 'yours' },
  ERR_ROLE_MISSING: { status: 403, tone: 'ask' },
  ERR_BEARER_TOKEN: { status: 401, tone: 'yours' },
  ERR_SCOPE_MISSING: { status: 403, tone: 'yours' },
  ERR_APP_ROLE_MISSING: { status: 403, tone: 'ask' },
  ERR_CLAIMS_NEEDED: { status: 401, tone: 'yours' },
  ERR_CONSENT_NEEDED: { status: 403, tone: 'yours' },
  ERR_CROSS_SITE: { status: 403, tone: 'refused' },
  ERR_MEDIA_TYPE: { status: 415, tone: 'refused' },
  ERR_CSRF_HEADER: { status: 403, tone: 'refused' },
  ERR_NOT_A_NAVIGATION: { status: 400, tone: 'yours' },
  ERR_PREFETCH: { status: 403, tone: 'yours' },
  ERR_BODY_TOO_LARGE: { status: 413, tone: 'yours' },
  ERR_BAD_REQUEST: { status: 400, tone: 'yours' },
  ERR_PAGE_TOO_LONG: { status: 414, tone: 'yours' },
  ERR_PAGE_LOST: { status: 404, tone: 'lost' },
  ERR_CONSENT_DECLINED: { status: 403, tone: 'ask' },
  ERR_SIGN_IN_UNSOLICITED: { status: 400, tone: 'yours' },
  ERR_SIGN_IN_LOST: { status: 400, tone: 'yours' },
  ERR_SIGN_IN_REFUSED: { status: 403, tone: 'refused' },
  ERR_SIGN_IN_REFUSED_BY_APP: { status: 403, tone: 'refused' },
  ERR_SIGN_IN_CHECK_FAILED: { status: 502, tone: 'ours' },
  ERR_SIGN_IN_EXPIRED: { status: 400, tone: 'yours' },
  ERR_ID_TOKEN: { status: 502, tone: 'ours' },
  ERR_WRONG_TENANT: { status: 403, tone: 'yours' },
  ERR_TENANT_NOT_ALLOWED: { status: 403, tone: 'ask' },
  ERR_PERSONAL_ACCOUNT: { status: 403, tone: 'yours' },
  ERR_STEP_UP: { status: 401, tone: 'yours' },
  ERR_STEP_UP_UNMET: { status: 403, tone: 'yours' },
  ERR_PROVIDER_UNAVAILABLE: { status: 503, tone: 'passing', retryAfterSeconds: 10 },
  ERR_PROVIDER_REFUSED: { status: 502, tone: 'ours' },
  ERR_TOKEN_SIZE: { status: 502, tone: 'ours' },
  ERR_TOO_MANY_ROLES: { status: 502, tone: 'ask' },
  ERR_GROUPS_UNAVAILABLE: { status: 503, tone: 'passing', retryAfterSeconds: 10 },
  ERR_GROUPS_REFUSED: { status: 502, tone: 'ours' },
  ERR_OTHER_ISSUER: { status: 400, tone: 'yours' },
  ERR_PROVIDER_MISMATCH: { status: 502, tone: 'ours' },
  ERR_CLOCK: { status: 503, tone: 'ours', retryAfterSeconds: 10 },
  ERR_API_UNAVAILABLE: { status: 503, tone: 'passing', retryAfterSeconds: 10 },
  ERR_API_REFUSED: { status: 502, tone: 'ours' },
  ERR_API_SETTINGS: { status: 503, tone: 'ours', retryAfterSeconds: 60 },
  ERR_NOT_FOUND: { status: 404, tone: 'lost' },
  ERR_SESSION_CHANGED: { status: 409, tone: 'yours' },
  ERR_SESSION_GONE: { status: 404, tone: 'lost' },
  ERR_STORAGE_UNAVAILABLE: { status: 503, tone: 'passing', retryAfterSeconds: 10 },
  ERR_STORAGE_LIMIT: { status: 502, tone: 'ours' },
  ERR_KEYS_UNAVAILABLE: { status: 503, tone: 'passing', retryAfterSeconds: 10 },
  ERR_DEADLINE: { status: 503, tone: 'passing', retryAfterSeconds: 10 },
  ERR_INTERNAL: { status: 500, tone: 'ours' },
});

/** Keeps the codes in the type of the table, and the rest out of it. */
function eachCode<Code extends string>(facts: Readonly<Record<Code, ErrorFacts>>) {
  return facts;
}

/** The codes of Anteroom's own errors. They stay; what they mean is in the table of troubleshooting. */
export type ErrorCode = keyof typeof errorFacts;

interface ErrorTexts {
  /** One line: what happened. */
  readonly title: string;
  /** One or two sentences: who must act, and how. */
  readonly detail: string;
}

const texts: Readonly<Record<ErrorCode, ErrorTexts>> = english.errors;

/** Status and public text of a code. The text is in English, for programs and the log. */
export function factsOf(code: ErrorCode): ErrorFacts & ErrorTexts {
  return { ...errorFacts[code], ...texts[code] };
}

/** Whether a text is a tone. */
export function isErrorTone(text: string): text is ErrorTone {
  return errorTones.some((tone) => tone === text);
}

/** Whether a code is one of ours. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorFacts, code);
}
