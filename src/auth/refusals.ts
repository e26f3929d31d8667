import type { ProviderRefusal } from '../errors';
import type { RefusalActor, RefusalKind, RefusalMeaning, RefusalRow } from './refusal-table';
import { refusalRows } from './refusal-table';

/** What a refusal means: by its number, else by `suberror`, else by `error`. Never throws. */
export function meaningOf({ error, suberror, number }: ProviderRefusal): RefusalMeaning {
  return (
    byNumber.get(number ?? '') ?? bySuberror.get(suberror ?? '') ?? byError.get(error) ?? unknown
  );
}

/** True when the provider refuses the app or its request: the person did nothing wrong, and an operator must act. */
export function isOfTheApp(refusal: ProviderRefusal): boolean {
  return ['app', 'request', 'malformed'].includes(meaningOf(refusal).kind);
}

/** Numbers that say only that something was refused. Another number beside them says why. */
export const genericNumbers: ReadonlySet<string> = new Set([
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

/** True when the table has a row for this number, `AADSTS50105` for instance. */
export function isKnownNumber(number: string): boolean {
  return byNumber.has(number);
}

type Named = readonly [
  names: readonly string[],
  kind: RefusalKind,
  actor: RefusalActor,
  meaning: string,
  action: string,
];

const lookUp = 'Look up the number, or give the correlation id to the support of Microsoft.';

/** `suberror`, and `error_subcode` of a redirect. */
const suberrors: readonly Named[] = [
  [
    ['basic_action', 'additional_action', 'user_password_expired', 'token_expired'],
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
  ],
];

/** `error`: RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core 1.0 section 3.1.2.6, and Entra ID's own. */
const errorNames: readonly Named[] = [
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
    ['consent_required'],
    'interaction',
    'you',
    'You have not agreed yet to what this app asks for.',
    'Sign in again and agree to what the app asks for.',
  ],
  [
    ['interaction_required'],
    'interaction',
    'you',
    'Your organisation asks for one more step, such as a second factor.',
    'Sign in again and follow what the sign-in page asks.',
  ],
  [['bad_token'], 'over', 'you', 'The sign-in service has ended your sign-in.', 'Sign in again.'],
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

const bySuberror = namedMeanings(suberrors);
const byError = namedMeanings(errorNames);

function namedMeanings(named: readonly Named[]): ReadonlyMap<string, RefusalMeaning> {
  return new Map(
    named.flatMap(([names, kind, actor, meaning, action]) =>
      names.map((name) => [name, { kind, actor, meaning, action }] as const),
    ),
  );
}

const unknown: RefusalMeaning = {
  kind: 'unknown',
  actor: 'operator',
  meaning: 'The sign-in service refused for a reason that this app does not know.',
  action: lookUp,
};
