/* eslint-disable max-lines -- one table, of which each line stands for itself */
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
    profile: 'Profile',
    sessions: 'Sessions',
    console: 'Console',
    signOut: 'Sign out',
    support: 'Support',
    privacy: 'Privacy',
    signedInAs: <T>(name: T) => pieces('Signed in as ', name),
    signedInAsUser: <T>(person: T) => pieces('Signed in as ', person),
  },

  /** What buttons and links lead to. */
  links: {
    goHome: 'Go to the home page',
    signIn: 'Sign in',
    signInAgain: 'Sign in again',
    useAnotherAccount: 'Use another account',
    continue: 'Continue',
    tryAgain: 'Try again',
    openPage: 'Open the page',
    loadAgain: 'Load the page again',
    backToList: 'Back to the list',
    askForHelp: 'Ask for help',
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
    whoYouAre: <T>(person: T) =>
      pieces('Microsoft Entra ID says you are ', person, ', without an app role.'),
    whoYouAreWithRoles: <T>(person: T, roles: T) =>
      pieces('Microsoft Entra ID says you are ', person, ', with the app role ', roles, '.'),
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
      minutes === 1 ? 'valid for 1 more minute' : `valid for ${minutes} more minutes`,
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

  /** What both lists of sessions say: the console's, and a person's own. */
  lists: {
    browser: 'Browser',
    /** A browser and its system, as a session keeps them: `Chrome on Windows`, `Unknown browser on Linux`, `unknown`. */
    device: (device: string) => device,
    signedIn: 'Signed in',
    lastUsed: 'Last used',
    action: 'Action',
    end: 'End',
    endSessionOf: (name: string, device: string) => `End the session of ${name}: ${device}`,
    ended: (count: number) =>
      count === 0
        ? 'There was no other session to end.'
        : count === 1
          ? '1 session has ended.'
          : `${number(count)} sessions have ended.`,
    endedOf: <T>(count: number, name: T) =>
      count === 1
        ? pieces('1 session of ', name, ' has ended.')
        : pieces(`${number(count)} sessions of `, name, ' have ended.'),
  },

  console: {
    title: 'Console',
    heading: 'Who is signed in',
    table: 'Live sessions',
    more: 'More',
    activity: 'What happened lately',
    endEverybody: 'End everybody’s sessions',
    searchFor: 'Name or address',
    search: 'Search',
    showEverybody: 'Show everybody',
    sortBy: 'Sort by',
    orders: {
      used: 'Last used',
      'signed-in': 'Signed in',
      name: 'Name',
      count: 'Most sessions',
    },
    person: 'Person',
    you: 'You',
    tenant: (id: string) => `Tenant ${id}`,
    sessionCount: (count: number) => sessions(count),
    sessionCountOrMore: (count: number) => `${number(count)} or more sessions`,
    sessionsOf: (count: number, name: string) => `${sessions(count)} of ${name}`,
    sessionsOrMoreOf: (count: number, name: string) =>
      `${number(count)} or more sessions of ${name}`,
    showPerson: 'Show only this person',
    endAll: 'End all sessions',
    endAllOf: (name: string) => `End all sessions of ${name}`,
    sessions: (count: number, people: number) => `${ofPeople(count, people)}.`,
    firstSessions: (count: number, people: number) =>
      `The first ${ofPeople(count, people)}. There are more.`,
    moreSessions: (count: number, people: number) => `The next ${ofPeople(count, people)}.`,
    none: 'No live session was found. One that has just begun may be missing here.',
    noneSoFar: 'No live session was found so far. The list has not come to the end yet.',
    found: <T>(text: T, count: number, people: number, searched: number) =>
      pieces(
        `${ofPeople(count, people)} ${count === 1 ? 'matches' : 'match'} “`,
        text,
        `”, among ${number(searched)}.`,
      ),
    nobodyFound: <T>(text: T, searched: number) =>
      pieces('Nobody matches “', text, `”, among ${liveSessions(searched)}.`),
    searchGoesOn: 'The search has not come to the end yet.',
    range: (first: number, last: number) => `This page shows ${number(first)} to ${number(last)}.`,
    emptyPage: 'This page has none of them any more.',
    sortedAmong: (count: number) =>
      count === 1
        ? 'The order is of this one only.'
        : `The order is of these ${number(count)} only, not of all sessions.`,
    pages: 'Pages',
    next: 'Next sessions',
    goOnSearching: 'Go on searching',
    first: 'Back to the first page',
    approximate: (half: string) =>
      `The time of last use is approximate: it may be up to ${half} later than shown.`,
  },

  /** What happened lately. The names of events are those of `events.ts`, and those of endings are in `sign-in/ending.ts`. */
  activity: {
    title: 'Activity',
    heading: 'What happened lately',
    toSessions: 'Who is signed in',
    searchFor: 'Name, address or key of a person',
    day: 'Day (UTC)',
    allDays: 'Show all days',
    kindsOf: 'Kinds of events',
    everything: 'All',
    kinds: {
      'sign-in': 'Sign-ins',
      session: 'Sessions',
      access: 'Refused requests',
      console: 'Views of the console',
      fault: 'Faults',
      upkeep: 'Upkeep',
    },
    event: 'Event',
    when: 'When',
    who: 'Who',
    theApp: 'the app',
    unknown: 'not known',
    everybody: 'everybody',
    about: 'about',
    onlyPerson: 'Show only this person',
    count: (count: number) => `${events(count)}, the newest first.`,
    found: (count: number, searched: number) =>
      `${events(count)} found, among ${number(searched)}.`,
    none: 'Nothing happened in the last 30 days.',
    hasMore: 'There are earlier ones.',
    unreadable: (count: number) =>
      `${events(count)} cannot be read: a key was deleted or cannot be opened now, or somebody changed the rows.`,
    earlier: 'Show earlier events',
    download: 'Download as JSON Lines',
    aboutList:
      'Events are kept for 30 days. Of refusals that come in large numbers, only the number is kept. The log of the app has every event.',
    correlation: (id: string) => `Correlation ${id}`,
    /** For which of its periods of 90 days the app made a key. */
    period: (number: string) => `period ${number}`,
    /** In front of a note for operators, which is in English. */
    inLog: 'In the log:',
    outcomes: { failed: 'failed', partial: 'in part' },
    events: {
      'sign-in': 'Signed in',
      'sign-in refused': 'Sign-in refused by the sign-in service',
      'sign-in failed': 'Sign-in not completed',
      'tenant refused': 'Account of another organisation',
      'issuer refused': 'Answer of another sign-in service',
      'hook refused': 'Sign-in refused by the app',
      'hook failed': 'Fault in the app’s own check',
      'step-up': 'One more step asked for',
      'refresh refused': 'New tokens refused',
      'app token refused': 'Token for the app refused',
      'session ended': 'Session ended',
      'role denied': 'Role missing',
      'bearer token refused': 'Bearer token refused',
      'request failed': 'Request failed',
      'console viewed': 'Console viewed',
      'configuration fault': 'Fault in the settings',
      'storage trouble': 'Storage does not answer',
      'keys trouble': 'Keys not available',
      'provider trouble': 'Sign-in service does not answer',
      'API trouble': 'API does not answer',
      'session unreadable': 'Session cannot be read',
      'health failing': 'Health check fails',
      'key made': 'Key made',
      'events lost': 'Events are missing',
    },
    whys: {
      'sign-out': 'by signing out',
      'sign-out everywhere': 'by signing out everywhere',
      'end own session': 'the person ended one of their own',
      'end own other sessions': 'the person ended all their others',
      'end session': 'an administrator ended it',
      'end all sessions of user': 'an administrator ended all of this person',
      'end everybody': 'an administrator ended everybody’s',
      'sign-out at the provider': 'by signing out at the sign-in service',
      'end refused session': 'the sign-in service took it back',
      'replace session': 'a new sign-in in the same browser',
      'end sessions over the limit': 'a new sign-in, over the limit of sessions',
    },
    whats: {
      'all sessions': 'list of sessions',
      'a search': 'search for sessions',
      'sessions of a person': 'sessions of a person, before ending them',
      activity: 'activity',
      'export of the activity': 'activity, downloaded',
      'more of this kind': 'more of this kind, within ten minutes',
    },
  },

  /** Pages that ask before sessions end, or say what was ended. */
  ending: {
    oneTitle: 'End this session?',
    allTitle: 'End all sessions of this person?',
    othersTitle: 'End your other sessions?',
    everywhereTitle: 'Sign out everywhere?',
    everybodyTitle: 'End everybody’s sessions?',
    signedIn: <T>(distance: T) => pieces('Signed in ', distance),
    more: (count: number) => `And ${number(count)} more that are not shown here.`,
    manyMore: 'And many more that are not shown here.',
    isThisBrowser: 'It is the session of this browser: you will be signed out.',
    hasThisBrowser: 'This browser is among them: you will be signed out.',
    workMayBeLost: 'Work that is not saved may be lost.',
    canSignInAgain:
      'The person can sign in again. To keep somebody out, disable the account in Microsoft Entra ID.',
    allCanSignInAgain:
      'Everybody can sign in again. To keep people out, disable their accounts in Microsoft Entra ID.',
    othersText: 'This browser stays signed in.',
    everywhereText:
      'You will be signed out in this browser too, and the sign-in service is asked to sign you out.',
    everybodyText:
      'All sessions of all people end, yours too. The keys of the app are deleted, so no earlier cookie works any more. The app makes new keys by itself.',
    endOne: 'End the session',
    end: (count: number) => `End ${sessions(count)}`,
    endAll: 'End all sessions',
    endEverybody: 'Sign everybody out',
    cancel: 'Cancel',
    everybodyEndedTitle: 'Everybody is signed out',
    everybodyEnded: (count: number) =>
      `The keys of the app are deleted, and ${count === 1 ? '1 session has' : `${number(count)} sessions have`} ended, yours too.`,
    notAllRemoved:
      'There was no time to remove all sessions. The others end when each instance of the app reads its keys again, which it does every 15 minutes. To end them now, restart the app.',
    signedOutOnceMore:
      'Somebody who signs in within the next 15 minutes may be signed out once more, by an instance that reads its keys again.',
  },

  ownSessions: {
    title: 'Your sessions',
    heading: 'Where you are signed in',
    lead: 'Each browser in which you are signed in to this app. End what you do not recognise.',
    endsBy: 'Ends at the latest',
    thisBrowser: 'This browser',
    now: 'now',
    signOut: 'Sign out',
    signOutHere: 'Sign out of this browser',
    endSession: (device: string, began: string) => `End the session: ${device}, signed in ${began}`,
    more: 'Show more sessions',
    endOthers: 'End all other sessions',
    signOutEverywhere: 'Sign out everywhere',
    approximate: (half: string) =>
      `The time of last use is approximate: it may be up to ${half} later than shown. A session that has ended does not keep anybody from signing in again.`,
  },

  errorPage: {
    cancelled: 'The sign-in was cancelled',
    roleIsNamed: <T>(role: T) => pieces('The role is named ', role, '.'),
    apiIsNamed: <T>(api: T) => pieces('The API is named ', api, '.'),
    you: 'You can do this yourself:',
    administrator: 'An administrator of your organisation must act:',
    operator: 'An operator of this app must act:',
    whereSettingsAre:
      'In Azure these are app settings of the Function App; locally they are in local.settings.json. The app reads them when it starts.',
    /** Names of what an operator finds in a log. */
    error: 'Error',
    correlation: 'Correlation',
    tenant: 'Tenant',
    request: 'Request',
  },

  /** By the code of an error: what happened, and who must act and how. Programs get these texts too, in English. */
  errors: {
    ERR_SETTINGS: {
      title: 'This app is not set up correctly',
      detail:
        'Its settings have faults, so nobody can sign in yet. An operator of the app must correct them. Each fault is listed here with the name of its setting.',
    },
    ERR_SIGNED_OUT: { title: 'You are signed out', detail: 'Sign in to continue.' },
    ERR_ROLE_MISSING: {
      title: 'You need another role for this page',
      detail:
        'You are signed in, but your account does not have the role that this page needs. An administrator of your organisation can assign it. It then works here by itself after a while, or at once when you sign out and sign in again.',
    },
    ERR_BEARER_TOKEN: {
      title: 'The bearer token is not accepted',
      detail:
        'The token has expired, or it was not issued for this app. Get a new token for this app and try again. The header WWW-Authenticate names the check that failed.',
    },
    ERR_SCOPE_MISSING: {
      title: 'The token lacks a scope',
      detail:
        'The bearer token does not have the scope that is needed here. Get a new token with that scope. The header WWW-Authenticate names it.',
    },
    ERR_APP_ROLE_MISSING: {
      title: 'The calling app lacks a permission',
      detail:
        'The bearer token is of an app, without a person. It does not have the app role that is needed here. An administrator can grant it to the calling app as an application permission.',
    },
    ERR_CLAIMS_NEEDED: {
      title: 'A new token is needed',
      detail:
        'This needs a newer or stronger sign-in than the token shows. The person must confirm who they are. Get a new token that shows what the header WWW-Authenticate asks for.',
    },
    ERR_CONSENT_NEEDED: {
      title: 'Nobody has agreed to this yet',
      detail:
        'This app may not call another API for this person. The person can sign in to this app in a browser and agree, or an administrator can agree for everybody.',
    },
    ERR_CROSS_SITE: {
      title: 'This request did not come from a page of this app',
      detail:
        'To protect you, this app accepts changes only from its own pages. Open the app itself and try again there.',
    },
    ERR_MEDIA_TYPE: {
      title: 'This kind of request body is not accepted',
      detail:
        'Send application/x-www-form-urlencoded, or application/json with the header X-CSRF: 1.',
    },
    ERR_CSRF_HEADER: {
      title: 'The header X-CSRF is missing',
      detail:
        'This address needs the header X-CSRF: 1, for every request or for each body that is not a form. In a browser, only scripts of this app can send it.',
    },
    ERR_NOT_A_NAVIGATION: {
      title: 'Signing in needs a whole page',
      detail:
        'A script or a frame asked for this address, and nobody can sign in there. Open the address as a page of its own.',
    },
    ERR_PREFETCH: {
      title: 'This page cannot be loaded ahead of time',
      detail: 'The browser asked for the page before anybody opened it. Open the page itself.',
    },
    ERR_BODY_TOO_LARGE: {
      title: 'This request is too large',
      detail: 'The body of the request is longer than this app accepts. Send less at once.',
    },
    ERR_BAD_REQUEST: {
      title: 'This request cannot be understood',
      detail:
        'A part of the address or of the body is missing, repeated, too long or not allowed here. Start again from a page of this app.',
    },
    ERR_PAGE_TOO_LONG: {
      title: 'The address of this page is too long to come back to',
      detail:
        'The app cannot remember an address of this length while you sign in. Copy the address now and sign in. Then open the address again.',
    },
    ERR_PAGE_LOST: {
      title: 'The page that you wanted is not known any more',
      detail:
        'The address of the page is very long, so a cookie kept it during the sign-in. This browser did not send that cookie back. Open the page again from where you found it.',
    },
    ERR_CONSENT_DECLINED: {
      title: 'Permission was not granted',
      detail:
        'The sign-in service reports that an administrator did not grant this app the permissions that it asks for. Nothing changed. The administrator can open the link for consent again.',
    },
    ERR_SIGN_IN_UNSOLICITED: {
      title: 'This sign-in was not started here',
      detail:
        'The sign-in service answered, but this browser did not begin that sign-in. The answer was not used, and nothing changed. To sign in, begin again from here.',
    },
    ERR_SIGN_IN_LOST: {
      title: 'The sign-in could not be completed',
      detail:
        'This browser did not send back a cookie that the sign-in needs, and a new try did not help. Allow cookies for this site and sign in again. Finish within ten minutes.',
    },
    ERR_SIGN_IN_REFUSED: {
      title: 'The sign-in was refused',
      detail: 'The sign-in service did not let you sign in to this app.',
    },
    ERR_SIGN_IN_REFUSED_BY_APP: {
      title: 'This app did not let you in',
      detail:
        'The sign-in service knows your account, but this app has a check of its own. That check refused this sign-in.',
    },
    ERR_SIGN_IN_CHECK_FAILED: {
      title: 'The app could not check this sign-in',
      detail:
        'This app checks each sign-in with code of its own. That code failed or did not answer in time, so this sign-in was not completed. Try again in a moment. If it happens again, an operator of the app should look for this error code in the log.',
    },
    ERR_SIGN_IN_EXPIRED: {
      title: 'This answer of the sign-in page does not work any more',
      detail:
        'It was used already, or it came too late. Each answer works once, and only for a few minutes. Sign in again.',
    },
    ERR_ID_TOKEN: {
      title: 'The sign-in could not be verified',
      detail:
        'The sign-in service sent a token that this app must not trust, so the app did not use it. An operator of the app should look for this error code in the log.',
    },
    ERR_WRONG_TENANT: {
      title: 'This account belongs to another organisation',
      detail:
        'This app is open to one organisation only. Sign in again and choose an account of that organisation.',
    },
    ERR_TENANT_NOT_ALLOWED: {
      title: 'This app is not open to your organisation',
      detail:
        'Your sign-in worked, but this app accepts accounts of certain organisations only. Use an account of one of them, or ask an operator of this app to accept your organisation. Give the operator the tenant id below.',
    },
    ERR_PERSONAL_ACCOUNT: {
      title: 'This app does not accept personal accounts',
      detail:
        'Your sign-in worked, but this app accepts accounts of organisations only. Use the account that you have from your organisation or school.',
    },
    ERR_STEP_UP: {
      title: 'One more step is needed',
      detail:
        'Before this works, you must confirm who you are, or agree to what this app asks for. Continue to the sign-in page.',
    },
    ERR_STEP_UP_UNMET: {
      title: 'The sign-in service did not confirm the step',
      detail:
        'This page needs one more step at the sign-in service. You came back from there, but its answer does not show the step. Nothing changed: if you were signed in, you still are. If a new try does not help, an operator of the app must look for this error code in the log, which names the claim that is missing.',
    },
    ERR_PROVIDER_UNAVAILABLE: {
      title: 'The sign-in service is not available',
      detail:
        'It did not answer in time, it is busy, or it has a fault of its own. Nothing was lost. Try again in a moment.',
    },
    ERR_PROVIDER_REFUSED: {
      title: 'The sign-in service does not accept this app',
      detail:
        'It refuses this app, or what this app asks for. Nobody was signed out. Signing in again does not help before this is corrected.',
    },
    ERR_TOKEN_SIZE: {
      title: 'The sign-in service sent too much',
      detail:
        'Your tokens are larger than this app accepts. An operator of the app should put fewer claims, groups or roles into them.',
    },
    ERR_TOO_MANY_ROLES: {
      title: 'Your account has too many roles for this app',
      detail:
        'This app accepts up to 500 roles, and the sign-in service sent more. An administrator of your organisation should assign fewer roles, or send fewer groups as roles to this app.',
    },
    ERR_GROUPS_UNAVAILABLE: {
      title: 'Your groups cannot be read now',
      detail:
        'What you may do in this app depends on your groups. You are in many groups, so the app asks Microsoft Graph. Graph did not answer in time, is busy or has a fault of its own. Try again in a moment.',
    },
    ERR_GROUPS_REFUSED: {
      title: 'Microsoft Graph does not say which groups you are in',
      detail:
        'What you may do in this app depends on your groups. You are in many groups, so the app asks Microsoft Graph. Graph refused, or gave an answer that this app cannot use. An operator of the app should look for this error code in the log and check the permissions of the app.',
    },
    ERR_OTHER_ISSUER: {
      title: 'This answer is not from the expected sign-in service',
      detail:
        'The answer names another sign-in service than that of this app, or none. It was not used, and nothing changed. Sign in again from here.',
    },
    ERR_PROVIDER_MISMATCH: {
      title: 'The sign-in service does not match the settings',
      detail:
        'This app cannot work with its certificate, or with what the sign-in service says of itself or asks for. An operator of the app must look for this error code in the log, which names the reason.',
    },
    ERR_CLOCK: {
      title: 'The clock of this app is wrong',
      detail:
        'The clock of the machine that this app runs on differs from that of the sign-in service by more than two minutes. An operator of the app must set the clock right.',
    },
    ERR_API_UNAVAILABLE: {
      title: 'An API is not available',
      detail:
        'This page needs an API that did not answer in time, is busy, or broke off its answer. You are still signed in. Try again in a moment.',
    },
    ERR_API_REFUSED: {
      title: 'An API gave no usable answer',
      detail:
        'You are signed in, but an API that this page needs refused the request, or gave an answer that this app cannot use. An operator of the app should look for this error code in the log and check the permissions of the app.',
    },
    ERR_API_SETTINGS: {
      title: 'An API of this app is not set up',
      detail:
        'This page needs an API whose address or scopes are missing or not valid in the settings of this app. An operator of the app must correct them.',
    },
    ERR_NOT_FOUND: { title: 'There is nothing here', detail: 'What you asked for does not exist.' },
    ERR_SESSION_CHANGED: {
      title: 'The same data was changed at the same time',
      detail:
        'Another request of your session was first, so nothing of this request was kept. Load the page again to see what is there now, and try once more.',
    },
    ERR_SESSION_GONE: {
      title: 'This session is not there any more',
      detail:
        'It has already ended, so there was nothing left to end. The list shows which sessions are live now.',
    },
    ERR_STORAGE_UNAVAILABLE: {
      title: 'Sessions cannot be reached',
      detail:
        'The storage of this app did not answer in time, or refused the request. You have not been signed out. Try again in a moment.',
    },
    ERR_STORAGE_LIMIT: {
      title: 'This session is too large to keep',
      detail:
        'Your tokens are larger than what this app can store. An operator of the app should ask for fewer scopes and claims.',
    },
    ERR_KEYS_UNAVAILABLE: {
      title: 'The keys of this app cannot be reached',
      detail:
        'Without its keys the app cannot tell who is signed in. Try again in a moment. If it lasts, an operator of the app should look at the log.',
    },
    ERR_DEADLINE: {
      title: 'A service did not answer in time',
      detail:
        'This app needs another service, which did not answer in time. Try again in a moment.',
    },
    ERR_INTERNAL: {
      title: 'Something went wrong on our side',
      detail:
        'The fault is in the log. Try again. If it happens again, tell an operator of the app the request id.',
    },
  },

  /** Why the sign-in service refused, and what helps. The rows of `entra/refusal-table.ts` name them. */
  refusals: {
    wrongSecret: {
      meaning: 'The secret of the app is wrong.',
      action:
        'Set ENTRA_CLIENT_SECRET to the value of a client secret of the app registration, not to its id.',
    },
    expiredSecret: {
      meaning: 'The secret of the app has expired.',
      action:
        'Make a new client secret for the app registration, or use a federated credential, which does not expire.',
    },
    noSecret: {
      meaning: 'The app did not prove itself: it sent neither a secret nor an assertion.',
      action:
        'Set ENTRA_CLIENT_SECRET or ENTRA_CLIENT_CERTIFICATE, or give the app its managed identity.',
    },
    invalidSecret: {
      meaning: 'The secret or certificate of the app is not valid.',
      action:
        'Compare the secret or certificate in the settings with those of the app registration.',
    },
    unknownCertificate: {
      meaning: 'The certificate of the app is not registered, or does not match.',
      action:
        'Upload the certificate of ENTRA_CLIENT_CERTIFICATE to the app registration under "Certificates & secrets".',
    },
    staleAssertion: {
      meaning: 'The assertion of the app has expired, or is not valid yet.',
      action: 'Check the clock of the machine that the app runs on.',
    },
    foreignAssertion: {
      meaning: 'The assertion of the app does not name the right app or audience.',
      action: 'Check ENTRA_CLIENT_ID, ENTRA_TENANT_ID and ENTRA_AUTHORITY.',
    },
    noFederatedCredential: {
      meaning: 'No federated credential of the app matches its managed identity.',
      action:
        'Compare issuer, subject and audience of the federated credential with the managed identity. A new one takes some minutes to work.',
    },
    unknownApp: {
      meaning: 'The app is not known in this organisation.',
      action:
        'Check ENTRA_CLIENT_ID, ENTRA_TENANT_ID and ENTRA_AUTHORITY, and that the app registration was not deleted.',
    },
    disabledApp: {
      meaning: 'The app is disabled in this organisation.',
      action:
        'Enable the app for sign-in under "Enterprise applications" if people should have access.',
    },
    publicClient: {
      meaning: 'The app is registered as a public client, which must not have a secret.',
      action:
        'Register the redirect URI for the platform "Web", not for "Mobile and desktop", and turn "Allow public client flows" off.',
    },
    singlePageUri: {
      meaning: 'The redirect URI is registered for a single-page application, not for a server.',
      action:
        'Remove it from the platform "Single-page application" and register it for the platform "Web".',
    },
    noSigningKey: {
      meaning: 'The app needs a signing key of its own, and has none that is valid.',
      action:
        'Renew the signing certificate of the app under "Enterprise applications", or remove its claims mapping.',
    },
    accountKinds: {
      meaning: 'The app registration does not allow the kind of accounts that the app asks for.',
      action:
        'Compare "Supported account types" of the app registration with ENTRA_TENANT_ID and ENTRA_AUTHORITY.',
    },
    incompleteRegistration: {
      meaning: 'The app registration or the user flow is not complete.',
      action:
        'Grant admin consent for "openid" and "offline_access", and check that the app may use this user flow.',
    },
    redirectUri: {
      meaning: 'The redirect URI of this app is not registered.',
      action:
        'Add APP_BASE_URL followed by /auth/redirect as a redirect URI of the app registration, platform "Web".',
    },
    answerKind: {
      meaning: 'The app asked for a kind of answer that its registration does not allow.',
      action: 'Check that the redirect URI is registered for the platform "Web".',
    },
    unknownApi: {
      meaning: 'An API that the app asks for does not exist in this organisation.',
      action:
        'Check the scopes that the app asks for, GRAPH_SCOPES first, and that the API is installed in this organisation.',
    },
    disabledApi: {
      meaning: 'An API that the app asks for is disabled in this organisation.',
      action: 'Enable the API under "Enterprise applications" if the app should use it.',
    },
    unlistedApi: {
      meaning: 'The app registration does not list an API that the app asks for.',
      action:
        'Add the permission under "API permissions" of the app registration and grant consent, or correct GRAPH_SCOPES.',
    },
    scopes: {
      meaning: 'The scopes that the app asks for are not valid.',
      action:
        'Check GRAPH_SCOPES and the scopes in the code of the app. Write each scope as its API names it, and ask for one API at a time.',
    },
    unreadable: {
      meaning: 'The sign-in service could not read the request that the app sent.',
      action:
        'No setting corrects this. Check whether a proxy changes requests on the way. If not, report the number as a fault of the app.',
    },
    tooLong: {
      meaning: 'The request for the sign-in was too long.',
      action:
        'Open the app at a shorter address. If it happens often, ask for fewer scopes and claims at a time.',
    },
    secondFactor: {
      meaning: 'Your organisation asks for a second factor.',
      action: 'Sign in again and follow the steps for multi-factor authentication.',
    },
    secondFactorDenied: {
      meaning: 'The second factor was not confirmed.',
      action: 'Sign in again and confirm the request for multi-factor authentication.',
    },
    signInAgain: {
      meaning: 'Your organisation asks you to sign in again from time to time.',
      action: 'Sign in again.',
    },
    noConsent: {
      meaning: 'Nobody has agreed yet to what this app asks for.',
      action: 'Sign in again and agree, or ask an administrator to agree for the organisation.',
    },
    password: {
      meaning: 'The password has expired or must be changed.',
      action: 'Sign in again and choose a new password.',
    },
    severalAccounts: {
      meaning:
        'You are not signed in at your organisation in this browser, or you are signed in there with several accounts.',
      action: 'Sign in again and choose an account.',
    },
    oneQuestion: {
      meaning: 'The sign-in page has one more question.',
      action: 'Sign in again and answer what the sign-in page asks.',
    },
    policy: {
      meaning:
        'A policy of your organisation blocks this sign-in, perhaps only from this place or device.',
      action: 'Find the policy in the sign-in log of Entra ID.',
    },
    risk: {
      meaning: 'Your account is blocked because it is considered at risk.',
      action:
        'Look at the risky users in the organisation of the account, and clear the risk there.',
    },
    device: {
      meaning: 'Your organisation lets only managed devices sign in to this app.',
      action: 'Use a device that your organisation manages, or enrol this one.',
    },
    factorPlace: {
      meaning:
        'Your organisation lets you set up a second factor only in certain places or on certain devices.',
      action: 'Sign in again from a place or device of your organisation.',
    },
    adminConsent: {
      meaning: 'Only an administrator can agree to what this app asks for.',
      action: 'Grant admin consent to the app under "Enterprise applications".',
    },
    crossTenant: {
      meaning: 'Your organisation, or this one, does not allow sign-ins between the two.',
      action:
        'Look at the cross-tenant access settings and tenant restrictions of both organisations.',
    },
    notAssigned: {
      meaning: 'Your account is not assigned to this app.',
      action:
        'Assign the account, or a group that it is in, to the app under "Enterprise applications".',
    },
    declined: {
      meaning: 'You did not agree to what this app asks for, so it cannot sign you in.',
      action: 'Sign in again and agree if you want to use the app.',
    },
    otherOrganisation: {
      meaning: 'Your account belongs to another organisation and is not a guest of this one.',
      action:
        'Sign in with an account of this organisation, or ask its administrator for an invitation.',
    },
    noAccount: {
      meaning: 'There is no such account in this organisation.',
      action: 'Check the user name and sign in again.',
    },
    wrongPassword: {
      meaning: 'The user name or password is wrong.',
      action: 'Sign in again. Reset the password if you have forgotten it.',
    },
    tooManyAttempts: {
      meaning: 'The account is locked after too many attempts.',
      action: 'Wait a while, then sign in again.',
    },
    locked: {
      meaning: 'The account is locked.',
      action: 'Unlock the account if the person should have access.',
    },
    disabled: {
      meaning: 'The account is disabled.',
      action: 'Enable the account if the person should have access.',
    },
    cancelled: {
      meaning: 'You cancelled the sign-in.',
      action: 'Sign in again if you want to use the app.',
    },
    passwordReset: {
      meaning: 'You asked for a new password, and this sign-in page cannot reset passwords.',
      action:
        'Turn on self-service password reset in the user flow, or set B2C_RESET_POLICY to the user flow that resets passwords.',
    },
    spent: {
      meaning:
        'This answer of the sign-in page was used already, came too late, or belongs to another browser.',
      action: 'Sign in again.',
    },
    over: {
      meaning:
        'The sign-in service has ended your sign-in, for instance after a new password or a long time.',
      action: 'Sign in again.',
    },
    busy: {
      meaning: 'The sign-in service is busy or has a fault of its own.',
      action: 'Try again in a few minutes. If it lasts, tell an operator of the app.',
    },
    tooManyRequests: {
      meaning: 'The sign-in service got too many requests for you in a short time.',
      action: 'Try again in a few minutes. If it happens again, tell an operator of the app.',
    },
    oneMoreStep: {
      meaning: 'Your organisation asks for one more step, such as a second factor.',
      action: 'Sign in again and follow what the sign-in page asks.',
    },
    consentRequired: {
      meaning: 'You have not agreed yet to what this app asks for.',
      action: 'Sign in again and agree to what the app asks for.',
    },
    blocked: {
      meaning: 'A policy of your organisation blocks this sign-in.',
      action: 'Find the reason in the sign-in log of Entra ID.',
    },
    overByProvider: {
      meaning: 'The sign-in service has ended your sign-in.',
      action: 'Sign in again.',
    },
    otherApp: {
      meaning: 'This app sent the sign-in service a code or token that belongs to another app.',
      action: 'Check ENTRA_CLIENT_ID.',
    },
    deniedOrCancelled: {
      meaning: 'The sign-in was cancelled, or access to this app was denied.',
      action: 'Sign in again. If it is denied again, ask an administrator of your organisation.',
    },
    notSignedIn: {
      meaning: 'You are not signed in at your organisation in this browser.',
      action: 'Sign in again.',
    },
    noneChosen: {
      meaning: 'Several accounts are signed in, and none was chosen.',
      action: 'Sign in again and choose an account.',
    },
    busyNow: { meaning: 'The sign-in service is busy.', action: 'Try again in a few minutes.' },
    serverError: {
      meaning: 'The sign-in service had a fault of its own.',
      action: 'Try again in a few minutes. If it lasts, tell an operator of the app.',
    },
    invalidClient: {
      meaning:
        'The sign-in service does not accept the secret, certificate or assertion of this app.',
      action: 'Check the secret, certificate or federated credential of the app registration.',
    },
    unauthorizedClient: {
      meaning: 'The sign-in service does not let this app sign people in.',
      action: 'Compare the settings of the app with its app registration.',
    },
    invalidRequest: {
      meaning: 'The sign-in service does not accept the form of the request that this app sent.',
      action: 'Compare the settings of the app with its app registration.',
    },
    invalidScope: {
      meaning: 'The sign-in service does not accept the scopes that the app asks for.',
      action: 'Check GRAPH_SCOPES and the scopes in the code of the app.',
    },
    unknown: {
      meaning: 'The sign-in service refused for a reason that this app does not know.',
      action: 'Look up the number, or give the correlation id to the support of Microsoft.',
    },
  },
};

/** The texts of a language. */
export type Texts = typeof english;

/** The pieces of a text, of which some are elements. */
function pieces<T>(...parts: readonly (string | T)[]): readonly (string | T)[] {
  return parts;
}

const number = (value: number): string => value.toLocaleString('en-GB');

const sessions = (count: number): string =>
  count === 1 ? '1 session' : `${number(count)} sessions`;

const liveSessions = (count: number): string =>
  count === 1 ? '1 live session' : `${number(count)} live sessions`;

const ofPeople = (count: number, people: number): string =>
  `${liveSessions(count)} of ${people === 1 ? '1 person' : `${number(people)} people`}`;

const events = (count: number): string => (count === 1 ? '1 event' : `${number(count)} events`);
