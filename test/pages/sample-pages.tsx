import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import {
  accountPickerPage,
  adminConsentPage,
  confirmPage,
  consentPage,
  editProfilePage,
  errorPage,
  needApprovalPage,
  resetPasswordPage,
  signedOutPage,
} from '../../local/entra/pages';
import { seedUsers } from '../../local/entra/registrations';
import { chooseLanguage } from '../../src/http/responses';
import { ActivityPage } from '../../src/pages/activity-page';
import { ConsolePage, type ConsoleView } from '../../src/pages/console-page';
import {
  ConfirmEndPage,
  ConfirmEverybodyPage,
  ConfirmOwnEndPage,
  EverybodyEndedPage,
} from '../../src/pages/ending-pages';
import { plainBrand } from '../../src/pages/brand';
import { HomePage } from '../../src/pages/home-page';
import { LanguageContext } from '../../src/pages/layout';
import { ContinuePage, type Ending, MessagePage } from '../../src/pages/message-page';
import { ProfilePage, SessionsPage } from '../../src/pages/own-pages';
import type { SessionSummary } from '../../src/sessions/find-sessions';
import { cutPeople, sortPeople } from '../../src/sessions/people';
import type { Session, User } from '../../src/sessions/session';

const sampleNow = 1_795_228_980;

/** Every page with `text` wherever somebody else decides what stands there. */
export function samplePages(text: string): Record<string, string> {
  return { ...ownSamplePages(text), ...standInPages(text) };
}

/** The pages of the app, in a language by its tag. */
export function ownSamplePages(text: string, tag = 'en'): Record<string, string> {
  const language = chooseLanguage(plainBrand.languages, tag);
  const render: Render = (page) => {
    const whole = <LanguageContext.Provider value={language}>{page}</LanguageContext.Provider>;
    return `<!doctype html>${renderToString(whole)}`;
  };
  return { ...publicPages(text, render), ...signedInPages(text, render) };
}

type Render = (page: VNode) => string;

/** A small page, for a signed-in user or for nobody. */
export const samplePage = (signedInAs?: User, ending: Ending = 'done'): VNode => (
  <MessagePage
    title="Signed out"
    ending={ending}
    links={[
      { href: '/', text: 'Home' },
      { href: '/a', text: 'Other' },
    ]}
    signedInAs={signedInAs}
  >
    <p>
      Bye. <a href="/b">Read more</a>
    </p>
  </MessagePage>
);

function publicPages(text: string, render: Render): Record<string, string> {
  return {
    'home, signed out': render(
      <HomePage state="signed out" adminRole={text} offersKeep showsTour now={sampleNow} />,
    ),
    'home, unknown': render(
      <HomePage
        state="unknown"
        adminRole={text}
        offersKeep={false}
        showsTour={false}
        now={sampleNow}
      />,
    ),
    'home in Azure, signed out': render(
      <HomePage state="signed out" adminRole={text} offersKeep showsTour={false} now={sampleNow} />,
    ),
    message: render(
      <MessagePage
        title={text}
        ending="ask"
        links={[{ href: text, text }]}
        references={[{ name: text, value: text }]}
        offersSignOut
      >
        <p>{text}</p>
      </MessagePage>,
    ),
    'message, signed in': render(
      <MessagePage title={text} links={[{ href: text, text }]} signedInAs={sampleUser(text)}>
        <p>{text}</p>
      </MessagePage>,
    ),
    hop: render(<ContinuePage title={text} goTo={text} text={text} />),
  };
}

