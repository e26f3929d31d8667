import type { ErrorTone } from '../error-facts';
import type { ProviderRefusal } from '../errors';
import { english } from '../texts/en';

/**
 * What a refusal of the provider is about, and so what happens to the sign-in or the session:
 *
 * - `spent`: the code or token was used already, or came too late. At sign-in it begins again; at a refresh the session is over
 * - `interaction`: the person can act at the provider. At a refresh: a step-up, the session is kept
 * - `policy`: somebody must change a rule or give consent, or another place or device may be let in. The session is kept
 * - `person`: this account may not sign in. At a refresh the session is over
 * - `over`: the provider ended its own session. At a refresh the session is over
 * - `app`: the provider does not accept the app itself. An operator must act, and the session is kept
 * - `request`: the provider does not accept what the app asked for. An operator must act, and the session is kept
 * - `malformed`: the provider cannot read this one request. An operator must act, and the session is kept
 * - `passing`: the provider is busy or has a fault of its own. The session is kept
 * - `unknown`: the table does not know it, so `error` alone decides
 */
type RefusalKind =
  | 'spent'
  | 'interaction'
  | 'policy'
  | 'person'
  | 'over'
  | 'app'
  | 'request'
  | 'malformed'
  | 'passing'
  | 'unknown';

/** Who can change it: the person who signs in, an administrator of the organisation, or an operator of the app. */
type RefusalActor = 'you' | 'administrator' | 'operator';

/** The key of the texts of a refusal, in each language. */
type RefusalText = keyof typeof english.refusals;

/** What a refusal means to the person who reads the page, and to an operator who reads the documentation. */
export interface RefusalMeaning {
  readonly kind: RefusalKind;
  readonly actor: RefusalActor;
  readonly text: RefusalText;
  /** One sentence, in English: what happened. */
  readonly meaning: string;
  /** What that actor does, in English. */
  readonly action: string;
  /** True when another account may be let in, or the same account on another device. */
  readonly mayUseAnother?: boolean;
  /** True when the person stopped the sign-in. */
  readonly isCancelled?: boolean;
}

