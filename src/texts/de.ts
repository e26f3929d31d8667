/* eslint-disable max-lines -- one table, of which each line stands for itself */
import type { Texts } from './en';

/** All texts of our pages in German. Each has the key of the English one in `en.ts`. `\u00AD` is where a long word may break on a phone. */
export const german: Texts = {
  frame: {
    skip: 'Zum Inhalt springen',
    mainMenu: 'Hauptmenü',
    home: 'Startseite',
    profile: 'Profil',
    sessions: 'Sitzungen',
    console: 'Konsole',
    signOut: 'Abmelden',
    support: 'Hilfe',
    privacy: 'Datenschutz',
    signedInAs: (name) => ['Angemeldet als ', name],
    signedInAsUser: (person) => ['Angemeldet als ', person],
  },

  links: {
    goHome: 'Zur Startseite',
    signIn: 'Anmelden',
    signInAgain: 'Erneut anmelden',
    useAnotherAccount: 'Anderes Konto verwenden',
    continue: 'Weiter',
    tryAgain: 'Erneut versuchen',
    openPage: 'Seite öffnen',
    loadAgain: 'Seite neu laden',
    backToList: 'Zurück zur Liste',
    askForHelp: 'Um Hilfe bitten',
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
    whoYouAre: (person) => [
      ...['Laut Microsoft Entra ID sind Sie ', person, ' und haben keine App-Rolle.'],
    ],
    whoYouAreWithRoles: (person, roles) => [
      ...['Laut Microsoft Entra ID sind Sie ', person, ' und haben die App-Rolle ', roles, '.'],
    ],
    whereTokensAre: 'Ihre Token bleiben auf dem Server. Ihr Browser hat nur ein signiertes Cookie.',
    openProfile: 'Profil öffnen',
    yourSession: 'Ihre Sitzung',
    began: 'Begonnen',
    endsIfIdle: 'Endet ohne Nutzung',
    endsAnyway: 'Endet spätestens',
  },

  tour: {
    heading: 'Anmeldung für Ihre Webanwendung auf Azure Functions',
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

  lists: {
    browser: 'Browser',
    device: (device) =>
      device
        .replace(/^Unknown browser/, 'Unbekannter Browser')
        .replace(/^unknown$/, 'unbekannt')
        .replace(' on ', ' unter '),
    signedIn: 'Angemeldet',
    lastUsed: 'Zuletzt genutzt',
    action: 'Aktion',
    end: 'Beenden',
    endSessionOf: (name, device) => `Beenden: Sitzung von ${name}, ${device}`,
    ended: (count) =>
      count === 0
        ? 'Es gab keine andere Sitzung zu beenden.'
        : count === 1
          ? '1 Sitzung ist beendet.'
          : `${number(count)} Sitzungen sind beendet.`,
    endedOf: (count, name) =>
      count === 1
        ? ['1 Sitzung von ', name, ' ist beendet.']
        : [`${number(count)} Sitzungen von `, name, ' sind beendet.'],
  },

  console: {
    title: 'Konsole',
    heading: 'Wer angemeldet ist',
    table: 'Aktive Sitzungen',
    more: 'Mehr',
    activity: 'Was zuletzt geschah',
    endEverybody: 'Sitzungen aller Personen beenden',
    searchFor: 'Name oder Adresse',
    search: 'Suchen',
    showEverybody: 'Alle anzeigen',
    sortBy: 'Sortieren nach',
    orders: {
      used: 'Letzte Nutzung',
      'signed-in': 'Anmeldung',
      name: 'Name',
      count: 'Anzahl der Sitzungen',
    },
    person: 'Person',
    you: 'Sie',
    tenant: (id) => `Mandant ${id}`,
    sessionCount: (count) => sessions(count),
    sessionCountOrMore: (count) => `${number(count)} oder mehr Sitzungen`,
    sessionsOf: (count, name) => `${sessions(count)} von ${name}`,
    sessionsOrMoreOf: (count, name) => `${number(count)} oder mehr Sitzungen von ${name}`,
    showPerson: 'Nur diese Person anzeigen',
    endAll: 'Alle Sitzungen beenden',
    endAllOf: (name) => `Alle Sitzungen beenden: ${name}`,
    sessions: (count, people) => `${ofPeople(count, people)}.`,
    firstSessions: (count, people) =>
      `Der erste Teil der Liste: ${ofPeople(count, people)}. Es gibt weitere.`,
    moreSessions: (count, people) => `Der nächste Teil der Liste: ${ofPeople(count, people)}.`,
    none: 'Es wurde keine aktive Sitzung gefunden. Eine Sitzung, die gerade begonnen hat, kann hier noch fehlen.',
    noneSoFar:
      'Bisher wurde keine aktive Sitzung gefunden. Die Liste ist noch nicht zu Ende gelesen.',
    found: (text, count, people, searched) => [
      `${ofPeople(count, people)} zu „`,
      text,
      `“, unter ${number(searched)} durchsuchten.`,
    ],
    nobodyFound: (text, searched) => [
      'Keine Person passt zu „',
      text,
      `“, unter ${liveSessions(searched)}.`,
    ],
    searchGoesOn: 'Die Suche ist noch nicht am Ende.',
    range: (first, last) => `Diese Seite zeigt ${number(first)} bis ${number(last)}.`,
    emptyPage: 'Auf dieser Seite steht keine mehr davon.',
    sortedAmong: (count) =>
      count === 1
        ? 'Die Reihenfolge gilt nur für diese eine.'
        : `Die Reihenfolge gilt nur für diese ${number(count)}, nicht für alle Sitzungen.`,
    pages: 'Seiten',
    next: 'Nächste Sitzungen',
    goOnSearching: 'Weiter suchen',
    first: 'Zurück zur ersten Seite',
    approximate: (half) =>
      `Die Zeit der letzten Nutzung ist ungefähr: Sie kann bis zu ${half} später liegen als angezeigt.`,
  },

  activity: {
    title: 'Aktivität',
    heading: 'Was zuletzt geschah',
    toSessions: 'Wer angemeldet ist',
    searchFor: 'Name, Adresse oder Schlüssel einer Person',
    day: 'Tag (UTC)',
    allDays: 'Alle Tage anzeigen',
    kindsOf: 'Arten von Ereignissen',
    everything: 'Alle',
    kinds: {
      'sign-in': 'Anmeldungen',
      session: 'Sitzungen',
      access: 'Abgelehnte Anfragen',
      console: 'Ansichten der Konsole',
      fault: 'Störungen',
      upkeep: 'Wartung',
    },
    event: 'Ereignis',
    when: 'Wann',
    who: 'Wer',
    theApp: 'die App',
    unknown: 'nicht bekannt',
    everybody: 'alle',
    about: 'betrifft',
    onlyPerson: 'Nur diese Person anzeigen',
    count: (count: number) => `${events(count)}, die neuesten zuerst.`,
    found: (count: number, searched: number) =>
      `${events(count)} gefunden, unter ${number(searched)}.`,
    none: 'In den letzten 30 Tagen ist nichts geschehen.',
    hasMore: 'Es gibt frühere.',
    unreadable: (count: number) =>
      `${events(count)} nicht lesbar: Ein Schlüssel wurde gelöscht oder lässt sich gerade nicht öffnen, oder jemand hat die Zeilen geändert.`,
    earlier: 'Frühere Ereignisse anzeigen',
    download: 'Als JSON-Zeilen herunterladen',
    aboutList:
      'Ereignisse bleiben 30 Tage gespeichert. Treten Ablehnungen in großer Zahl auf, bleibt nur ihre Anzahl. Das Protokoll der App enthält jedes Ereignis.',
    correlation: (id: string) => `Korrelation ${id}`,
    period: (number) => `Zeitraum ${number}`,
    inLog: 'Im Protokoll (englisch):',
    outcomes: { failed: 'gescheitert', partial: 'teilweise' },
    events: {
      'sign-in': 'Angemeldet',
      'sign-in refused': 'Anmeldung vom Anmeldedienst abgelehnt',
      'sign-in failed': 'Anmeldung nicht abgeschlossen',
      'tenant refused': 'Konto einer anderen Organisation',
      'issuer refused': 'Antwort eines anderen Anmeldedienstes',
      'hook refused': 'Anmeldung von der App abgelehnt',
      'hook failed': 'Fehler in der eigenen Prüfung der App',
      'step-up': 'Weiterer Schritt verlangt',
      'refresh refused': 'Neue Token abgelehnt',
      'app token refused': 'Token für die App abgelehnt',
      'session ended': 'Sitzung beendet',
      'role denied': 'Rolle fehlt',
      'bearer token refused': 'Bearer-Token abgelehnt',
      'request failed': 'Anfrage gescheitert',
      'console viewed': 'Konsole angesehen',
      'configuration fault': 'Fehler in den Einstellungen',
      'storage trouble': 'Speicher antwortet nicht',
      'keys trouble': 'Schlüssel nicht verfügbar',
      'provider trouble': 'Anmeldedienst antwortet nicht',
      'API trouble': 'API antwortet nicht',
      'session unreadable': 'Sitzung nicht lesbar',
      'health failing': 'Integritätsprüfung scheitert',
      'key made': 'Schlüssel erstellt',
      'events lost': 'Ereignisse fehlen',
    },
    whys: {
      'sign-out': 'durch Abmelden',
      'sign-out everywhere': 'durch Abmelden in allen Browsern',
      'end own session': 'die Person beendete eine eigene',
      'end own other sessions': 'die Person beendete alle ihre anderen',
      'end session': 'von der Administration beendet',
      'end all sessions of user': 'die Administration beendete alle dieser Person',
      'end everybody': 'die Administration beendete die aller Personen',
      'sign-out at the provider': 'durch Abmelden beim Anmeldedienst',
      'end refused session': 'vom Anmeldedienst zurückgezogen',
      'replace session': 'neue Anmeldung im selben Browser',
      'end sessions over the limit': 'neue Anmeldung, mehr Sitzungen als erlaubt',
    },
    whats: {
      'all sessions': 'Liste der Sitzungen',
      'a search': 'Suche nach Sitzungen',
      'sessions of a person': 'Sitzungen einer Person, vor dem Beenden',
      activity: 'Aktivität',
      'export of the activity': 'Aktivität, heruntergeladen',
      'more of this kind': 'weitere dieser Art, innerhalb von zehn Minuten',
    },
  },

  ending: {
    oneTitle: 'Diese Sitzung beenden?',
    allTitle: 'Alle Sitzungen dieser Person beenden?',
    othersTitle: 'Ihre anderen Sitzungen beenden?',
    everywhereTitle: 'Überall abmelden?',
    everybodyTitle: 'Sitzungen aller Personen beenden?',
    signedIn: (distance) => ['Angemeldet ', distance],
    more: (count) =>
      count === 1
        ? 'Und 1 weitere, die hier nicht steht.'
        : `Und ${number(count)} weitere, die hier nicht stehen.`,
    manyMore: 'Und viele weitere, die hier nicht stehen.',
    isThisBrowser: 'Es ist die Sitzung dieses Browsers: Sie werden abgemeldet.',
    hasThisBrowser: 'Dieser Browser ist dabei: Sie werden abgemeldet.',
    workMayBeLost: 'Was nicht gespeichert ist, kann verloren gehen.',
    canSignInAgain:
      'Die Person kann sich wieder anmelden. Um sie auszuschließen, deaktivieren Sie das Konto in Microsoft Entra ID.',
    allCanSignInAgain:
      'Alle können sich wieder anmelden. Um Personen auszuschließen, deaktivieren Sie deren Konten in Microsoft Entra ID.',
    othersText: 'Dieser Browser bleibt angemeldet.',
    everywhereText:
      'Sie werden auch in diesem Browser abgemeldet, und der Anmeldedienst wird gebeten, Sie abzumelden.',
    everybodyText:
      'Alle Sitzungen aller Personen enden, auch Ihre. Die Schlüssel der App werden gelöscht, daher gilt kein früheres Cookie mehr. Neue Schlüssel erzeugt die App von selbst.',
    endOne: 'Sitzung beenden',
    end: (count) => `${sessions(count)} beenden`,
    endAll: 'Alle Sitzungen beenden',
    endEverybody: 'Alle Personen abmelden',
    cancel: 'Abbrechen',
    everybodyEndedTitle: 'Alle sind abgemeldet',
    everybodyEnded: (count) =>
      `Die Schlüssel der App sind gelöscht, und ${count === 1 ? '1 Sitzung ist' : `${number(count)} Sitzungen sind`} beendet, auch Ihre.`,
    notAllRemoved:
      'Die Zeit reichte nicht, um alle Sitzungen zu entfernen. Die übrigen enden, wenn jede Instanz der App ihre Schlüssel neu liest, alle 15 Minuten. Um sie sofort zu beenden, starten Sie die App neu.',
    signedOutOnceMore:
      'Wer sich in den nächsten 15 Minuten anmeldet, wird vielleicht noch einmal abgemeldet, von einer Instanz, die ihre Schlüssel neu liest.',
  },

  ownSessions: {
    title: 'Ihre Sitzungen',
    heading: 'Wo Sie angemeldet sind',
    lead: 'Jeder Browser, in dem Sie bei dieser App angemeldet sind. Beenden Sie, was Ihnen unbekannt ist.',
    endsBy: 'Endet spätestens',
    thisBrowser: 'Dieser Browser',
    now: 'jetzt',
    signOut: 'Abmelden',
    signOutHere: 'Abmelden in diesem Browser',
    endSession: (device, began) => `Beenden: Sitzung in ${device}, angemeldet ${began}`,
    more: 'Weitere Sitzungen anzeigen',
    endOthers: 'Alle anderen Sitzungen beenden',
    signOutEverywhere: 'Überall abmelden',
    approximate: (half) =>
      `Die Zeit der letzten Nutzung ist ungefähr: Sie kann bis zu ${half} später liegen als angezeigt. Eine beendete Sitzung hindert niemanden daran, sich wieder anzumelden.`,
  },

  errorPage: {
    cancelled: 'Die Anmeldung wurde abgebrochen',
    roleIsNamed: (role) => ['Die Rolle heißt ', role, '.'],
    apiIsNamed: (api) => ['Die API heißt ', api, '.'],
    you: 'Das können Sie selbst tun:',
    administrator: 'Ein Administrator Ihrer Organisation muss handeln:',
    operator: 'Ein Betreiber dieser App muss handeln:',
    whereSettingsAre:
      'In Azure sind das App-Einstellungen der Function App, lokal stehen sie in local.settings.json. Die App liest sie beim Start.',
    error: 'Fehler',
    correlation: 'Korrelation',
    tenant: 'Mandant',
    request: 'Anfrage',
  },

  errors: {
    ERR_SETTINGS: {
      title: 'Diese App ist nicht richtig eingerichtet',
      detail:
        'Die Einstellungen der App sind fehlerhaft, daher kann sich noch niemand anmelden. Ein Betreiber muss sie korrigieren. Jeder Fehler ist hier mit dem Namen seiner Einstellung aufgeführt.',
    },
    ERR_SIGNED_OUT: {
      title: 'Sie sind abgemeldet',
      detail: 'Melden Sie sich an, um fortzufahren.',
    },
    ERR_ROLE_MISSING: {
      title: 'Für diese Seite brauchen Sie eine andere Rolle',
      detail:
        'Sie sind angemeldet, aber Ihr Konto hat die Rolle nicht, die diese Seite verlangt. Ein Administrator Ihrer Organisation kann sie zuweisen. Sie gilt hier nach einer Weile von selbst, oder sofort, wenn Sie sich abmelden und erneut anmelden.',
    },
    ERR_BEARER_TOKEN: {
      title: 'Das Bearertoken wird nicht akzeptiert',
      detail:
        'Das Token ist abgelaufen, oder es wurde nicht für diese App ausgestellt. Fordern Sie ein neues Token für diese App an und versuchen Sie es noch einmal. Der Header WWW-Authenticate nennt die Prüfung, die nicht bestanden wurde.',
    },
    ERR_SCOPE_MISSING: {
      title: 'Dem Token fehlt ein Bereich (Scope)',
      detail:
        'Das Bearertoken hat den Bereich nicht, der hier nötig ist. Fordern Sie ein neues Token mit diesem Bereich an. Der Header WWW-Authenticate nennt ihn.',
    },
    ERR_APP_ROLE_MISSING: {
      title: 'Der aufrufenden App fehlt eine Berechtigung',
      detail:
        'Das Bearertoken gehört einer App, ohne eine Person. Es hat die App-Rolle nicht, die hier nötig ist. Ein Administrator kann sie der aufrufenden App als Anwendungs\u00ADberechtigung erteilen.',
    },
    ERR_CLAIMS_NEEDED: {
      title: 'Ein neues Token ist nötig',
      detail:
        'Hier ist eine neuere oder stärkere Anmeldung nötig, als das Token zeigt. Die Person muss ihre Identität bestätigen. Fordern Sie ein neues Token an, das zeigt, was der Header WWW-Authenticate verlangt.',
    },
    ERR_CONSENT_NEEDED: {
      title: 'Dem hat noch niemand zugestimmt',
      detail:
        'Diese App darf eine andere API nicht für diese Person aufrufen. Die Person kann sich in einem Browser bei dieser App anmelden und zustimmen, oder ein Administrator kann für alle zustimmen.',
    },
    ERR_CROSS_SITE: {
      title: 'Diese Anfrage kam nicht von einer Seite dieser App',
      detail:
        'Zu Ihrem Schutz nimmt diese App Änderungen nur von ihren eigenen Seiten an. Öffnen Sie die App selbst und versuchen Sie es dort noch einmal.',
    },
    ERR_MEDIA_TYPE: {
      title: 'Diese Art von Anfrageinhalt wird nicht akzeptiert',
      detail:
        'Senden Sie application/x-www-form-urlencoded, oder application/json mit dem Header X-CSRF: 1.',
    },
    ERR_CSRF_HEADER: {
      title: 'Der Header X-CSRF fehlt',
      detail:
        'Diese Adresse verlangt den Header X-CSRF: 1, bei jeder Anfrage oder bei jedem Inhalt, der kein Formular ist. In einem Browser können ihn nur Skripte dieser App senden.',
    },
    ERR_NOT_A_NAVIGATION: {
      title: 'Für die Anmeldung ist eine ganze Seite nötig',
      detail:
        'Ein Skript oder ein Frame hat diese Adresse aufgerufen, und dort kann sich niemand anmelden. Öffnen Sie die Adresse als eigene Seite.',
    },
    ERR_PREFETCH: {
      title: 'Diese Seite lässt sich nicht im Voraus laden',
      detail:
        'Der Browser hat die Seite angefordert, bevor jemand sie geöffnet hat. Öffnen Sie die Seite selbst.',
    },
    ERR_BODY_TOO_LARGE: {
      title: 'Diese Anfrage ist zu groß',
      detail:
        'Der Inhalt der Anfrage ist länger, als diese App annimmt. Senden Sie weniger auf einmal.',
    },
    ERR_BAD_REQUEST: {
      title: 'Diese Anfrage ist nicht verständlich',
      detail:
        'Ein Teil der Adresse oder des Inhalts fehlt, kommt doppelt vor, ist zu lang oder hier nicht erlaubt. Beginnen Sie noch einmal auf einer Seite dieser App.',
    },
    ERR_PAGE_TOO_LONG: {
      title: 'Die Adresse dieser Seite ist zu lang, um dorthin zurückzukehren',
      detail:
        'Die App kann sich eine so lange Adresse während der Anmeldung nicht merken. Kopieren Sie die Adresse jetzt und melden Sie sich an. Öffnen Sie die Adresse danach noch einmal.',
    },
    ERR_PAGE_LOST: {
      title: 'Die gewünschte Seite ist nicht mehr bekannt',
      detail:
        'Die Adresse der Seite ist sehr lang, daher hat ein Cookie sie während der Anmeldung aufbewahrt. Dieser Browser hat das Cookie nicht zurückgesendet. Öffnen Sie die Seite noch einmal dort, wo Sie sie gefunden haben.',
    },
    ERR_CONSENT_DECLINED: {
      title: 'Die Berechtigung wurde nicht erteilt',
      detail:
        'Der Anmeldedienst meldet, dass ein Administrator dieser App die gewünschten Berechtigungen nicht erteilt hat. Es hat sich nichts geändert. Der Administrator kann den Link zur Zustimmung noch einmal öffnen.',
    },
    ERR_SIGN_IN_UNSOLICITED: {
      title: 'Diese Anmeldung wurde nicht hier begonnen',
      detail:
        'Der Anmeldedienst hat geantwortet, aber dieser Browser hat diese Anmeldung nicht begonnen. Die Antwort wurde nicht verwendet, und es hat sich nichts geändert. Um sich anzumelden, beginnen Sie hier noch einmal.',
    },
    ERR_SIGN_IN_LOST: {
      title: 'Die Anmeldung konnte nicht abgeschlossen werden',
      detail:
        'Dieser Browser hat ein Cookie nicht zurückgesendet, das für die Anmeldung nötig ist, und ein neuer Versuch hat nicht geholfen. Erlauben Sie Cookies für diese Website und melden Sie sich erneut an. Schließen Sie die Anmeldung innerhalb von zehn Minuten ab.',
    },
    ERR_SIGN_IN_REFUSED: {
      title: 'Die Anmeldung wurde abgelehnt',
      detail: 'Der Anmeldedienst hat Sie nicht bei dieser App angemeldet.',
    },
    ERR_SIGN_IN_REFUSED_BY_APP: {
      title: 'Diese App hat Sie nicht eingelassen',
      detail:
        'Der Anmeldedienst kennt Ihr Konto, aber diese App hat eine eigene Prüfung. Diese Prüfung hat die Anmeldung abgelehnt.',
    },
    ERR_SIGN_IN_CHECK_FAILED: {
      title: 'Die App konnte diese Anmeldung nicht prüfen',
      detail:
        'Diese App prüft jede Anmeldung mit eigenem Code. Dieser Code ist gescheitert oder hat nicht rechtzeitig geantwortet. Die Anmeldung wurde daher nicht abgeschlossen. Versuchen Sie es gleich noch einmal. Wenn es wieder geschieht, sollte ein Betreiber der App diesen Fehlercode im Protokoll suchen.',
    },
    ERR_SIGN_IN_EXPIRED: {
      title: 'Diese Antwort der Anmeldeseite gilt nicht mehr',
      detail:
        'Sie wurde schon verwendet, oder sie kam zu spät. Jede Antwort gilt einmal und nur für wenige Minuten. Melden Sie sich erneut an.',
    },
    ERR_ID_TOKEN: {
      title: 'Die Anmeldung konnte nicht bestätigt werden',
      detail:
        'Der Anmeldedienst hat ein Token gesendet, dem diese App nicht vertrauen darf. Die App hat es nicht verwendet. Ein Betreiber der App sollte diesen Fehlercode im Protokoll suchen.',
    },
    ERR_WRONG_TENANT: {
      title: 'Dieses Konto gehört zu einer anderen Organisation',
      detail:
        'Diese App ist nur für eine Organisation offen. Melden Sie sich erneut an und wählen Sie ein Konto dieser Organisation.',
    },
    ERR_TENANT_NOT_ALLOWED: {
      title: 'Diese App ist nicht für Ihre Organisation offen',
      detail:
        'Ihre Anmeldung war erfolgreich, aber diese App nimmt nur Konten bestimmter Organisationen an. Verwenden Sie ein Konto einer dieser Organisationen, oder bitten Sie einen Betreiber dieser App, Ihre Organisation zuzulassen. Nennen Sie dem Betreiber die Mandanten-ID, die unten steht.',
    },
    ERR_PERSONAL_ACCOUNT: {
      title: 'Diese App nimmt keine persönlichen Konten an',
      detail:
        'Ihre Anmeldung war erfolgreich, aber diese App nimmt nur Konten von Organisationen an. Verwenden Sie das Konto Ihrer Organisation oder Schule.',
    },
    ERR_STEP_UP: {
      title: 'Ein weiterer Schritt ist nötig',
      detail:
        'Vorher müssen Sie Ihre Identität bestätigen oder dem zustimmen, was diese App verlangt. Gehen Sie weiter zur Anmeldeseite.',
    },
    ERR_STEP_UP_UNMET: {
      title: 'Der Anmeldedienst hat den Schritt nicht bestätigt',
      detail:
        'Diese Seite verlangt einen weiteren Schritt beim Anmeldedienst. Sie sind von dort zurückgekommen, aber seine Antwort zeigt den Schritt nicht. Es hat sich nichts geändert: Wenn Sie angemeldet waren, sind Sie es noch. Wenn ein neuer Versuch nicht hilft, muss ein Betreiber der App diesen Fehlercode im Protokoll suchen. Dort steht, welche Angabe fehlt.',
    },
    ERR_PROVIDER_UNAVAILABLE: {
      title: 'Der Anmeldedienst ist nicht erreichbar',
      detail:
        'Er hat nicht rechtzeitig geantwortet, ist ausgelastet oder hat selbst eine Störung. Es ist nichts verloren gegangen. Versuchen Sie es gleich noch einmal.',
    },
    ERR_PROVIDER_REFUSED: {
      title: 'Der Anmeldedienst akzeptiert diese App nicht',
      detail:
        'Er lehnt diese App ab, oder das, was diese App verlangt. Niemand wurde abgemeldet. Solange das nicht behoben ist, hilft eine neue Anmeldung nicht.',
    },
    ERR_TOKEN_SIZE: {
      title: 'Der Anmeldedienst hat zu viel gesendet',
      detail:
        'Ihre Token sind größer, als diese App annimmt. Ein Betreiber der App sollte weniger Angaben (Claims), Gruppen oder Rollen in die Token aufnehmen.',
    },
    ERR_TOO_MANY_ROLES: {
      title: 'Ihr Konto hat zu viele Rollen für diese App',
      detail:
        'Diese App nimmt bis zu 500 Rollen an, und der Anmeldedienst hat mehr gesendet. Ein Administrator Ihrer Organisation sollte weniger Rollen zuweisen oder weniger Gruppen als Rollen an diese App senden.',
    },
    ERR_GROUPS_UNAVAILABLE: {
      title: 'Ihre Gruppen lassen sich im Moment nicht lesen',
      detail:
        'Was Sie in dieser App dürfen, hängt von Ihren Gruppen ab. Sie sind in vielen Gruppen, daher fragt die App bei Microsoft Graph nach. Graph hat nicht rechtzeitig geantwortet, ist ausgelastet oder hat selbst eine Störung. Versuchen Sie es gleich noch einmal.',
    },
    ERR_GROUPS_REFUSED: {
      title: 'Microsoft Graph sagt nicht, in welchen Gruppen Sie sind',
      detail:
        'Was Sie in dieser App dürfen, hängt von Ihren Gruppen ab. Sie sind in vielen Gruppen, daher fragt die App bei Microsoft Graph nach. Graph hat abgelehnt oder eine Antwort gegeben, die diese App nicht verwenden kann. Ein Betreiber der App sollte diesen Fehlercode im Protokoll suchen und die Berechtigungen der App prüfen.',
    },
    ERR_OTHER_ISSUER: {
      title: 'Diese Antwort kommt nicht vom erwarteten Anmeldedienst',
      detail:
        'Die Antwort nennt einen anderen Anmeldedienst als den dieser App, oder keinen. Sie wurde nicht verwendet, und es hat sich nichts geändert. Melden Sie sich von hier aus erneut an.',
    },
    ERR_PROVIDER_MISMATCH: {
      title: 'Der Anmeldedienst passt nicht zu den Einstellungen',
      detail:
        'Diese App kann mit ihrem Zertifikat nicht arbeiten, oder mit dem, was der Anmeldedienst über sich sagt oder verlangt. Ein Betreiber der App muss diesen Fehlercode im Protokoll suchen. Dort steht der Grund.',
    },
    ERR_CLOCK: {
      title: 'Die Uhr dieser App geht falsch',
      detail:
        'Die Uhr des Rechners, auf dem diese App läuft, weicht um mehr als zwei Minuten von der des Anmeldedienstes ab. Ein Betreiber der App muss die Uhr richtig stellen.',
    },
    ERR_API_UNAVAILABLE: {
      title: 'Eine API ist nicht erreichbar',
      detail:
        'Diese Seite braucht eine API, die nicht rechtzeitig geantwortet hat, ausgelastet ist oder ihre Antwort abgebrochen hat. Sie sind noch angemeldet. Versuchen Sie es gleich noch einmal.',
    },
    ERR_API_REFUSED: {
      title: 'Eine API hat keine brauchbare Antwort gegeben',
      detail:
        'Sie sind angemeldet, aber eine API, die diese Seite braucht, hat die Anfrage abgelehnt oder eine Antwort gegeben, die diese App nicht verwenden kann. Ein Betreiber der App sollte diesen Fehlercode im Protokoll suchen und die Berechtigungen der App prüfen.',
    },
    ERR_API_SETTINGS: {
      title: 'Eine API dieser App ist nicht eingerichtet',
      detail:
        'Diese Seite braucht eine API, deren Adresse oder Bereiche (Scopes) in den Einstellungen dieser App fehlen oder ungültig sind. Ein Betreiber der App muss sie korrigieren.',
    },
    ERR_NOT_FOUND: { title: 'Hier ist nichts', detail: 'Was Sie aufgerufen haben, gibt es nicht.' },
    ERR_SESSION_CHANGED: {
      title: 'Dieselben Daten wurden gleichzeitig geändert',
      detail:
        'Eine andere Anfrage Ihrer Sitzung war schneller. Von dieser Anfrage wurde daher nichts gespeichert. Laden Sie die Seite neu, um den jetzigen Stand zu sehen, und versuchen Sie es noch einmal.',
    },
    ERR_SESSION_GONE: {
      title: 'Diese Sitzung gibt es nicht mehr',
      detail:
        'Sie ist schon beendet, daher war nichts mehr zu beenden. Die Liste zeigt, welche Sitzungen jetzt bestehen.',
    },
    ERR_STORAGE_UNAVAILABLE: {
      title: 'Die Sitzungen sind nicht erreichbar',
      detail:
        'Der Speicher dieser App hat nicht rechtzeitig geantwortet oder die Anfrage abgelehnt. Sie wurden nicht abgemeldet. Versuchen Sie es gleich noch einmal.',
    },
    ERR_STORAGE_LIMIT: {
      title: 'Diese Sitzung ist zu groß, um sie zu speichern',
      detail:
        'Ihre Token sind größer, als diese App speichern kann. Ein Betreiber der App sollte weniger Bereiche (Scopes) und Angaben (Claims) verlangen.',
    },
    ERR_KEYS_UNAVAILABLE: {
      title: 'Die Schlüssel dieser App sind nicht erreichbar',
      detail:
        'Ohne ihre Schlüssel kann die App nicht feststellen, wer angemeldet ist. Versuchen Sie es gleich noch einmal. Wenn es so bleibt, sollte ein Betreiber der App in das Protokoll sehen.',
    },
    ERR_DEADLINE: {
      title: 'Ein Dienst hat nicht rechtzeitig geantwortet',
      detail:
        'Diese App braucht einen anderen Dienst, der nicht rechtzeitig geantwortet hat. Versuchen Sie es gleich noch einmal.',
    },
    ERR_INTERNAL: {
      title: 'Bei uns ist etwas schiefgegangen',
      detail:
        'Der Fehler steht im Protokoll. Versuchen Sie es noch einmal. Wenn er wieder auftritt, nennen Sie einem Betreiber der App die ID der Anfrage.',
    },
  },

  refusals: {
    wrongSecret: {
      meaning: 'Der geheime Clientschlüssel der App ist falsch.',
      action:
        'Setzen Sie ENTRA_CLIENT_SECRET auf den Wert eines geheimen Clientschlüssels der App-Registrierung, nicht auf dessen ID.',
    },
    expiredSecret: {
      meaning: 'Der geheime Clientschlüssel der App ist abgelaufen.',
      action:
        'Erstellen Sie einen neuen geheimen Clientschlüssel für die App-Registrierung, oder verwenden Sie Verbund\u00ADanmelde\u00ADinformationen, die nicht ablaufen.',
    },
    noSecret: {
      meaning:
        'Die App hat sich nicht ausgewiesen: Sie hat weder einen geheimen Clientschlüssel noch eine Assertion gesendet.',
      action:
        'Setzen Sie ENTRA_CLIENT_SECRET oder ENTRA_CLIENT_CERTIFICATE, oder geben Sie der App ihre verwaltete Identität.',
    },
    invalidSecret: {
      meaning: 'Der geheime Clientschlüssel oder das Zertifikat der App ist ungültig.',
      action:
        'Vergleichen Sie Schlüssel oder Zertifikat in den Einstellungen mit denen der App-Registrierung.',
    },
    unknownCertificate: {
      meaning: 'Das Zertifikat der App ist nicht registriert, oder es passt nicht.',
      action:
        'Laden Sie das Zertifikat aus ENTRA_CLIENT_CERTIFICATE in der App-Registrierung unter „Zertifikate & Geheimnisse“ hoch.',
    },
    staleAssertion: {
      meaning: 'Die Assertion der App ist abgelaufen oder noch nicht gültig.',
      action: 'Prüfen Sie die Uhr des Rechners, auf dem die App läuft.',
    },
    foreignAssertion: {
      meaning: 'Die Assertion der App nennt nicht die richtige App oder Zielgruppe.',
      action: 'Prüfen Sie ENTRA_CLIENT_ID, ENTRA_TENANT_ID und ENTRA_AUTHORITY.',
    },
    noFederatedCredential: {
      meaning:
        'Keine Verbund\u00ADanmelde\u00ADinformationen der App passen zu ihrer verwalteten Identität.',
      action:
        'Vergleichen Sie Aussteller, Antragsteller und Zielgruppe der Verbund\u00ADanmelde\u00ADinformationen mit der verwalteten Identität. Neue gelten erst nach einigen Minuten.',
    },
    unknownApp: {
      meaning: 'Die App ist in dieser Organisation nicht bekannt.',
      action:
        'Prüfen Sie ENTRA_CLIENT_ID, ENTRA_TENANT_ID und ENTRA_AUTHORITY, und ob die App-Registrierung gelöscht wurde.',
    },
    disabledApp: {
      meaning: 'Die App ist in dieser Organisation deaktiviert.',
      action:
        'Aktivieren Sie die Anmeldung für die App unter „Unternehmens\u00ADanwendungen“, wenn Personen Zugriff haben sollen.',
    },
    publicClient: {
      meaning:
        'Die App ist als öffentlicher Client registriert, der keinen geheimen Schlüssel haben darf.',
      action:
        'Registrieren Sie die Umleitungs-URI für die Plattform „Web“, nicht für „Mobilgerät- und Desktopanwendungen“, und schalten Sie „Öffentliche Clientflows zulassen“ aus.',
    },
    singlePageUri: {
      meaning:
        'Die Umleitungs-URI ist für eine Single-Page-Webanwendung registriert, nicht für einen Server.',
      action:
        'Entfernen Sie sie aus der Plattform „Single-Page-Webanwendung“ und registrieren Sie sie für die Plattform „Web“.',
    },
    noSigningKey: {
      meaning: 'Die App braucht einen eigenen Signaturschlüssel und hat keinen gültigen.',
      action:
        'Erneuern Sie das Signaturzertifikat der App unter „Unternehmens\u00ADanwendungen“, oder entfernen Sie ihre Anspruchszuordnung.',
    },
    accountKinds: {
      meaning: 'Die App-Registrierung erlaubt die Art von Konten nicht, die die App verlangt.',
      action:
        'Vergleichen Sie „Unterstützte Kontotypen“ der App-Registrierung mit ENTRA_TENANT_ID und ENTRA_AUTHORITY.',
    },
    incompleteRegistration: {
      meaning: 'Die App-Registrierung oder der Benutzerflow ist nicht vollständig.',
      action:
        'Erteilen Sie die Administrator\u00ADzustimmung für „openid“ und „offline_access“, und prüfen Sie, ob die App diesen Benutzerflow verwenden darf.',
    },
    redirectUri: {
      meaning: 'Die Umleitungs-URI dieser App ist nicht registriert.',
      action:
        'Fügen Sie APP_BASE_URL, gefolgt von /auth/redirect, als Umleitungs-URI der App-Registrierung hinzu, Plattform „Web“.',
    },
    answerKind: {
      meaning: 'Die App hat eine Art von Antwort verlangt, die ihre Registrierung nicht erlaubt.',
      action: 'Prüfen Sie, ob die Umleitungs-URI für die Plattform „Web“ registriert ist.',
    },
    unknownApi: {
      meaning: 'Eine API, die die App verlangt, gibt es in dieser Organisation nicht.',
      action:
        'Prüfen Sie die Bereiche (Scopes), die die App verlangt, zuerst GRAPH_SCOPES, und ob die API in dieser Organisation installiert ist.',
    },
    disabledApi: {
      meaning: 'Eine API, die die App verlangt, ist in dieser Organisation deaktiviert.',
      action:
        'Aktivieren Sie die API unter „Unternehmens\u00ADanwendungen“, wenn die App sie verwenden soll.',
    },
    unlistedApi: {
      meaning: 'Die App-Registrierung führt eine API nicht auf, die die App verlangt.',
      action:
        'Fügen Sie die Berechtigung unter „API-Berechtigungen“ der App-Registrierung hinzu und erteilen Sie die Zustimmung, oder korrigieren Sie GRAPH_SCOPES.',
    },
    scopes: {
      meaning: 'Die Bereiche (Scopes), die die App verlangt, sind ungültig.',
      action:
        'Prüfen Sie GRAPH_SCOPES und die Bereiche im Code der App. Schreiben Sie jeden Bereich so, wie seine API ihn nennt, und verlangen Sie nur eine API auf einmal.',
    },
    unreadable: {
      meaning: 'Der Anmeldedienst konnte die Anfrage nicht lesen, die die App gesendet hat.',
      action:
        'Keine Einstellung behebt das. Prüfen Sie, ob ein Proxy Anfragen unterwegs ändert. Wenn nicht, melden Sie die Nummer als Fehler der App.',
    },
    tooLong: {
      meaning: 'Die Anfrage zur Anmeldung war zu lang.',
      action:
        'Öffnen Sie die App unter einer kürzeren Adresse. Wenn es oft geschieht, verlangen Sie weniger Bereiche (Scopes) und Angaben (Claims) auf einmal.',
    },
    secondFactor: {
      meaning: 'Ihre Organisation verlangt einen zweiten Faktor.',
      action:
        'Melden Sie sich erneut an und folgen Sie den Schritten zur Multi-Faktor-Authentifizierung.',
    },
    secondFactorDenied: {
      meaning: 'Der zweite Faktor wurde nicht bestätigt.',
      action:
        'Melden Sie sich erneut an und bestätigen Sie die Anfrage zur Multi-Faktor-Authentifizierung.',
    },
    signInAgain: {
      meaning: 'Ihre Organisation verlangt von Zeit zu Zeit eine neue Anmeldung.',
      action: 'Melden Sie sich erneut an.',
    },
    noConsent: {
      meaning: 'Dem, was diese App verlangt, hat noch niemand zugestimmt.',
      action:
        'Melden Sie sich erneut an und stimmen Sie zu, oder bitten Sie einen Administrator, für die Organisation zuzustimmen.',
    },
    password: {
      meaning: 'Das Kennwort ist abgelaufen oder muss geändert werden.',
      action: 'Melden Sie sich erneut an und wählen Sie ein neues Kennwort.',
    },
    severalAccounts: {
      meaning:
        'Sie sind in diesem Browser nicht bei Ihrer Organisation angemeldet, oder Sie sind dort mit mehreren Konten angemeldet.',
      action: 'Melden Sie sich erneut an und wählen Sie ein Konto.',
    },
    oneQuestion: {
      meaning: 'Die Anmeldeseite hat noch eine Frage.',
      action: 'Melden Sie sich erneut an und beantworten Sie, was die Anmeldeseite fragt.',
    },
    policy: {
      meaning:
        'Eine Richtlinie Ihrer Organisation blockiert diese Anmeldung, vielleicht nur von diesem Ort oder Gerät.',
      action: 'Suchen Sie die Richtlinie in den Anmeldeprotokollen von Entra ID.',
    },
    risk: {
      meaning: 'Ihr Konto ist gesperrt, weil es als gefährdet gilt.',
      action:
        'Sehen Sie in der Organisation des Kontos unter „Risikobenutzer“ nach und heben Sie das Risiko dort auf.',
    },
    device: {
      meaning: 'Ihre Organisation lässt nur verwaltete Geräte zu dieser App zu.',
      action:
        'Verwenden Sie ein Gerät, das Ihre Organisation verwaltet, oder registrieren Sie dieses.',
    },
    factorPlace: {
      meaning:
        'Ihre Organisation lässt Sie einen zweiten Faktor nur an bestimmten Orten oder auf bestimmten Geräten einrichten.',
      action: 'Melden Sie sich von einem Ort oder Gerät Ihrer Organisation erneut an.',
    },
    adminConsent: {
      meaning: 'Nur ein Administrator kann dem zustimmen, was diese App verlangt.',
      action:
        'Erteilen Sie der App unter „Unternehmens\u00ADanwendungen“ die Administrator\u00ADzustimmung.',
    },
    crossTenant: {
      meaning: 'Ihre Organisation oder diese erlaubt keine Anmeldungen zwischen den beiden.',
      action:
        'Prüfen Sie die mandanten\u00ADübergreifenden Zugriffs\u00ADeinstellungen und die Mandanten\u00ADeinschränkungen beider Organisationen.',
    },
    notAssigned: {
      meaning: 'Ihr Konto ist dieser App nicht zugewiesen.',
      action:
        'Weisen Sie das Konto, oder eine Gruppe, in der es ist, der App unter „Unternehmens\u00ADanwendungen“ zu.',
    },
    declined: {
      meaning:
        'Sie haben dem nicht zugestimmt, was diese App verlangt. Daher kann sie Sie nicht anmelden.',
      action: 'Melden Sie sich erneut an und stimmen Sie zu, wenn Sie die App verwenden möchten.',
    },
    otherOrganisation: {
      meaning: 'Ihr Konto gehört zu einer anderen Organisation und ist kein Gast in dieser.',
      action:
        'Melden Sie sich mit einem Konto dieser Organisation an, oder bitten Sie ihren Administrator um eine Einladung.',
    },
    noAccount: {
      meaning: 'Ein solches Konto gibt es in dieser Organisation nicht.',
      action: 'Prüfen Sie den Benutzernamen und melden Sie sich erneut an.',
    },
    wrongPassword: {
      meaning: 'Der Benutzername oder das Kennwort ist falsch.',
      action:
        'Melden Sie sich erneut an. Setzen Sie das Kennwort zurück, wenn Sie es vergessen haben.',
    },
    tooManyAttempts: {
      meaning: 'Das Konto ist nach zu vielen Versuchen gesperrt.',
      action: 'Warten Sie eine Weile und melden Sie sich dann erneut an.',
    },
    locked: {
      meaning: 'Das Konto ist gesperrt.',
      action: 'Entsperren Sie das Konto, wenn die Person Zugriff haben soll.',
    },
    disabled: {
      meaning: 'Das Konto ist deaktiviert.',
      action: 'Aktivieren Sie das Konto, wenn die Person Zugriff haben soll.',
    },
    cancelled: {
      meaning: 'Sie haben die Anmeldung abgebrochen.',
      action: 'Melden Sie sich erneut an, wenn Sie die App verwenden möchten.',
    },
    passwordReset: {
      meaning:
        'Sie wollten ein neues Kennwort, und diese Anmeldeseite kann Kennwörter nicht zurücksetzen.',
      action:
        'Schalten Sie im Benutzerflow die Self-Service-Kennwort\u00ADzurücksetzung ein, oder setzen Sie B2C_RESET_POLICY auf den Benutzerflow, der Kennwörter zurücksetzt.',
    },
    spent: {
      meaning:
        'Diese Antwort der Anmeldeseite wurde schon verwendet, kam zu spät oder gehört zu einem anderen Browser.',
      action: 'Melden Sie sich erneut an.',
    },
    over: {
      meaning:
        'Der Anmeldedienst hat Ihre Anmeldung beendet, zum Beispiel nach einem neuen Kennwort oder nach langer Zeit.',
      action: 'Melden Sie sich erneut an.',
    },
    busy: {
      meaning: 'Der Anmeldedienst ist ausgelastet oder hat selbst eine Störung.',
      action:
        'Versuchen Sie es in einigen Minuten noch einmal. Wenn es so bleibt, sagen Sie es einem Betreiber der App.',
    },
    tooManyRequests: {
      meaning: 'Der Anmeldedienst hat in kurzer Zeit zu viele Anfragen für Sie erhalten.',
      action:
        'Versuchen Sie es in einigen Minuten noch einmal. Wenn es wieder geschieht, sagen Sie es einem Betreiber der App.',
    },
    oneMoreStep: {
      meaning:
        'Ihre Organisation verlangt einen weiteren Schritt, zum Beispiel einen zweiten Faktor.',
      action: 'Melden Sie sich erneut an und folgen Sie dem, was die Anmeldeseite verlangt.',
    },
    consentRequired: {
      meaning: 'Sie haben dem noch nicht zugestimmt, was diese App verlangt.',
      action: 'Melden Sie sich erneut an und stimmen Sie dem zu, was die App verlangt.',
    },
    blocked: {
      meaning: 'Eine Richtlinie Ihrer Organisation blockiert diese Anmeldung.',
      action: 'Suchen Sie den Grund in den Anmeldeprotokollen von Entra ID.',
    },
    overByProvider: {
      meaning: 'Der Anmeldedienst hat Ihre Anmeldung beendet.',
      action: 'Melden Sie sich erneut an.',
    },
    otherApp: {
      meaning:
        'Diese App hat dem Anmeldedienst einen Code oder ein Token gesendet, das zu einer anderen App gehört.',
      action: 'Prüfen Sie ENTRA_CLIENT_ID.',
    },
    deniedOrCancelled: {
      meaning: 'Die Anmeldung wurde abgebrochen, oder der Zugriff auf diese App wurde verweigert.',
      action:
        'Melden Sie sich erneut an. Wenn der Zugriff wieder verweigert wird, fragen Sie einen Administrator Ihrer Organisation.',
    },
    notSignedIn: {
      meaning: 'Sie sind in diesem Browser nicht bei Ihrer Organisation angemeldet.',
      action: 'Melden Sie sich erneut an.',
    },
    noneChosen: {
      meaning: 'Mehrere Konten sind angemeldet, und keines wurde gewählt.',
      action: 'Melden Sie sich erneut an und wählen Sie ein Konto.',
    },
    busyNow: {
      meaning: 'Der Anmeldedienst ist ausgelastet.',
      action: 'Versuchen Sie es in einigen Minuten noch einmal.',
    },
    serverError: {
      meaning: 'Der Anmeldedienst hatte selbst eine Störung.',
      action:
        'Versuchen Sie es in einigen Minuten noch einmal. Wenn es so bleibt, sagen Sie es einem Betreiber der App.',
    },
    invalidClient: {
      meaning:
        'Der Anmeldedienst akzeptiert den geheimen Clientschlüssel, das Zertifikat oder die Assertion dieser App nicht.',
      action:
        'Prüfen Sie geheimen Clientschlüssel, Zertifikat oder Verbund\u00ADanmelde\u00ADinformationen der App-Registrierung.',
    },
    unauthorizedClient: {
      meaning: 'Der Anmeldedienst lässt diese App keine Personen anmelden.',
      action: 'Vergleichen Sie die Einstellungen der App mit ihrer App-Registrierung.',
    },
    invalidRequest: {
      meaning:
        'Der Anmeldedienst akzeptiert die Form der Anfrage nicht, die diese App gesendet hat.',
      action: 'Vergleichen Sie die Einstellungen der App mit ihrer App-Registrierung.',
    },
    invalidScope: {
      meaning: 'Der Anmeldedienst akzeptiert die Bereiche (Scopes) nicht, die die App verlangt.',
      action: 'Prüfen Sie GRAPH_SCOPES und die Bereiche im Code der App.',
    },
    unknown: {
      meaning: 'Der Anmeldedienst hat aus einem Grund abgelehnt, den diese App nicht kennt.',
      action:
        'Schlagen Sie die Nummer nach, oder nennen Sie dem Support von Microsoft die Korrelations-ID.',
    },
  },
};

const number = (value: number): string => value.toLocaleString('de-DE');

const sessions = (count: number): string =>
  count === 1 ? '1 Sitzung' : `${number(count)} Sitzungen`;

const ofPeople = (count: number, people: number): string =>
  `${count === 1 ? '1 aktive Sitzung' : `${number(count)} aktive Sitzungen`} von ${people === 1 ? '1 Person' : `${number(people)} Personen`}`;

/** After “unter”. */
const liveSessions = (count: number): string =>
  count === 1 ? '1 aktiven Sitzung' : `${number(count)} aktiven Sitzungen`;

const events = (count: number): string =>
  count === 1 ? '1 Ereignis' : `${number(count)} Ereignisse`;
