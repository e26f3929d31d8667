/**
 * Every way a request can fail, in one table: a stable code, the HTTP status it is answered with,
 * and the text a person may read. Callers switch on `code`; texts are free to change.
 */

interface ErrorFacts {
  readonly status: number;
  /** One line: what happened. */
  readonly title: string;
  /** One or two sentences: who must act, and how. */
  readonly detail: string;
  /** Seconds until a retry makes sense; sent as `Retry-After` (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number;
}

const errorFacts = {
  ERR_SETTINGS: {
    status: 503,
    retryAfterSeconds: 60,
    title: 'This app is not set up correctly',
    detail:
      'Its settings have faults, so nobody can sign in yet. An operator of the app must correct them; every fault is listed here by the name of its setting.',
  },
  ERR_SIGNED_OUT: {
    status: 401,
    title: 'You are signed out',
    detail: 'Sign in to go on.',
  },
  ERR_ROLE_MISSING: {
    status: 403,
    title: 'You need another role for this page',
    detail:
      'You are signed in, but your account does not have the role this page asks for. An administrator of your organisation can assign it; it then works here by itself after a while, or at once after signing out and in again.',
  },
  ERR_CROSS_SITE: {
    status: 403,
    title: 'This request came from another site',
    detail:
      'To protect you, changes are accepted only from the pages of this app. Open the app itself and try again there.',
  },
  ERR_MEDIA_TYPE: {
    status: 415,
    title: 'This kind of request body is not accepted',
    detail:
      'Send application/x-www-form-urlencoded, or application/json with the header X-CSRF: 1.',
  },
  ERR_CSRF_HEADER: {
    status: 403,
    title: 'The header X-CSRF is missing',
    detail: 'Requests whose body is not a form must carry the header X-CSRF: 1.',
  },
  ERR_NOT_A_NAVIGATION: {
    status: 400,
    title: 'Signing in needs a whole page',
    detail:
      'This address answers only when a browser opens it as a page. Scripts and frames must send the person there, not fetch it.',
  },
  ERR_PREFETCH: {
    status: 403,
    title: 'This page is not given ahead of time',
    detail: 'The browser asked for it before anybody opened it. Open the page itself.',
  },
  ERR_BODY_TOO_LARGE: {
    status: 413,
    title: 'This request is too large',
    detail: 'What was sent is longer than this app takes. Send less at once.',
  },
  ERR_BAD_REQUEST: {
    status: 400,
    title: 'This request cannot be understood',
    detail:
      'A part of the address is missing, doubled or not allowed here. Start again from the home page.',
  },
  ERR_PAGE_TOO_LONG: {
    status: 414,
    title: 'The address of this page is too long to come back to',
    detail:
      'Signing in leads away from the page and back, and this address is longer than what can be kept on the way. Copy it now, sign in, then open it again.',
  },
  ERR_PAGE_LOST: {
    status: 404,
    title: 'The page that you wanted is not known any more',
    detail:
      'Its address is very long, and this browser did not bring back the cookie that held it during the sign-in. Open the page again from where you found it.',
  },
  ERR_CONSENT_DECLINED: {
    status: 403,
    title: 'Permission was not granted',
    detail:
      'The sign-in service reports that an administrator did not grant this app the permissions that it asks for. Nothing was changed. The administrator can open the link for consent again.',
  },
  ERR_SIGN_IN_UNSOLICITED: {
    status: 400,
    title: 'This sign-in was not started here',
    detail:
      'The answer belongs to no sign-in that this browser began, so it was not used and changed nothing. If you want to sign in, begin again from here.',
  },
  ERR_SIGN_IN_LOST: {
    status: 400,
    title: 'The sign-in could not be completed',
    detail:
      'This browser did not bring back the cookie that the sign-in began with, twice. Allow cookies for this site, do not wait longer than ten minutes on the sign-in page, then try again.',
  },
  ERR_SIGN_IN_REFUSED: {
    status: 403,
    title: 'The sign-in was refused',
    detail: 'The sign-in service did not let you sign in to this app.',
  },
  ERR_SIGN_IN_EXPIRED: {
    status: 400,
    title: 'This sign-in has already been used or took too long',
    detail: 'Each answer of the sign-in page works once and for a few minutes. Sign in again.',
  },
  ERR_ID_TOKEN: {
    status: 502,
    title: 'The sign-in could not be verified',
    detail:
      'The identity provider answered with a token that this app must not trust, so nobody was signed in. An operator of the app should look for this error code in its log.',
  },
  ERR_WRONG_TENANT: {
    status: 403,
    title: 'This account belongs to another organisation',
    detail:
      'The app is open to one organisation only. Sign in again and choose an account of that organisation.',
  },
  ERR_STEP_UP: {
    status: 401,
    title: 'One more step is needed',
    detail:
      'Your organisation asks you to confirm it is you, or to agree to an access, before this works. Continue to the sign-in page.',
  },
  ERR_PROVIDER_UNAVAILABLE: {
    status: 503,
    title: 'The sign-in service cannot be reached',
    detail:
      'Microsoft Entra ID is out of reach, busy, or has a failure of its own. Nothing was lost; try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_PROVIDER_REFUSED: {
    status: 502,
    title: 'The sign-in service does not accept this app',
    detail:
      'Microsoft Entra ID refuses this app, or what it asks for. Nobody was signed out by this, and signing in again does not help until it is changed.',
  },
  ERR_TOKEN_SIZE: {
    status: 502,
    title: 'The sign-in service sent too much',
    detail:
      'What Microsoft Entra ID issued for you is larger than this app takes. An operator of the app should have fewer claims, groups or roles put into the token.',
  },
  ERR_TOO_MANY_ROLES: {
    status: 502,
    title: 'Your account has too many roles for this app',
    detail:
      'This app takes up to 500 roles, and the sign-in service sent more. An administrator of your organisation should assign fewer roles, or send fewer groups as roles to this app.',
  },
  ERR_OTHER_ISSUER: {
    status: 400,
    title: 'This answer is not from the expected sign-in service',
    detail:
      'The answer names another sign-in service than the one that you were sent to, so it was not used and changed nothing. Sign in again from here.',
  },
  ERR_PROVIDER_MISMATCH: {
    status: 502,
    title: 'The sign-in service does not match the settings',
    detail:
      'The identity provider answered as somebody else, or the settings do not let this app prove itself. An operator of the app must compare its settings with the app registration.',
  },
  ERR_GRAPH_UNAVAILABLE: {
    status: 503,
    title: 'Microsoft Graph cannot be reached',
    detail: 'You are signed in, but your profile could not be read in time. Try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_GRAPH_REFUSED: {
    status: 502,
    title: 'Microsoft Graph refused the request',
    detail:
      'You are signed in, but Microsoft Graph did not give this app what it asked for. An operator of the app should check the permissions it was granted.',
  },
  ERR_NOT_FOUND: {
    status: 404,
    title: 'There is nothing here',
    detail: 'What you asked for does not exist.',
  },
  ERR_SESSION_GONE: {
    status: 404,
    title: 'This session is not there any more',
    detail:
      'It has ended already, by itself or by somebody else, so there was nothing left to end. The list shows which sessions are live now.',
  },
  ERR_STORAGE_UNAVAILABLE: {
    status: 503,
    title: 'Sessions cannot be reached',
    detail:
      'The storage of this app did not answer in time. You have not been signed out; try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_STORAGE_LIMIT: {
    status: 502,
    title: 'This session is too large to keep',
    detail:
      'What the identity provider issued for you exceeds what can be stored. An operator of the app should ask for fewer scopes and claims.',
  },
  ERR_KEYS_UNAVAILABLE: {
    status: 503,
    title: 'The keys of this app cannot be reached',
    detail:
      'Without its keys the app cannot tell who is signed in. Try again in a moment; an operator should look at the log if it lasts.',
    retryAfterSeconds: 10,
  },
  ERR_DEADLINE: {
    status: 503,
    title: 'This took too long',
    detail:
      'A service that this app depends on did not answer in time. Nothing was lost; try again in a moment.',
    retryAfterSeconds: 10,
  },
  ERR_INTERNAL: {
    status: 500,
    title: 'Something went wrong on our side',
    detail:
      'It has been logged. Try again; if it happens again, tell an operator of the app the number below.',
  },
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof errorFacts;

/** Status and public text of a code. */
export function factsOf(code: ErrorCode): ErrorFacts {
  return errorFacts[code];
}
