import type { ErrorTone } from '../error-facts';
import type { ProviderRefusal } from '../errors';
import { isObject } from '../bodies';
import { isClaimsRequest } from './claims-challenge';
import {
  meaningWith,
  type RefusalActor,
  type RefusalKind,
  type RefusalMeaning,
  type RefusalRow,
  type RefusalText,
  refusalRows,
} from './refusal-table';

/** What a refusal means: by its number, else by `suberror`, else by `error`. Never throws. */
export function meaningOf({ error, suberror, number }: ProviderRefusal): RefusalMeaning {
  return byNumber.get(number ?? '') ?? byName.get(suberror ?? '') ?? byName.get(error) ?? unknown;
}

/** The tone of the page that explains a refusal. Who caused one of an unknown reason is not known either. */
export function toneOfRefusal({ kind, actor, isCancelled }: RefusalMeaning): ErrorTone {
  if (isCancelled === true) return 'cancelled';
  if (kind === 'passing') return 'passing';
  if (kind === 'unknown') return 'refused';
  return ({ you: 'yours', administrator: 'ask', operator: 'ours' } as const)[actor];
}

/** True when the provider refuses the app or its request: the person did nothing wrong, and an operator must act. */
export function isOfTheApp(refusal: ProviderRefusal): boolean {
  return ['app', 'request', 'malformed'].includes(meaningOf(refusal).kind);
}

/** Numbers that say only that something was refused. Another number in the same answer says why. */
const genericNumbers: ReadonlySet<string> = new Set([
  'AADSTS50000',
  'AADSTS50013',
  'AADSTS70000',
  'AADSTS70001',
  'AADSTS70002',
]);

const byNumber: ReadonlyMap<string, RefusalMeaning> = new Map(
  refusalRows.flatMap((found) => numbersOf(found).map((number) => [number, found] as const)),
);

/** The numbers of a row as they are written: `AADSTS50011`, `AADB2C90118`. */
export function numbersOf({ aadsts, b2c }: RefusalRow): readonly string[] {
  return [...aadsts.map((digits) => `AADSTS${digits}`), ...b2c.map((digits) => `AADB2C${digits}`)];
}

type Named = readonly [
  names: readonly string[],
  kind: RefusalKind,
  actor: RefusalActor,
  text: RefusalText,
  more?: { readonly isCancelled: true },
];

/**
 * Names of refusals. `suberror`, and `error_subcode` of a redirect, are Entra ID's own. `error` comes from RFC 6749
 * sections 4.1.2.1 and 5.2, OpenID Connect Core 1.0 section 3.1.2.6, and from Entra ID.
 */
const named: readonly Named[] = [
  [
    [
      'basic_action',
      'additional_action',
      'user_password_expired',
      'token_expired',
      'interaction_required',
    ],
    'interaction',
    'you',
    'oneMoreStep',
  ],
  [['consent_required'], 'interaction', 'you', 'consentRequired'],
  [
    ['message_only', 'protection_policy_required', 'device_authentication_failed'],
    'policy',
    'administrator',
    'blocked',
  ],
  [['bad_token'], 'over', 'you', 'overByProvider'],
  [['client_mismatch'], 'request', 'operator', 'otherApp'],
  [['cancel'], 'person', 'you', 'cancelled', { isCancelled: true }],
  [['access_denied'], 'policy', 'you', 'deniedOrCancelled'],
  [['login_required'], 'interaction', 'you', 'notSignedIn'],
  [['account_selection_required'], 'interaction', 'you', 'noneChosen'],
  [['temporarily_unavailable'], 'passing', 'you', 'busyNow'],
  [['server_error'], 'passing', 'you', 'serverError'],
  [['invalid_client'], 'app', 'operator', 'invalidClient'],
  [['unauthorized_client'], 'app', 'operator', 'unauthorizedClient'],
  [
    ['invalid_request', 'unsupported_response_type', 'unsupported_grant_type'],
    'request',
    'operator',
    'invalidRequest',
  ],
  [['invalid_scope', 'invalid_resource', 'invalid_target'], 'request', 'operator', 'invalidScope'],
];

const byName: ReadonlyMap<string, RefusalMeaning> = new Map(
  named.flatMap(([names, kind, actor, text, more]) =>
    names.map((name) => [name, meaningWith(kind, actor, text, more)] as const),
  ),
);

const unknown = meaningWith('unknown', 'operator', 'unknown');

/** An error answer of the token endpoint: RFC 6749 section 5.2, with what Entra ID adds to it. */
export interface TokenRefusal {
  readonly refusal: ProviderRefusal;
  /** A claims challenge, the JSON text of a claims request. It does not mean that a step-up would help. */
  readonly claims?: string;
}

/** RFC 6749 allows more characters here, but no provider sends them, and the log holds the text. */
const namePattern = /^[A-Za-z][\w.-]{0,63}$/;
/** Only a GUID is shown. */
const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const maxNumbers = 10;

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
  return {
    error,
    ...(isErrorName(suberror) ? { suberror } : {}),
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
