import type { Tone } from '../error-facts';
import type { ProviderRefusal } from '../errors';
import { isObject } from '../bodies';
import { isClaimsRequest } from './claims-challenge';
import {
  type RefusalActor,
  type RefusalKind,
  type RefusalMeaning,
  type RefusalRow,
  refusalRows,
} from './refusal-table';

/** What a refusal means: by its number, else by `suberror`, else by `error`. Never throws. */
export function meaningOf({ error, suberror, number }: ProviderRefusal): RefusalMeaning {
  return byNumber.get(number ?? '') ?? byName.get(suberror ?? '') ?? byName.get(error) ?? unknown;
}

/** The tone of the page that explains a refusal. Who caused one of an unknown reason is not known either. */
export function toneOfRefusal({ kind, actor, isCancelled }: RefusalMeaning): Tone {
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
  meaning: string,
  action: string,
  more?: { readonly isCancelled: true },
];

const lookUp = 'Look up the number, or give the correlation id to the support of Microsoft.';

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
    'Your organisation asks for one more step, such as a second factor.',
    'Sign in again and follow what the sign-in page asks.',
  ],
  [
    ['consent_required'],
    'interaction',
    'you',
    'You have not agreed yet to what this app asks for.',
    'Sign in again and agree to what the app asks for.',
  ],
  [
    ['message_only', 'protection_policy_required', 'device_authentication_failed'],
    'policy',
    'administrator',
    'A policy of your organisation blocks this sign-in.',
    'Find the reason in the sign-in log of Entra ID.',
  ],
  [['bad_token'], 'over', 'you', 'The sign-in service has ended your sign-in.', 'Sign in again.'],
  [
    ['client_mismatch'],
    'request',
    'operator',
    'This app sent the sign-in service a code or token that belongs to another app.',
    'Check ENTRA_CLIENT_ID.',
  ],
  [
    ['cancel'],
    'person',
    'you',
    'You cancelled the sign-in.',
    'Sign in again if you want to use the app.',
    { isCancelled: true },
  ],
  [
    ['access_denied'],
    'policy',
    'you',
    'The sign-in was cancelled, or access to this app was denied.',
    'Sign in again. If it is denied again, ask an administrator of your organisation.',
  ],
  [
    ['login_required'],
    'interaction',
    'you',
    'You are not signed in at your organisation in this browser.',
    'Sign in again.',
  ],
  [
    ['account_selection_required'],
    'interaction',
    'you',
    'Several accounts are signed in, and none was chosen.',
    'Sign in again and choose an account.',
  ],
  [
    ['temporarily_unavailable'],
    'passing',
    'you',
    'The sign-in service is busy.',
    'Try again in a few minutes.',
  ],
  [
    ['server_error'],
    'passing',
    'you',
    'The sign-in service had a fault of its own.',
    'Try again in a few minutes. If it lasts, tell an operator of the app.',
  ],
  [
    ['invalid_client'],
    'app',
    'operator',
    'The sign-in service does not accept the secret, certificate or assertion of this app.',
    'Check the secret, certificate or federated credential of the app registration.',
  ],
  [
    ['unauthorized_client'],
    'app',
    'operator',
    'The sign-in service does not let this app sign people in.',
    'Compare the settings of the app with its app registration.',
  ],
  [
    ['invalid_request', 'unsupported_response_type', 'unsupported_grant_type'],
    'request',
    'operator',
    'The sign-in service does not accept the form of the request that this app sent.',
    'Compare the settings of the app with its app registration.',
  ],
  [
    ['invalid_scope', 'invalid_resource', 'invalid_target'],
    'request',
    'operator',
    'The sign-in service does not accept the scopes that the app asks for.',
    'Check GRAPH_SCOPES and the scopes in the code of the app.',
  ],
];

const byName: ReadonlyMap<string, RefusalMeaning> = new Map(
  named.flatMap(([names, kind, actor, meaning, action, more]) =>
    names.map((name) => [name, { kind, actor, meaning, action, ...more }] as const),
  ),
);

const unknown: RefusalMeaning = {
  kind: 'unknown',
  actor: 'operator',
  meaning: 'The sign-in service refused for a reason that this app does not know.',
  action: lookUp,
};

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

/** Reads an error answer of the token endpoint; `undefined` when the body is none. */
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
 * Reads the provider's error out of the query of a redirect (RFC 6749 section 4.1.2.1); `undefined` when `error` is none.
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
