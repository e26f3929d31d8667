/* eslint-disable max-lines -- one table, of which each line stands for itself */
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
export type RefusalKind =
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
export type RefusalActor = 'you' | 'administrator' | 'operator';

/** What a refusal means to the person who reads the page, and to an operator who reads the documentation. */
export interface RefusalMeaning {
  readonly kind: RefusalKind;
  readonly actor: RefusalActor;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** What that actor does. */
  readonly action: string;
  /** True when another account may be let in, or the same account on another device. */
  readonly mayUseAnother?: boolean;
  /** True when the person stopped the sign-in. */
  readonly isCancelled?: boolean;
}

/** One row of the table, with its numbers: Entra ID's (`AADSTS…`) and Azure AD B2C's (`AADB2C…`). */
export interface RefusalRow extends RefusalMeaning {
  readonly aadsts: readonly number[];
  readonly b2c: readonly number[];
}

type Numbers = readonly number[] | { readonly aadsts?: readonly number[]; b2c: readonly number[] };

function row(
  numbers: Numbers,
  kind: RefusalKind,
  actor: RefusalActor,
  meaning: string,
  action: string,
  more: { readonly mayUseAnother?: true; readonly isCancelled?: true } = {},
): RefusalRow {
  const { aadsts = [], b2c } = 'b2c' in numbers ? numbers : { aadsts: numbers, b2c: [] };
  return { aadsts, b2c, kind, actor, meaning, action, ...more };
}

/**
 * The numbers that people and operators meet.
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 * @see https://learn.microsoft.com/azure/active-directory-b2c/error-codes
 */
