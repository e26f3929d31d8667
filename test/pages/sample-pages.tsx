import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { errorPage } from '../../local/entra/page-frame';
import {
  accountPickerPage,
  adminConsentPage,
  confirmPage,
  consentPage,
  editProfilePage,
  needApprovalPage,
  resetPasswordPage,
  signedOutPage,
} from '../../local/entra/pages';
import { seedUsers } from '../../local/entra/users';
import {
  ConfirmEndPage,
  ConfirmEverybodyPage,
  ConsolePage,
  EverybodyEndedPage,
} from '../../src/pages/console-page';
import { plainBrand } from '../../src/pages/brand';
import { HomePage } from '../../src/pages/home-page';
import { ContinuePage, LanguageContext, MessagePage } from '../../src/pages/layout';
import type { Ending } from '../../src/pages/pictures';
import { ProfilePage } from '../../src/pages/profile-page';
import { SessionsPage } from '../../src/pages/sessions-page';
import type { SessionSummary } from '../../src/sessions/find-sessions';
import type { Session, User } from '../../src/sessions/session';

const sampleNow = 1_795_228_980;

/** Every page with `text` wherever somebody else decides what stands there. */
export function samplePages(text: string): Record<string, string> {
  return { ...ownSamplePages(text), ...standInPages(text) };
}

/** The pages of the app, in a language by its tag. */
export function ownSamplePages(text: string, tag = 'en'): Record<string, string> {
  const language = plainBrand.languages.choose(tag);
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
  const sessions = [
    { ...summary, userKey: user.userKey },
    { ...summary, userKey: 'else' },
  ];
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
    ...consolePages(text, render, user, sessions),
    sessions: render(
      <SessionsPage
        user={user}
        sessions={sessions.map((one) => ({ ...one, isCurrent: one.userKey === 'own' }))}
        idleSeconds={3600}
        next={text}
        ended={2}
        now={sampleNow}
      />,
    ),
    'confirm everybody': render(<ConfirmEverybodyPage user={user} />),
    'everybody ended': render(<EverybodyEndedPage count={2} isFinished={false} />),
    'confirm one': render(
      <ConfirmEndPage
        user={user}
        sessions={sessions}
        hasMore
        sessionKey={text}
        isOwn={false}
        now={sampleNow}
      />,
    ),
    'confirm one’s own': render(
      <ConfirmEndPage
        user={user}
        sessions={sessions.slice(0, 1)}
        hasMore={false}
        sessionKey={text}
        isOwn
        now={sampleNow}
      />,
    ),
    'confirm all': render(
      <ConfirmEndPage
        user={user}
        sessions={sessions}
        hasMore={false}
        sessionKey={undefined}
        isOwn
        now={sampleNow}
      />,
    ),
  };
}

function consolePages(
  text: string,
  render: Render,
  user: User,
  sessions: readonly SessionSummary[],
): Record<string, string> {
  const usual = {
    ...{ user, isFirst: true, ended: undefined, idleSeconds: 3600, now: sampleNow },
    showsTenant: true,
  };
  const page = { sessions, searched: 2, continuation: undefined };
  const none = { ...page, sessions: [] };
  return {
    console: render(<ConsolePage {...usual} page={page} search="" next={text} />),
    'console, empty': render(<ConsolePage {...usual} page={none} search="" next={undefined} />),
    'console, searched': render(
      <ConsolePage {...usual} page={page} search={text} next={undefined} ended={1} />,
    ),
    'console, nobody found': render(
      <ConsolePage {...usual} page={{ ...none, searched: 1 }} search={text} next={undefined} />,
    ),
    'console, not found yet': render(
      <ConsolePage {...usual} page={none} search={text} next={text} isFirst={false} />,
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
