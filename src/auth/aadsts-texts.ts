import type { RefusalText } from './refusal-text';

type Row = readonly [numbers: readonly string[], ...text: RowText];
type RowText = readonly [actor: RefusalText['actor'], meaning: string, action: string];

const rows: readonly Row[] = [
  [
    ['50011', '500113', '500117'],
    'operator',
    'The address to which the sign-in page should return is not registered for this app.',
    'Add APP_BASE_URL followed by /auth/redirect as a web redirect URI of the app registration.',
  ],
  [
    ['700054'],
    'operator',
    'The app asked for a kind of answer that its registration does not allow.',
    'Check that the redirect URI is registered for the platform "Web".',
  ],
  [
    ['700016', '90002', '900023'],
    'operator',
    'The app is not known in this organisation.',
    'Check ENTRA_CLIENT_ID, ENTRA_TENANT_ID and ENTRA_AUTHORITY.',
  ],
  [
    ['7000215'],
    'operator',
    'The secret of the app is wrong.',
    'Set ENTRA_CLIENT_SECRET to the value of a client secret, not to its id.',
  ],
  [
    ['7000222'],
    'operator',
    'The secret of the app has expired.',
    'Make a new client secret, or use a federated credential, which does not expire.',
  ],
  [
    ['50105'],
    'administrator',
    'Your account is not assigned to this app.',
    'Assign you, or a group you are in, to the app under "Enterprise applications".',
  ],
  [
    ['65001'],
    'you',
    'Nobody has agreed yet to what this app asks for.',
    'Sign in again and agree, or ask an administrator to agree for the organisation.',
  ],
  [
    ['65004'],
    'you',
    'You did not agree to what this app asks for, so it cannot sign you in.',
    'Sign in again and agree if you want to use the app.',
  ],
  [
    ['90094', '90093'],
    'administrator',
    'Only an administrator can agree to what this app asks for.',
    'Grant admin consent to the app under "Enterprise applications".',
  ],
  [
    ['50076', '50079', '50072', '50074', '50078'],
    'you',
    'Your organisation asks for a second factor.',
    'Sign in again and follow the steps for multi-factor authentication.',
  ],
  [
    ['53003', '530034'],
    'administrator',
    'A Conditional Access policy of your organisation blocks this sign-in.',
    'Look at the sign-in log for the policy; you may be allowed from another place or device.',
  ],
  [
    ['53000', '53001', '530003', '53011', '530001'],
    'you',
    'Your organisation lets only managed devices sign in to this app.',
    'Use a device that your organisation manages, or enrol this one.',
  ],
  [
    ['50020', '90072', '50177'],
    'you',
    'Your account belongs to another organisation and is no guest of this one.',
    'Sign in with an account of this organisation, or ask its administrator for an invitation.',
  ],
  [
    ['50034'],
    'you',
    'There is no such account in this organisation.',
    'Check the user name and sign in again.',
  ],
  [
    ['50126'],
    'you',
    'The user name or password is wrong.',
    'Sign in again; reset the password if you have forgotten it.',
  ],
  [
    ['50053'],
    'you',
    'The account is locked after too many attempts.',
    'Wait a while, then sign in again.',
  ],
  [['50055'], 'you', 'The password has expired.', 'Sign in again and choose a new password.'],
  [
    ['50057'],
    'administrator',
    'The account is disabled.',
    'Enable the account, if the person should have access.',
  ],
  [
    ['50058', '16000', '50059'],
    'you',
    'You are not signed in at your organisation in this browser, or with several accounts.',
    'Sign in and choose an account.',
  ],
  [
    ['54005', '70008'],
    'you',
    'This answer of the sign-in page was already used or came too late.',
    'Sign in again.',
  ],
];

/**
 * The AADSTS numbers people meet, in words.
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export const aadstsTexts: ReadonlyMap<string, RefusalText> = new Map(
  rows.flatMap(([numbers, actor, meaning, action]) =>
    numbers.map((number) => [number, { meaning, actor, action }] as const),
  ),
);