function signedInPages(text: string, render: Render): Record<string, string> {
  const user = sampleUser(text);
  const times = {
    createdAt: sampleNow - 20,
    idleExpiresAt: sampleNow + 3580,
    expiresAt: sampleNow + 43_180,
  };
  const session: Session = {
    ...times,
    user,
    addedRoles: [],
    data: {},
    sid: undefined,
    loginHint: undefined,
    verifiedAt: sampleNow,
    steppedUpAt: undefined,
    stepUps: undefined,
    acrs: [],
    authTime: undefined,
    isPersistent: false,
  };
  const summary = { ...times, name: text, username: text, device: text, sessionKey: text };
  const own = { ...summary, tenantId: text, userKey: user.userKey };
  // More than a page that asks lists.
  const many = Array.from({ length: 12 }, (_, count) => ({
    ...own,
    sessionKey: `${text}${count}`,
  }));
  const view: ConsoleView = { search: text, sort: 'count', page: 2, from: text };
  const names = ['id', 'displayName', 'mail', 'jobTitle', 'userPrincipalName'] as const;
  const profile = { id: text, ...Object.fromEntries(names.map((name) => [name, text])) };
  return {
    'home, signed in': render(
      <HomePage state={session} adminRole={text} offersKeep showsTour now={sampleNow} />,
    ),
    'home in Azure, signed in': render(
      <HomePage state={session} adminRole={text} offersKeep showsTour={false} now={sampleNow} />,
    ),
    profile: render(
      <ProfilePage
        user={user}
        profile={profile}
        claims={{ tid: text, roles: [text], [text]: { nested: text } }}
        expiresIn={3599}
        editPath={undefined}
      />,
    ),
    'profile without an API': render(
      <ProfilePage
        user={user}
        profile={undefined}
        claims={{ name: text }}
        expiresIn={undefined}
        editPath="/auth/login?return_to=%2Fauth%2Fme&amp;policy=edit-profile"
      />,
    ),
    ...consolePages(text, render, user, own),
    sessions: render(
      <SessionsPage
        user={user}
        sessions={many.map((one, index) => ({ ...one, isCurrent: index === 0 }))}
        idleSeconds={3600}
        next={text}
        ended={{ count: 2 }}
        now={sampleNow}
      />,
    ),
    activity: render(
      <ActivityPage
        user={user}
        view={{ person: text, kind: 'session', day: text }}
        found={{
          events: [
            {
              ...{ event: 'session ended', outcome: 'partial', at: sampleNow - 60, count: 3 },
              ...{ why: 'end everybody', by: 'aaaaaaaa', name: text, username: text },
              of: 'everybody',
            },
            {
              ...{ event: 'sign-in refused', outcome: 'failed', at: sampleNow - 7200 },
              ...{ code: text, number: text, note: text, correlation: text, api: text },
            },
            { event: text, outcome: text, at: sampleNow - 90_000, what: text, by: text, of: text },
          ],
          ...{ searched: 250, unreadable: 2, next: text, names: new Map([[text, text]]) },
        }}
        now={sampleNow}
      />,
    ),
    'activity without events': render(
      <ActivityPage
        user={user}
        view={{}}
        found={{ events: [], names: new Map(), searched: 0, unreadable: 0, next: undefined }}
        now={sampleNow}
      />,
    ),
    'confirm everybody': render(<ConfirmEverybodyPage user={user} view={view} />),
    'everybody ended': render(<EverybodyEndedPage count={2} isFinished={false} />),
    'confirm one': render(
      <ConfirmEndPage
        {...{ user, view, sessions: [own], hasMore: false, sessionKey: text, now: sampleNow }}
        isOwn={false}
      />,
    ),
    'confirm one’s own': render(
      <ConfirmEndPage
        {...{ user, view, sessions: [own], hasMore: false, sessionKey: text, now: sampleNow }}
        isOwn
      />,
    ),
    'confirm all': render(
      <ConfirmEndPage
        {...{ user, view, sessions: many, hasMore: false, sessionKey: undefined, now: sampleNow }}
        isOwn
      />,
    ),
    'confirm very many': render(
      <ConfirmEndPage
        {...{ user, view, sessions: many, hasMore: true, sessionKey: undefined, now: sampleNow }}
        isOwn={false}
      />,
    ),
    'confirm one’s others': render(
      <ConfirmOwnEndPage
        {...{ user, ending: 'others', sessions: many.slice(1, 4), hasMore: false, now: sampleNow }}
      />,
    ),
    'confirm everywhere': render(
      <ConfirmOwnEndPage
        {...{ user, ending: 'everywhere', sessions: [own], hasMore: false, now: sampleNow }}
      />,
    ),
  };
}

function consolePages(
  text: string,
  render: Render,
  user: User,
  own: SessionSummary,
): Record<string, string> {
  const view: ConsoleView = { search: '', sort: 'used', page: 1, from: undefined };
  const searched: ConsoleView = { ...view, search: text, sort: 'name', from: text };
  const counts = { sessions: 5, people: 3, searched: 5, before: 0, hasMore: false };
  const sessions = [
    own,
    ...['1', '2', '3'].map((key) => ({ ...own, userKey: 'else', sessionKey: text + key })),
    { ...own, userKey: 'last' },
  ];
  const all = sortPeople(sessions, {
    ...{ order: 'used', idleSeconds: 3600, hasEarlier: false, hasMore: true, language: 'en' },
  });
  const ended = { count: 28, name: text };
  const usual = {
    ...{ user, view, people: all, counts, idleSeconds: 3600, now: sampleNow, showsTenant: true },
    ...{ next: undefined, ended: undefined },
  };
  const none = { ...counts, sessions: 0, people: 0 };
  return {
    console: render(<ConsolePage {...usual} />),
    'console, a part': render(
      <ConsolePage
        {...usual}
        people={cutPeople(all, { skip: 0, limit: 4 })}
        counts={{ ...counts, hasMore: true }}
        next={{ ...view, page: 2 }}
      />,
    ),
    'console, a later part': render(
      <ConsolePage
        {...usual}
        view={{ ...view, page: 2, from: text }}
        counts={{ ...counts, before: 100, sessions: 105 }}
      />,
    ),
    'console, empty': render(<ConsolePage {...usual} people={[]} counts={none} />),
    'console, searched': render(<ConsolePage {...usual} view={searched} ended={ended} />),
    'console, nobody found': render(
      <ConsolePage {...usual} people={[]} counts={none} view={searched} />,
    ),
    'console, not found yet': render(
      <ConsolePage
        {...usual}
        people={[]}
        counts={{ ...none, hasMore: true }}
        view={searched}
        next={searched}
      />,
    ),
  };
}

export function sampleUser(text: string): User {
  return {
    userKey: 'own',
    issuer: text,
    subject: text,
    objectId: text,
    tenantId: text,
    name: text,
    username: text,
    roles: [text, 'admin'],
  };
}

function standInPages(text: string): Record<string, string> {
  const users = seedUsers('tenant').map((user) => ({ ...user, name: text, username: text }));
  const [user] = users;
  if (user === undefined) throw new Error('no seeded user');
  return {
    'stand-in: picker': accountPickerPage({
      ...{ users, app: text, hasPasswordReset: true, hinted: user, refusal: text },
    }),
    'stand-in: consent': consentPage({ user, app: text, scopes: [text] }),
    'stand-in: confirm': confirmPage({ user, app: text }),
    'stand-in: admin consent': adminConsentPage({ app: text, scopes: [text] }),
    'stand-in: need approval': needApprovalPage({ user, app: text, scopes: [text] }),
    'stand-in: new password': resetPasswordPage({ users, app: text }),
    'stand-in: profile': editProfilePage({ user, app: text }),
    'stand-in: error': errorPage(text),
    'stand-in: signed out': signedOutPage({ frames: [text], next: text }),
  };
}
