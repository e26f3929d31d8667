/* eslint-disable max-lines -- one table, of which each line stands for itself */
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
 */
export type Tone = 'passing' | 'ask' | 'cancelled' | 'ours' | 'yours' | 'refused' | 'lost';

interface ErrorFacts {
  readonly status: number;
  readonly tone: Tone;
  /** One line: what happened. */
  readonly title: string;
  /** One or two sentences: who must act, and how. */
  readonly detail: string;
  /** Seconds until a retry makes sense; sent as `Retry-After` (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number;
}

/**
 * Every way in which a request can fail: a stable code, the HTTP status of the answer, and the text for a person, which is
 * true wherever the code is thrown. Code may depend on `code`; texts may change.
 */
const errorFacts = eachCode({
  ERR_SETTINGS: {
    status: 503,
    tone: 'ours',
    retryAfterSeconds: 60,
    title: 'This app is not set up correctly',
    detail:
      'Its settings have faults, so nobody can sign in yet. An operator of the app must correct them. Each fault is listed here with the name of its setting.',
  },
  ERR_SIGNED_OUT: {
    status: 401,
    tone: 'yours',
    title: 'You are signed out',
    detail: 'Sign in to continue.',
  },
  ERR_ROLE_MISSING: {
    status: 403,
    tone: 'ask',
    title: 'You need another role for this page',
    detail:
      'You are signed in, but your account does not have the role that this page needs. An administrator of your organisation can assign it. It then works here by itself after a while, or at once when you sign out and sign in again.',
  },
  ERR_BEARER_TOKEN: {
    status: 401,
    tone: 'yours',
    title: 'The bearer token is not accepted',
    detail:
      'The token has expired, or it was not issued for this app. Get a new token for this app and try again. The header WWW-Authenticate names the check that failed.',
  },
  ERR_SCOPE_MISSING: {
    status: 403,
    tone: 'yours',
    title: 'The token lacks a scope',
    detail:
      'The bearer token does not have the scope that is needed here. Get a new token with that scope. The header WWW-Authenticate names it.',
  },
  ERR_APP_ROLE_MISSING: {
    status: 403,
    tone: 'ask',
    title: 'The calling app lacks a permission',
    detail:
      'The bearer token is of an app, without a person. It does not have the app role that is needed here. An administrator can grant it to the calling app as an application permission.',
  },
  ERR_CLAIMS_NEEDED: {
    status: 401,
    tone: 'yours',
    title: 'A new token is needed',
    detail:
      'This needs a newer or stronger sign-in than the token shows. The person must confirm who they are. Get a new token that shows what the header WWW-Authenticate asks for.',
  },
  ERR_CONSENT_NEEDED: {
    status: 403,
    tone: 'yours',
    title: 'Nobody has agreed to this yet',
    detail:
      'This app may not call another API for this person. The person can sign in to this app in a browser and agree, or an administrator can agree for everybody.',
  },
  ERR_CROSS_SITE: {
    status: 403,
    tone: 'refused',
    title: 'This request did not come from a page of this app',
    detail:
      'To protect you, this app accepts changes only from its own pages. Open the app itself and try again there.',
  },
  ERR_MEDIA_TYPE: {
    status: 415,
    tone: 'refused',
    title: 'This kind of request body is not accepted',
    detail:
      'Send application/x-www-form-urlencoded, or application/json with the header X-CSRF: 1.',
  },
  ERR_CSRF_HEADER: {
    status: 403,
    tone: 'refused',
    title: 'The header X-CSRF is missing',
    detail:
      'This address needs the header X-CSRF: 1, for every request or for each body that is not a form. In a browser, only scripts of this app can send it.',
  },
  ERR_NOT_A_NAVIGATION: {
    status: 400,
    tone: 'yours',
    title: 'Signing in needs a whole page',
    detail:
      'A script or a frame asked for this address, and nobody can sign in there. Open the address as a page of its own.',
  },
  ERR_PREFETCH: {
    status: 403,
    tone: 'yours',
    title: 'This page cannot be loaded ahead of time',
    detail: 'The browser asked for the page before anybody opened it. Open the page itself.',
  },
  ERR_BODY_TOO_LARGE: {
    status: 413,
    tone: 'yours',
    title: 'This request is too large',
    detail: 'The body of the request is longer than this app accepts. Send less at once.',
  },
  ERR_BAD_REQUEST: {
    status: 400,
    tone: 'yours',
    title: 'This request cannot be understood',
    detail:
      'A part of the address or of the body is missing, repeated, too long or not allowed here. Start again from a page of this app.',
  },
  ERR_PAGE_TOO_LONG: {
    status: 414,
    tone: 'yours',
    title: 'The address of this page is too long to come back to',
    detail:
      'The app cannot remember an address of this length while you sign in. Copy the address now and sign in. Then open the address again.',
  },
  ERR_PAGE_LOST: {
    status: 404,
    tone: 'lost',
    title: 'The page that you wanted is not known any more',
    detail:
      'The address of the page is very long, so a cookie kept it during the sign-in. This browser did not send that cookie back. Open the page again from where you found it.',
  },
  ERR_CONSENT_DECLINED: {
    status: 403,
    tone: 'ask',
    title: 'Permission was not granted',
    detail:
      'The sign-in service reports that an administrator did not grant this app the permissions that it asks for. Nothing changed. The administrator can open the link for consent again.',
  },
  ERR_SIGN_IN_UNSOLICITED: {
    status: 400,
    tone: 'yours',
    title: 'This sign-in was not started here',
    detail:
      'The sign-in service answered, but this browser did not begin that sign-in. The answer was not used, and nothing changed. To sign in, begin again from here.',
  },
  ERR_SIGN_IN_LOST: {
    status: 400,
    tone: 'yours',
    title: 'The sign-in could not be completed',
    detail:
      'This browser did not send back a cookie that the sign-in needs, and a new try did not help. Allow cookies for this site and sign in again. Finish within ten minutes.',
  },
  ERR_SIGN_IN_REFUSED: {
    status: 403,
    tone: 'refused',
    title: 'The sign-in was refused',
    detail: 'The sign-in service did not let you sign in to this app.',
  },
  ERR_SIGN_IN_REFUSED_BY_APP: {
    status: 403,
    tone: 'refused',
    title: 'This app did not let you in',
    detail:
      'The sign-in service knows your account, but this app has a check of its own. That check refused this sign-in.',
  },
  ERR_SIGN_IN_CHECK_FAILED: {
    status: 502,
    tone: 'ours',
    title: 'The app could not check this sign-in',
    detail:
      'This app checks each sign-in with code of its own. That code failed or did not answer in time, so this sign-in was not completed. Try again in a moment. If it happens again, an operator of the app should look for this error code in the log.',
  },
  ERR_SIGN_IN_EXPIRED: {
    status: 400,
    tone: 'yours',
    title: 'This answer of the sign-in page does not work any more',
    detail:
      'It was used already, or it came too late. Each answer works once, and only for a few minutes. Sign in again.',
  },
  ERR_ID_TOKEN: {
    status: 502,
    tone: 'ours',
    title: 'The sign-in could not be verified',
    detail:
      'The sign-in service sent a token that this app must not trust, so the app did not use it. An operator of the app should look for this error code in the log.',
  },
  ERR_WRONG_TENANT: {
    status: 403,
    tone: 'yours',
    title: 'This account belongs to another organisation',
    detail:
      'This app is open to one organisation only. Sign in again and choose an account of that organisation.',
  },
  ERR_TENANT_NOT_ALLOWED: {
    status: 403,
    tone: 'ask',
    title: 'This app is not open to your organisation',
    detail:
      'Your sign-in worked, but this app accepts accounts of certain organisations only. Use an account of one of them, or ask an operator of this app to accept your organisation. Give the operator the tenant id below.',
  },
  ERR_PERSONAL_ACCOUNT: {
    status: 403,
    tone: 'yours',
    title: 'This app does not accept personal accounts',
    detail:
      'Your sign-in worked, but this app accepts accounts of organisations only. Use the account that you have from your organisation or school.',
  },
  ERR_STEP_UP: {
    status: 401,
    tone: 'yours',
    title: 'One more step is needed',
    detail:
      'Before this works, you must confirm who you are, or agree to what this app asks for. Continue to the sign-in page.',
  },
  ERR_STEP_UP_UNMET: {
    status: 403,
    tone: 'yours',
    title: 'The sign-in service did not confirm the step',
    detail:
      'This page needs one more step at the sign-in service. You came back from there, but its answer does not show the step. Nothing changed: if you were signed in, you still are. If a new try does not help, an operator of the app must look for this error code in the log, which names the claim that is missing.',
  },
  ERR_PROVIDER_UNAVAILABLE: {
    status: 503,
    tone: 'passing',
    title: 'The sign-in service is not available',
    detail:
      'It did not answer in time, it is busy, or it has a fault of its own. Nothing was lost. Try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_PROVIDER_REFUSED: {
    status: 502,
    tone: 'ours',
    title: 'The sign-in service does not accept this app',
    detail:
      'It refuses this app, or what this app asks for. Nobody was signed out. Signing in again does not help before this is corrected.',
  },
  ERR_TOKEN_SIZE: {
    status: 502,
    tone: 'ours',
    title: 'The sign-in service sent too much',
    detail:
      'Your tokens are larger than this app accepts. An operator of the app should put fewer claims, groups or roles into them.',
  },
  ERR_TOO_MANY_ROLES: {
    status: 502,
    tone: 'ask',
    title: 'Your account has too many roles for this app',
    detail:
      'This app accepts up to 500 roles, and the sign-in service sent more. An administrator of your organisation should assign fewer roles, or send fewer groups as roles to this app.',
  },
  ERR_GROUPS_UNAVAILABLE: {
    status: 503,
    tone: 'passing',
    title: 'Your groups cannot be read now',
    detail:
      'What you may do in this app depends on your groups. You are in many groups, so the app asks Microsoft Graph. Graph did not answer in time, is busy or has a fault of its own. Try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_GROUPS_REFUSED: {
    status: 502,
    tone: 'ours',
    title: 'Microsoft Graph does not say which groups you are in',
    detail:
      'What you may do in this app depends on your groups. You are in many groups, so the app asks Microsoft Graph. Graph refused, or gave an answer that this app cannot use. An operator of the app should look for this error code in the log and check the permissions of the app.',
  },
  ERR_OTHER_ISSUER: {
    status: 400,
    tone: 'yours',
    title: 'This answer is not from the expected sign-in service',
    detail:
      'The answer names another sign-in service than that of this app, or none. It was not used, and nothing changed. Sign in again from here.',
  },
  ERR_PROVIDER_MISMATCH: {
    status: 502,
    tone: 'ours',
    title: 'The sign-in service does not match the settings',
    detail:
      'This app cannot work with its certificate, or with what the sign-in service says of itself or asks for. An operator of the app must look for this error code in the log, which names the reason.',
  },
  ERR_CLOCK: {
    status: 503,
    tone: 'ours',
    title: 'The clock of this app is wrong',
    detail:
      'The clock of the machine that this app runs on differs from that of the sign-in service by more than two minutes. An operator of the app must set the clock right.',
    retryAfterSeconds: 10,
  },
  ERR_API_UNAVAILABLE: {
    status: 503,
    tone: 'passing',
    title: 'An API is not available',
    detail:
      'This page needs an API that did not answer in time, is busy, or broke off its answer. You are still signed in. Try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_API_REFUSED: {
    status: 502,
    tone: 'ours',
    title: 'An API gave no usable answer',
    detail:
      'You are signed in, but an API that this page needs refused the request, or gave an answer that this app cannot use. An operator of the app should look for this error code in the log and check the permissions of the app.',
  },
  ERR_API_SETTINGS: {
    status: 503,
    tone: 'ours',
    title: 'An API of this app is not set up',
    detail:
      'This page needs an API whose address or scopes are missing or not valid in the settings of this app. An operator of the app must correct them.',
    retryAfterSeconds: 60,
  },
  ERR_NOT_FOUND: {
    status: 404,
    tone: 'lost',
    title: 'There is nothing here',
    detail: 'What you asked for does not exist.',
  },
  ERR_SESSION_CHANGED: {
    status: 409,
    tone: 'yours',
    title: 'The same data was changed at the same time',
    detail:
      'Another request of your session was first, so nothing of this request was kept. Load the page again to see what is there now, and try once more.',
  },
  ERR_SESSION_GONE: {
    status: 404,
    tone: 'lost',
    title: 'This session is not there any more',
    detail:
      'It has already ended, so there was nothing left to end. The list shows which sessions are live now.',
  },
  ERR_STORAGE_UNAVAILABLE: {
    status: 503,
    tone: 'passing',
    title: 'Sessions cannot be reached',
    detail:
      'The storage of this app did not answer in time, or refused the request. You have not been signed out. Try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_STORAGE_LIMIT: {
    status: 502,
    tone: 'ours',
    title: 'This session is too large to keep',
    detail:
      'Your tokens are larger than what this app can store. An operator of the app should ask for fewer scopes and claims.',
  },
  ERR_KEYS_UNAVAILABLE: {
    status: 503,
    tone: 'passing',
    title: 'The keys of this app cannot be reached',
    detail:
      'Without its keys the app cannot tell who is signed in. Try again in a moment. If it lasts, an operator of the app should look at the log.',
    retryAfterSeconds: 10,
  },
  ERR_DEADLINE: {
    status: 503,
    tone: 'passing',
    title: 'A service did not answer in time',
    detail: 'This app needs another service, which did not answer in time. Try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_INTERNAL: {
    status: 500,
    tone: 'ours',
    title: 'Something went wrong on our side',
    detail:
      'The fault is in the log. Try again. If it happens again, tell an operator of the app the request id.',
  },
});

/** Keeps the codes in the type of the table, and its texts out of it. */
function eachCode<Code extends string>(facts: Readonly<Record<Code, ErrorFacts>>) {
  return facts;
}

/** The codes of Anteroom's own errors. They stay; what they mean is in the table of troubleshooting. */
export type ErrorCode = keyof typeof errorFacts;

/** Status and public text of a code. */
export function factsOf(code: ErrorCode): ErrorFacts {
  return errorFacts[code];
}

/** The tone of an error's page. A team's own error has none, so its status decides. */
export function toneOf(error: {
  readonly code: string;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
}): Tone {
  if (isErrorCode(error.code)) return factsOf(error.code).tone;
  if (error.status >= 500) return error.retryAfterSeconds === undefined ? 'ours' : 'passing';
  return error.status === 404 || error.status === 410 ? 'lost' : 'refused';
}

/** Whether a code is one of ours. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorFacts, code);
}