/** What a refusal means: by its number, else by `suberror`, else by `error`. Never throws. */
export function meaningOf({ error, suberror, number, where }: ProviderRefusal): RefusalMeaning {
  // A request that the browser carries proves nothing, so Entra ID cannot mean the secret: it refuses scopes in this way too.
  const name = where === 'redirect' && error === 'invalid_client' ? 'unauthorized_client' : error;
  return byNumber.get(number ?? '') ?? byName.get(suberror ?? '') ?? byName.get(name) ?? unknown;
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

/** One row of the table, with its numbers: Entra ID's (`AADSTS…`) and Azure AD B2C's (`AADB2C…`). */
export interface RefusalRow extends RefusalMeaning {
  readonly aadsts: readonly number[];
  readonly b2c: readonly number[];
}

/** A meaning, with its texts in English. */
function meaningWith(
  kind: RefusalKind,
  actor: RefusalActor,
  text: RefusalText,
  more: Pick<RefusalMeaning, 'mayUseAnother' | 'isCancelled'> = {},
): RefusalMeaning {
  return { kind, actor, text, ...english.refusals[text], ...more };
}

type Numbers = readonly number[] | { readonly aadsts?: readonly number[]; b2c: readonly number[] };

function row(
  numbers: Numbers,
  kind: RefusalKind,
  actor: RefusalActor,
  text: RefusalText,
  more: Pick<RefusalMeaning, 'mayUseAnother' | 'isCancelled'> = {},
): RefusalRow {
  const { aadsts = [], b2c } = 'b2c' in numbers ? numbers : { aadsts: numbers, b2c: [] };
  return { aadsts, b2c, ...meaningWith(kind, actor, text, more) };
}

/**
 * The numbers that people and operators meet.
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 * @see https://learn.microsoft.com/azure/active-directory-b2c/error-codes
 */
export const refusalRows: readonly RefusalRow[] = [
  // The app itself is not accepted.
  row({ aadsts: [7000215], b2c: [90081] }, 'app', 'operator', 'wrongSecret'),
  row([7000222], 'app', 'operator', 'expiredSecret'),
  row({ aadsts: [7000218], b2c: [90079] }, 'app', 'operator', 'noSecret'),
  row([70002, 50012], 'app', 'operator', 'invalidSecret'),
  row([700027, 700030], 'app', 'operator', 'unknownCertificate'),
  row([700024, 50013, 500133], 'app', 'operator', 'staleAssertion'),
  row([700021, 700023, 50027, 50048], 'app', 'operator', 'foreignAssertion'),
  row([700211, 700212, 700213, 70021, 700229], 'app', 'operator', 'noFederatedCredential'),
  row(
    { aadsts: [700016, 700011, 70001, 7000229, 90002, 900023], b2c: [90011, 90018, 90068, 90285] },
    'app',
    'operator',
    'unknownApp',
  ),
  row({ aadsts: [7000112, 1000031], b2c: [90092] }, 'app', 'administrator', 'disabledApp'),
  row({ aadsts: [700025], b2c: [90084] }, 'app', 'operator', 'publicClient'),
  row([9002327], 'app', 'operator', 'singlePageUri'),
  row([50146], 'app', 'operator', 'noSigningKey'),
  row([50194, 90124, 90130, 9002332], 'app', 'operator', 'accountKinds'),
  row({ b2c: [90107, 90284, 90296] }, 'app', 'operator', 'incompleteRegistration'),

  // What the app asked for is not accepted.
  row(
    { aadsts: [50011, 500112, 500113, 500117, 70004, 900971], b2c: [90006, 90007] },
    'request',
    'operator',
    'redirectUri',
  ),
  row([700054, 70005, 70007], 'request', 'operator', 'answerKind'),
  row([500011, 50001, 650052, 650054], 'request', 'operator', 'unknownApi'),
  row([500014], 'request', 'administrator', 'disabledApi'),
  row([65005, 650056, 650057], 'request', 'operator', 'unlistedApi'),
  row(
    {
      aadsts: [70011, 28000, 28002, 28003, 700022, 650053],
      b2c: [90012, 90055, 90115, 90117, 90146, 90205],
    },
    'request',
    'operator',
    'scopes',
  ),
  row(
    [9002313, 9002325, 90004, 90014, 900144, 90023, 90100, 900561],
    'malformed',
    'operator',
    'unreadable',
  ),
  row([90015, 50091], 'malformed', 'operator', 'tooLong'),

  // The person can act at the provider.
  row([50076, 50079, 50072, 50074, 50078, 50158, 53004], 'interaction', 'you', 'secondFactor'),
  row([500121], 'interaction', 'you', 'secondFactorDenied'),
  row([70043, 50089], 'interaction', 'you', 'signInAgain'),
  row([65001, 90008], 'interaction', 'you', 'noConsent'),
  row([50055, 50144, 50135, 50125], 'interaction', 'you', 'password'),
  row(
    { aadsts: [50058, 16000, 50059, 16001, 16002, 160021], b2c: [90077] },
    'interaction',
    'you',
    'severalAccounts',
  ),
  row(
    { aadsts: [50140, 50199, 50085, 50097, 51006, 700020], b2c: [90046, 90255] },
    'interaction',
    'you',
    'oneQuestion',
  ),

  // A rule of the organisation, or something it has not agreed to.
  row([53003, 530032, 530034, 530035, 50131], 'policy', 'administrator', 'policy'),
  row([53011], 'policy', 'administrator', 'risk'),
  row(
    [53000, 53001, 53002, 53009, 530001, 530003, 530021, 50005, 50129, 50155, 50187, 135011],
    'policy',
    'you',
    'device',
    { mayUseAnother: true },
  ),
  row([53010], 'policy', 'you', 'factorPlace'),
  row([90093, 90094, 90095, 90099], 'policy', 'administrator', 'adminConsent'),
  row([500021, 500022, 500212, 500213], 'policy', 'administrator', 'crossTenant'),

  // This account may not sign in.
  row([50105], 'person', 'administrator', 'notAssigned'),
  row([65004], 'person', 'you', 'declined', { isCancelled: true }),
  row(
    [50020, 90072, 50177, 50178, 50014, 51004, 16003, 90084, 500208],
    'person',
    'you',
    'otherOrganisation',
    { mayUseAnother: true },
  ),
  row({ aadsts: [50034, 50197, 500341], b2c: [90053] }, 'person', 'you', 'noAccount'),
  row(
    { aadsts: [50126, 50056, 50064], b2c: [90052, 90054, 90225] },
    'person',
    'you',
    'wrongPassword',
  ),
  row({ aadsts: [50053], b2c: [90114, 90151, 90157] }, 'person', 'you', 'tooManyAttempts'),
  row({ b2c: [90111] }, 'person', 'administrator', 'locked'),
  row([50057], 'person', 'administrator', 'disabled'),
  row({ b2c: [90091] }, 'person', 'you', 'cancelled', { isCancelled: true }),
  row({ b2c: [90118] }, 'person', 'operator', 'passwordReset'),

  // Used already, too late, or ended by the provider.
  row(
    { aadsts: [54005, 70000, 70008, 501481], b2c: [90080, 90085, 90182, 90183] },
    'spent',
    'you',
    'spent',
  ),
  row(
    {
      aadsts: [50173, 50132, 50133, 50139, 700082, 700084],
      b2c: [90087, 90088, 90128, 90129, 90279],
    },
    'over',
    'you',
    'over',
  ),

  // Busy, or a fault of the provider's own.
  row(
    {
      aadsts: [50000, 50033, 50087, 70012, 90006, 90012, 90024, 90033, 90055, 90090, 90091],
      b2c: [90035, 90037, 90048, 90244, 90289],
    },
    'passing',
    'you',
    'busy',
  ),
  row([50196, 50088], 'passing', 'you', 'tooManyRequests'),
];

/** By number, as the provider writes it. */
export const byNumber: ReadonlyMap<string, RefusalMeaning> = new Map(
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
