import type { Texts } from './en';

/** All texts of our pages in German. Each has the key of the English one in `en.ts`. */
export const german: Texts = {
  frame: {
    skip: 'Zum Inhalt springen',
    mainMenu: 'Hauptmenü',
    home: 'Startseite',
    goHome: 'Zur Startseite',
    profile: 'Profil',
    sessions: 'Sitzungen',
    console: 'Konsole',
    signIn: 'Anmelden',
    signInAgain: 'Erneut anmelden',
    signOut: 'Abmelden',
    continue: 'Weiter',
    tryAgain: 'Noch einmal versuchen',
    support: 'Hilfe',
    privacy: 'Datenschutz',
    signedInAs: (name) => ['Angemeldet als ', name],
    signedInAsUser: (name, username) => ['Angemeldet als ', name, ' (', username, ')'],
  },

  times: {
    utc: (time) => `${time} UTC`,
    now: 'gerade eben',
    soon: 'gleich',
  },

  endings: {
    passing: 'Nicht Ihr Fehler',
    ask: 'Jemand anderes muss handeln',
    cancelled: 'Sie haben abgebrochen',
    ours: 'Der Fehler liegt bei uns',
    yours: 'Das können Sie selbst lösen',
  },

  waiting: {
    oneMoment: 'Einen Moment',
    openingLink: 'Die Seite, zu der Ihr Link führt, wird geöffnet.',
    signingIn: 'Sie werden angemeldet',
    please: 'Einen Moment, bitte.',
    signingOut: 'Sie werden abgemeldet',
    signedOutHere:
      'Dieser Browser ist von dieser App abgemeldet. Der Anmeldedienst meldet Sie ebenfalls ab.',
  },

  home: {
    title: 'Startseite',
    signInWith: 'Melden Sie sich mit Ihrem Microsoft-Konto an.',
    signInAndStay: 'Anmelden und angemeldet bleiben',
    notSignedIn: 'Sie sind nicht angemeldet.',
    unknownTitle: 'Im Moment lässt sich nicht feststellen, ob Sie angemeldet sind',
    unknown:
      'Der Speicher der App antwortet nicht. Sie wurden nicht abgemeldet. Versuchen Sie es gleich noch einmal.',
    signedIn: 'Sie sind angemeldet',
    whoYouAre: (name, username, roles) => [
      'Laut Microsoft Entra ID sind Sie ',
      name,
      ' (',
      username,
      roles.length === 0
        ? ') und haben keine App-Rolle.'
        : `) und haben die App-Rolle ${roles.join(', ')}.`,
    ],
    whereTokensAre: 'Ihre Token bleiben auf dem Server. Ihr Browser hat nur ein signiertes Cookie.',
    openProfile: 'Profil öffnen',
    yourSession: 'Ihre Sitzung',
    began: 'Begonnen',
    endsIfIdle: 'Endet ohne Nutzung',
    endsAnyway: 'Endet spätestens',
  },

  tour: {
    heading: 'Anmeldung für Ihre Web-App auf Azure Functions',
    lead: 'Anteroom meldet Personen mit Microsoft Entra ID an und behält ihre Token auf dem Server. Stellen Sie Ihre eigenen Funktionen daneben und legen Sie fest, wer sie aufrufen darf.',
    seeProfile: 'Ansehen, was Graph über Sie weiß',
    anteroomKeeps: (anteroom) => [
      anteroom,
      ' bewahrt Ihre Sitzung und Ihre Token verschlüsselt auf',
    ],
    microsoftKnows: (microsoft) => [microsoft, ' weiß, wer Sie sind'],
    browserHolds: (browser) => [browser, ' hat ein signiertes Cookie'],
    yourBrowser: 'Ihr Browser',
    doors: 'Drei Türen zum Ausprobieren',
    openToAll: 'Offen für alle',
    openToAllText: 'Diese Seite. Sie antwortet auch dann, wenn der Speicher ausfällt.',
    openSignedIn: 'Offen für Angemeldete',
    openSignedInText:
      'Ihr Profil, in Ihrem Namen aus Microsoft Graph gelesen, mit einem Token, das Ihr Browser nie sieht.',
    openWithRole: (role) => `Offen mit der Rolle ${role}`,
    openWithRoleText: 'Die Konsole: wer angemeldet ist, seit wann und womit.',
    stepsBefore: 'Was bei einer Anmeldung geschieht',
    stepsBeforeLead: 'Sechs Schritte. Neben jedem stehen seine Dateien in diesem Repository.',
    stepsAfter: 'Was gerade geschehen ist',
    stepsAfterLead:
      'Ihre Anmeldung hatte sechs Schritte. Neben jedem stehen seine Dateien in diesem Repository.',
    press: 'Sie wählen „Anmelden“',
    pressText:
      'Anteroom versiegelt die gewünschte Seite in state und bindet sie mit einem kleinen, zufälligen Cookie an diesen Browser. Nonce und PKCE-Verifier werden aus beidem abgeleitet. Dann schickt Anteroom Ihren Browser zu Microsoft. Auf dem Server wird nichts gespeichert.',
    ask: 'Microsoft fragt, wer Sie sind',
    askText:
      'Kennwort, zweiter Faktor und Zustimmung bleiben zwischen Ihnen und Microsoft Entra ID. Von dort kommt Ihr Browser mit einem Code zurück, der einmal gilt. Bei npm start übernimmt ein Ersatz auf Ihrem Rechner diese Aufgabe.',
    hop: 'Ihr Browser kommt zurück und macht einen Zwischenschritt',
    hopText:
      'Browser senden strikte Cookies nicht, wenn eine andere Website den Aufruf beginnt. Darum öffnet eine kleine Seite dieselbe Adresse noch einmal, und jetzt sendet der Browser die Cookies.',
    redeem: 'Aus dem Code wird eine Sitzung',
    redeemText:
      'Anteroom löst den Code gegen Token ein und prüft Signatur und Angaben des ID-Tokens selbst. Dann schreibt es Sitzung und Token in eine Tabelle. Sie sind mit einem Schlüssel verschlüsselt, für den Ihr Cookie nötig ist.',
    cookie: 'Ihr Browser erhält ein Cookie',
    cookieText:
      'Es ist signiert, kein Skript kann es lesen, und der Browser sendet es nur an diese Website. Es enthält Adresse und ID der Sitzung, nie ein Token.',
    check: 'Jede Anfrage wird geprüft',
    checkText:
      'Eine Funktion legt fest, wer sie aufrufen darf. Davor wird die Sitzung gelesen, und abgelaufene Token werden erneuert. Nur wenn es nötig ist, werden Sie noch einmal zu Microsoft geschickt.',
  },

  profile: {
    title: 'Ihr Profil',
    fromSignIn: 'Nach Angabe des Anmeldedienstes',
    fromGraph: 'In Ihrem Namen aus Microsoft Graph gelesen',
    change: 'Profil ändern',
    claims: 'Angaben (Claims) aus Ihrer Anmeldung',
    account: 'Konto',
    mail: 'E-Mail',
    jobTitle: 'Position',
    office: 'Büro',
    mobile: 'Mobiltelefon',
    language: 'Sprache',
    appRoles: 'App-Rollen',
    noRoles: 'keine',
    tenant: 'Mandant',
    objectId: 'Objekt-ID',
    accessToken: 'Zugriffstoken',
    livesFor: (minutes) => (minutes === 1 ? 'gilt noch 1 Minute' : `gilt noch ${minutes} Minuten`),
  },

  signedOut: {
    title: 'Sie sind abgemeldet',
    noSession: 'Dieser Browser hat keine Sitzung in dieser App.',
    closeWindows: 'Schließen Sie an einem gemeinsam genutzten Computer auch alle Browserfenster.',
    ended: 'Ihre Sitzung in dieser App ist beendet, und ihre Token sind gelöscht.',
    none: 'Ihre Sitzung in dieser App war schon beendet.',
    kept: 'Dieser Browser ist von dieser App abgemeldet.',
    othersEnded: 'Ihre Sitzungen in allen anderen Browsern sind ebenfalls beendet.',
    othersKept:
      'Ihre Sitzungen in anderen Browsern wurden nicht beendet. Melden Sie sich erneut an, um sie zu sehen und zu beenden.',
    providerAsked: 'Der Anmeldedienst wurde gebeten, Sie ebenfalls abzumelden.',
    providerLeft:
      'Beim Anmeldedienst sind Sie noch angemeldet. Eine neue Anmeldung fragt Sie daher vielleicht nach nichts. Melden Sie sich an einem gemeinsam genutzten Computer auch dort ab.',
    providerUnreached:
      'Der Anmeldedienst war nicht erreichbar. Vielleicht sind Sie dort noch angemeldet. Schließen Sie an einem gemeinsam genutzten Computer alle Browserfenster.',
    notEnded:
      'Die Sitzung konnte auf dem Server nicht beendet werden, weil der Speicher der App nicht geantwortet hat.',
    endsByItself: 'Dieser Browser kann sie nicht mehr nutzen, und sie endet von selbst.',
    endsBy: (time) => [
      'Dieser Browser kann sie nicht mehr nutzen, und sie endet von selbst: spätestens am ',
      time,
      '.',
    ],
    endSooner:
      'Um sie früher zu beenden, melden Sie sich erneut an und öffnen „Sitzungen“, oder fragen Sie einen Administrator der App.',
    askToEndSooner: 'Um sie früher zu beenden, fragen Sie einen Administrator der App.',
    stillTitle: 'Sie sind noch angemeldet',
    stillText:
      'Dieser Browser hat noch das Cookie einer Sitzung in dieser App. Melden Sie sich hier ab, um sie zu beenden.',
  },

  consent: {
    grantedTitle: 'Berechtigung erteilt',
    granted:
      'Der Anmeldedienst meldet, dass ein Administrator dieser App die gewünschten Berechtigungen erteilt hat. Sie können sich jetzt anmelden.',
  },
};
