/**
 * All texts of our pages in English. No other file has a text for people, except those in other languages: `de.ts` and what an app
 * gives in `brand.texts`. What developers read is not here: the log, and details of settings.
 *
 * A text with a value in it is a function. Where the page shows the value as an element, for example a name in `<bdi>`, the function
 * takes anything and gives the pieces in their order.
 */
export const english = {
  /** The header, the footer and what many pages have. */
  frame: {
    skip: 'Skip to content',
    mainMenu: 'Main',
    home: 'Home',
    goHome: 'Go to the home page',
    profile: 'Profile',
    sessions: 'Sessions',
    console: 'Console',
    signIn: 'Sign in',
    signInAgain: 'Sign in again',
    signOut: 'Sign out',
    continue: 'Continue',
    tryAgain: 'Try again',
    support: 'Support',
    privacy: 'Privacy',
    signedInAs: <T>(name: T) => pieces('Signed in as ', name),
    signedInAsUser: <T>(name: T, username: T) => pieces('Signed in as ', name, ' (', username, ')'),
  },

  times: {
    /** `time` is a date and a time of day without its zone. The server does not know the reader's own zone. */
    utc: (time: string) => `${time} UTC`,
    now: 'just now',
    soon: 'in a moment',
  },

  /** The line above the title of a page with one message: whose turn it is. */
  endings: {
    passing: 'Not your fault',
    ask: 'Somebody else must act',
    cancelled: 'You cancelled',
    ours: 'It is our fault',
    yours: 'You can solve this',
  },

  /** Pages that open another page by themselves. */
  waiting: {
    oneMoment: 'One moment',
    openingLink: 'Opening the page you followed a link to.',
    signingIn: 'Signing you in',
    please: 'One moment, please.',
    signingOut: 'Signing you out',
    signedOutHere:
      'This browser is signed out of this app. The sign-in service signs you out as well.',
  },

  home: {
    title: 'Home',
    signInWith: 'Sign in with your Microsoft account.',
    signInAndStay: 'Sign in and stay signed in',
    notSignedIn: 'You are not signed in.',
    unknownTitle: 'We cannot say right now whether you are signed in',
    unknown:
      'The app’s storage does not answer. You have not been signed out. Try again in a moment.',
    signedIn: 'You are signed in',
    whoYouAre: <T>(name: T, username: T, roles: readonly string[]) =>
      pieces(
        'Microsoft Entra ID says you are ',
        name,
        ' (',
        username,
        roles.length === 0
          ? '), without an app role.'
          : `), with the app role ${roles.join(', ')}.`,
      ),
    whereTokensAre: 'Your tokens stay on the server; your browser holds one signed cookie.',
    openProfile: 'Open your profile',
    yourSession: 'Your session',
    began: 'Began',
    endsIfIdle: 'Ends if idle',
    endsAnyway: 'Ends anyway',
  },

  /** What the home page of this repository's app explains on the local stack. */
  tour: {
    heading: 'Sign-in for your web app on Azure Functions',
    lead: 'Anteroom signs people in with Microsoft Entra ID and keeps their tokens on the server. Put your own functions beside it and say who may call them.',
    seeProfile: 'See what Graph knows about you',
    anteroomKeeps: <T>(anteroom: T) =>
      pieces(anteroom, ' keeps your session and tokens, encrypted'),
    microsoftKnows: <T>(microsoft: T) => pieces(microsoft, ' knows who you are'),
    browserHolds: <T>(browser: T) => pieces(browser, ' holds one signed cookie'),
    yourBrowser: 'Your browser',
    doors: 'Three doors to try',
    openToAll: 'Open to anyone',
    openToAllText: 'This page. It answers even when storage is down.',
    openSignedIn: 'Open when signed in',
    openSignedInText:
      'Your profile, read from Microsoft Graph as you, with a token your browser never sees.',
    openWithRole: (role: string) => `Open with the role ${role}`,
    openWithRoleText: 'The console: who is signed in, since when, from what.',
    stepsBefore: 'What a sign-in does',
    stepsBeforeLead: 'Six steps. Beside each are its files in this repository.',
    stepsAfter: 'What just happened',
    stepsAfterLead: 'Your sign-in had six steps. Beside each are its files in this repository.',
    press: 'You press “Sign in”',
    pressText:
      'Anteroom seals the page you wanted in state, and ties it to this browser by a small random cookie. Nonce and PKCE verifier are derived from both. Then it sends your browser to Microsoft. Nothing is stored on the server.',
    ask: 'Microsoft asks who you are',
    askText:
      'Password, second factor and consent stay between you and Microsoft Entra ID. It sends your browser back with a code that works once. Under npm start a stand-in on your machine plays this part.',
    hop: 'Your browser comes back, and hops once',
    hopText:
      'Browsers do not send strict cookies when another site starts a navigation. So a tiny page of ours opens the same address again, and now the browser sends them.',
    redeem: 'The code becomes a session',
    redeemText:
      'Anteroom redeems the code for tokens, and checks the signature and claims of the ID token itself. Then it writes session and tokens to one table. They are encrypted under a key that needs your cookie.',
    cookie: 'Your browser gets one cookie',
    cookieText:
      'It is signed, no script can read it, and the browser sends it to this site only. It holds the address and the id of the session, never a token.',
    check: 'Every request is checked',
    checkText:
      'A function says who may call it. The guard reads the session and refreshes tokens that have expired. It sends you to Microsoft again only when it must.',
  },

  profile: {
    title: 'Your profile',
    fromSignIn: 'As the sign-in service says',
    fromGraph: 'Read from Microsoft Graph, as you',
    change: 'Change your profile',
    claims: 'Claims of your sign-in',
    account: 'Account',
    mail: 'Mail',
    jobTitle: 'Job title',
    office: 'Office',
    mobile: 'Mobile',
    language: 'Language',
    appRoles: 'App roles',
    noRoles: 'none',
    tenant: 'Tenant',
    objectId: 'Object id',
    accessToken: 'Access token',
    livesFor: (minutes: number) =>
      minutes === 1 ? 'lives for 1 minute more' : `lives for ${minutes} minutes more`,
  },

  signedOut: {
    title: 'You are signed out',
    noSession: 'This browser has no session in this app.',
    closeWindows: 'On a shared computer, close all browser windows as well.',
    ended: 'Your session in this app has ended, and its tokens are deleted.',
    none: 'Your session in this app had already ended.',
    kept: 'This browser is signed out of this app.',
    othersEnded: 'Your sessions in all other browsers have ended too.',
    othersKept:
      'Your sessions in other browsers were not ended. Sign in again to see them and to end them.',
    providerAsked: 'The sign-in service was asked to sign you out as well.',
    providerLeft:
      'You are still signed in at the sign-in service, so signing in again may ask you nothing. On a shared computer, sign out there too.',
    providerUnreached:
      'The sign-in service could not be reached, so you may still be signed in there. On a shared computer, close all browser windows.',
    notEnded:
      'The session could not be ended on the server, because the app’s storage did not answer.',
    endsByItself: 'This browser cannot use it any more, and it ends by itself.',
    endsBy: <T>(time: T) =>
      pieces('This browser cannot use it any more, and it ends by itself by ', time, '.'),
    endSooner:
      'To end it sooner, sign in again and open Sessions, or ask an administrator of the app.',
    askToEndSooner: 'To end it sooner, ask an administrator of the app.',
    stillTitle: 'You are still signed in',
    stillText:
      'This browser still holds the cookie of a session in this app. Sign out here to end it.',
  },

  consent: {
    grantedTitle: 'Permission granted',
    granted:
      'The sign-in service reports that an administrator granted this app the permissions that it asks for. You can sign in now.',
  },
};

/** The texts of a language. */
export type Texts = typeof english;

/** The pieces of a text, of which some are elements. */
function pieces<T>(...parts: readonly (string | T)[]): readonly (string | T)[] {
  return parts;
}
