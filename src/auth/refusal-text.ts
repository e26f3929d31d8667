import type { ProviderRefusal } from '../errors';
import { aadstsTexts } from './aadsts-texts';

/** What a provider's refusal means to the person who reads the page. */
export interface RefusalText {
  /** One sentence: what happened. */
  readonly meaning: string;
  /** Who can change it: the person signing in, their administrator, or an operator of the app. */
  readonly actor: 'you' | 'administrator' | 'operator';
  /** One sentence: what that one does. */
  readonly action: string;
}

const errorTexts: Readonly<Record<string, RefusalText>> = {
  access_denied: {
    meaning: 'The sign-in was cancelled, or access to this app was denied.',
    actor: 'you',
    action: 'Sign in again; if it is denied again, ask an administrator of your organisation.',
  },
  login_required: {
    meaning: 'You are not signed in at your organisation in this browser.',
    actor: 'you',
    action: 'Sign in.',
  },
  account_selection_required: {
    meaning: 'Several accounts are signed in, and none was chosen.',
    actor: 'you',
    action: 'Sign in again and choose an account.',
  },
  consent_required: {
    meaning: 'This app may not yet read what it needs.',
    actor: 'you',
    action: 'Sign in again and agree to what the app asks for.',
  },
  interaction_required: {
    meaning: 'Your organisation asks for one more step, such as a second factor.',
    actor: 'you',
    action: 'Sign in again and follow what the sign-in page asks.',
  },
  temporarily_unavailable: {
    meaning: 'The sign-in service is busy.',
    actor: 'you',
    action: 'Try again in a few minutes.',
  },
  server_error: {
    meaning: 'The sign-in service had a failure of its own.',
    actor: 'you',
    action: 'Try again in a few minutes; if it lasts, tell an operator of the app.',
  },
  invalid_request: {
    meaning: 'The app asked the sign-in service in a way it does not accept.',
    actor: 'operator',
    action: 'Compare the settings of the app with its app registration.',
  },
  unauthorized_client: {
    meaning: 'The sign-in service does not let this app sign people in.',
    actor: 'operator',
    action: 'Compare the settings of the app with its app registration.',
  },
  invalid_client: {
    meaning: 'The sign-in service does not accept how this app proves itself.',
    actor: 'operator',
    action: 'Check the secret, certificate or federated credential of the app registration.',
  },
};

const otherText: RefusalText = {
  meaning: 'The sign-in service refused, for a reason this app does not know.',
  actor: 'operator',
  action: 'Look up the number, or give the correlation id to Microsoft support.',
};

/** The text for a refusal: by its AADSTS number, else by its error name. Never throws. */
export function refusalText({ error, aadsts }: ProviderRefusal): RefusalText {
  const byNumber = aadsts === undefined ? undefined : findAadstsText(aadsts);
  if (byNumber !== undefined) return byNumber;
  return Object.hasOwn(errorTexts, error) ? (errorTexts[error] ?? otherText) : otherText;
}

/** The text for an AADSTS number, digits only, when it is one we know. */
export function findAadstsText(aadsts: string): RefusalText | undefined {
  return aadstsTexts.get(aadsts);
}