export const refusalRows: readonly RefusalRow[] = [
  // The app itself is not accepted.
  row(
    { aadsts: [7000215], b2c: [90081] },
    'app',
    'operator',
    'The secret of the app is wrong.',
    'Set ENTRA_CLIENT_SECRET to the value of a client secret of the app registration, not to its id.',
  ),
  row(
    [7000222],
    'app',
    'operator',
    'The secret of the app has expired.',
    'Make a new client secret for the app registration, or use a federated credential, which does not expire.',
  ),
  row(
    { aadsts: [7000218], b2c: [90079] },
    'app',
    'operator',
    'The app did not prove itself: it sent neither a secret nor an assertion.',
    'Set ENTRA_CLIENT_SECRET or ENTRA_CLIENT_CERTIFICATE, or give the app its managed identity.',
  ),
  row(
    [70002, 50012],
    'app',
    'operator',
    'The secret or certificate of the app is not valid.',
    'Compare the secret or certificate in the settings with those of the app registration.',
  ),
  row(
    [700027, 700030],
    'app',
    'operator',
    'The certificate of the app is not registered, or does not match.',
    'Upload the certificate of ENTRA_CLIENT_CERTIFICATE to the app registration under "Certificates & secrets".',
  ),
  row(
    [700024, 50013, 500133],
    'app',
    'operator',
    'The assertion of the app has expired, or is not valid yet.',
    'Check the clock of the machine that the app runs on.',
  ),
  row(
    [700021, 700023, 50027, 50048],
    'app',
    'operator',
    'The assertion of the app does not name the right app or audience.',
    'Check ENTRA_CLIENT_ID, ENTRA_TENANT_ID and ENTRA_AUTHORITY.',
  ),
  row(
    [700211, 700212, 700213, 70021, 700229],
    'app',
    'operator',
    'No federated credential of the app matches its managed identity.',
    'Compare issuer, subject and audience of the federated credential with the managed identity. A new one takes some minutes to work.',
  ),
  row(
    { aadsts: [700016, 700011, 70001, 90002, 900023], b2c: [90011, 90018, 90068, 90285] },
    'app',
    'operator',
    'The app is not known in this organisation.',
    'Check ENTRA_CLIENT_ID, ENTRA_TENANT_ID and ENTRA_AUTHORITY, and that the app registration was not deleted.',
  ),
  row(
    { aadsts: [7000112, 1000031], b2c: [90092] },
    'app',
    'administrator',
    'The app is disabled in this organisation.',
    'Enable the app for sign-in under "Enterprise applications" if people should have access.',
  ),
  row(
    { aadsts: [700025], b2c: [90084] },
    'app',
    'operator',
    'The app is registered as a public client, which must not have a secret.',
    'Register the redirect URI for the platform "Web", not for "Mobile and desktop", and turn "Allow public client flows" off.',
  ),
  row(
    [9002327],
    'app',
    'operator',
    'The redirect URI is registered for a single-page application, not for a server.',
    'Remove it from the platform "Single-page application" and register it for the platform "Web".',
  ),
  row(
    [50146],
    'app',
    'operator',
    'The app needs a signing key of its own, and has none that is valid.',
    'Renew the signing certificate of the app under "Enterprise applications", or remove its claims mapping.',
  ),
  row(
    [50194, 90124, 90130, 9002332],
    'app',
    'operator',
    'The app registration does not allow the kind of accounts that the app asks for.',
    'Compare "Supported account types" of the app registration with ENTRA_TENANT_ID and ENTRA_AUTHORITY.',
  ),
  row(
    { b2c: [90107, 90284, 90296] },
    'app',
    'operator',
    'The app registration or the user flow is not complete.',
    'Grant admin consent for "openid" and "offline_access", and check that the app may use this user flow.',
  ),

  // What the app asked for is not accepted.
  row(
    { aadsts: [50011, 500112, 500113, 500117, 70004, 900971], b2c: [90006, 90007] },
    'request',
    'operator',
    'The redirect URI of this app is not registered.',
    'Add APP_BASE_URL followed by /auth/redirect as a redirect URI of the app registration, platform "Web".',
  ),
  row(
    [700054, 70005, 70007],
    'request',
    'operator',
    'The app asked for a kind of answer that its registration does not allow.',
    'Check that the redirect URI is registered for the platform "Web".',
  ),
  row(
    [500011, 50001, 650052, 650054],
    'request',
    'operator',
    'An API that the app asks for does not exist in this organisation.',
    'Check the scopes that the app asks for, GRAPH_SCOPES first, and that the API is installed in this organisation.',
  ),
  row(
    [500014],
    'request',
    'administrator',
    'An API that the app asks for is disabled in this organisation.',
    'Enable the API under "Enterprise applications" if the app should use it.',
  ),
  row(
    [65005, 650056, 650057],
    'request',
    'operator',
    'The app registration does not list an API that the app asks for.',
    'Add the permission under "API permissions" of the app registration and grant consent, or correct GRAPH_SCOPES.',
  ),
  row(
    {
      aadsts: [70011, 28000, 28002, 28003, 700022],
      b2c: [90012, 90055, 90115, 90117, 90146, 90205],
    },
    'request',
    'operator',
    'The scopes that the app asks for are not valid.',
    'Check GRAPH_SCOPES and the scopes in the code of the app. Write each scope as its API names it, and ask for one API at a time.',
  ),
  row(
    [9002313, 9002325, 90004, 90014, 900144, 90023, 90100, 900561],
    'malformed',
    'operator',
    'The sign-in service could not read the request that the app sent.',
    'No setting corrects this. Check whether a proxy changes requests on the way. If not, report the number as a fault of the app.',
  ),
  row(
    [90015, 50091],
    'malformed',
    'operator',
    'The request for the sign-in was too long.',
    'Open the app at a shorter address. If it happens often, ask for fewer scopes and claims at a time.',
  ),

  // The person can act at the provider.
  row(
    [50076, 50079, 50072, 50074, 50078, 50158, 53004],
    'interaction',
    'you',
    'Your organisation asks for a second factor.',
    'Sign in again and follow the steps for multi-factor authentication.',
  ),
  row(
    [500121],
    'interaction',
    'you',
    'The second factor was not confirmed.',
    'Sign in again and confirm the request for multi-factor authentication.',
  ),
  row(
    [70043, 50089],
    'interaction',
    'you',
    'Your organisation asks you to sign in again from time to time.',
    'Sign in again.',
  ),
  row(
    [65001, 90008],
    'interaction',
    'you',
    'Nobody has agreed yet to what this app asks for.',
    'Sign in again and agree, or ask an administrator to agree for the organisation.',
  ),
  row(
    [50055, 50144, 50135, 50125],
    'interaction',
    'you',
    'The password has expired or must be changed.',
    'Sign in again and choose a new password.',
  ),
  row(
    { aadsts: [50058, 16000, 50059, 16001, 16002, 160021], b2c: [90077] },
    'interaction',
    'you',
    'You are not signed in at your organisation in this browser, or you are signed in there with several accounts.',
    'Sign in again and choose an account.',
  ),
  row(
    { aadsts: [50140, 50199, 50085, 50097, 51006, 700020], b2c: [90046, 90255] },
    'interaction',
    'you',
    'The sign-in page has one more question.',
    'Sign in again and answer what the sign-in page asks.',
  ),

  // A rule of the organisation, or something it has not agreed to.
  row(
    [53003, 530032, 530034, 530035, 50131],
    'policy',
    'administrator',
    'A policy of your organisation blocks this sign-in, perhaps only from this place or device.',
    'Find the policy in the sign-in log of Entra ID.',
  ),
  row(
    [53011],
    'policy',
    'administrator',
    'Your account is blocked because it is considered at risk.',
    'Look at the risky users in the organisation of the account, and clear the risk there.',
  ),
  row(
    [53000, 53001, 53002, 530001, 530003, 50005, 50129, 50155, 50187, 135011],
    'policy',
    'you',
    'Your organisation lets only managed devices sign in to this app.',
    'Use a device that your organisation manages, or enrol this one.',
    { mayUseAnother: true },
  ),
  row(
    [53010],
    'policy',
    'you',
    'Your organisation lets you set up a second factor only in certain places or on certain devices.',
    'Sign in again from a place or device of your organisation.',
  ),
  row(
    [90093, 90094, 90095, 90099],
    'policy',
    'administrator',
    'Only an administrator can agree to what this app asks for.',
    'Grant admin consent to the app under "Enterprise applications".',
  ),
  row(
    [500021, 500022, 500212, 500213],
    'policy',
    'administrator',
    'Your organisation, or this one, does not allow sign-ins between the two.',
    'Look at the cross-tenant access settings and tenant restrictions of both organisations.',
  ),

  // This account may not sign in.
  row(
    [50105],
    'person',
    'administrator',
    'Your account is not assigned to this app.',
    'Assign the account, or a group that it is in, to the app under "Enterprise applications".',
  ),
  row(
    [65004],
    'person',
    'you',
    'You did not agree to what this app asks for, so it cannot sign you in.',
    'Sign in again and agree if you want to use the app.',
    { isCancelled: true },
  ),
  row(
    [50020, 90072, 50177, 50178, 50014, 51004, 16003, 90084, 500208],
    'person',
    'you',
    'Your account belongs to another organisation and is not a guest of this one.',
    'Sign in with an account of this organisation, or ask its administrator for an invitation.',
    { mayUseAnother: true },
  ),
  row(
    { aadsts: [50034, 50197], b2c: [90053] },
    'person',
    'you',
    'There is no such account in this organisation.',
    'Check the user name and sign in again.',
  ),
  row(
    { aadsts: [50126, 50056, 50064], b2c: [90052, 90054, 90225] },
    'person',
    'you',
    'The user name or password is wrong.',
    'Sign in again. Reset the password if you have forgotten it.',
  ),
  row(
    { aadsts: [50053], b2c: [90114, 90151, 90157] },
    'person',
    'you',
    'The account is locked after too many attempts.',
    'Wait a while, then sign in again.',
  ),
  row(
    { b2c: [90111] },
    'person',
    'administrator',
    'The account is locked.',
    'Unlock the account if the person should have access.',
  ),
  row(
    [50057],
    'person',
    'administrator',
    'The account is disabled.',
    'Enable the account if the person should have access.',
  ),
  row(
    { b2c: [90091] },
    'person',
    'you',
    'You cancelled the sign-in.',
    'Sign in again if you want to use the app.',
    { isCancelled: true },
  ),
  row(
    { b2c: [90118] },
    'person',
    'operator',
    'You asked for a new password, and this sign-in page cannot reset passwords.',
    'Turn on self-service password reset in the user flow, or set B2C_RESET_POLICY to the user flow that resets passwords.',
  ),

  // Used already, too late, or ended by the provider.
  row(
    { aadsts: [54005, 70000, 70008, 501481], b2c: [90080, 90085, 90182, 90183] },
    'spent',
    'you',
    'This answer of the sign-in page was used already, came too late, or belongs to another browser.',
    'Sign in again.',
  ),
  row(
    {
      aadsts: [50173, 50132, 50133, 50139, 700082, 700084],
      b2c: [90087, 90088, 90128, 90129, 90279],
    },
    'over',
    'you',
    'The sign-in service has ended your sign-in, for instance after a new password or a long time.',
    'Sign in again.',
  ),

  // Busy, or a fault of the provider's own.
  row(
    {
      aadsts: [50000, 50033, 50087, 70012, 90006, 90012, 90024, 90033, 90055, 90090, 90091],
      b2c: [90035, 90037, 90048, 90244, 90289],
    },
    'passing',
    'you',
    'The sign-in service is busy or has a fault of its own.',
    'Try again in a few minutes. If it lasts, tell an operator of the app.',
  ),
  row(
    [50196, 50088],
    'passing',
    'you',
    'The sign-in service got too many requests for you in a short time.',
    'Try again in a few minutes. If it happens again, tell an operator of the app.',
  ),
];
