import { useContext } from 'preact/hooks';
import type { Session } from '../sessions/session';
import { Door, type DoorState, Layout, PersonName, SiteContext, useTexts } from './layout';
import { MessagePage } from './message-page';
import { Moment } from './session-table';

/** The visitor's session. `unknown` when storage or keys do not answer. */
export type SessionState = Session | 'signed out' | 'unknown';

interface HomePageProps {
  readonly state: SessionState;
  /** The app role that opens the console. */
  readonly adminRole: string;
  /** True when people may stay signed in after the browser was closed. */
  readonly offersKeep: boolean;
  /** True on the local stack: the page explains the sign-in, with the files of this repository. People of a real app need none of it. */
  readonly showsTour: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

/** The home page: who is signed in. On the local stack also the three access levels and the steps of a sign-in. */
export function HomePage({ state, adminRole, offersKeep, showsTour, now }: HomePageProps) {
  const { brand } = useContext(SiteContext);
  const { home, tour } = useTexts();
  if (state === 'unknown') return <UnknownPage />;
  if (state !== 'signed out') {
    return (
      <Layout title={home.title} signedInAs={state.user} current="home">
        <SignedInHero session={state} showsTour={showsTour} now={now} />
        {showsTour ? (
          <>
            <SignInSteps title={tour.stepsAfter} lead={tour.stepsAfterLead} />
            <AccessLevels session={state} adminRole={adminRole} />
          </>
        ) : null}
      </Layout>
    );
  }
  if (!showsTour) {
    return (
      <Layout title={brand.name}>
        <div class="card narrow">
          <h1>{brand.name}</h1>
          <p class="soft">{home.signInWith}</p>
          <SignInActions offersKeep={offersKeep} />
        </div>
      </Layout>
    );
  }
  return (
    <Layout title={home.title}>
      <SignedOutHero offersKeep={offersKeep} />
      <AccessLevels adminRole={adminRole} />
      <SignInSteps title={tour.stepsBefore} lead={tour.stepsBeforeLead} />
    </Layout>
  );
}

/** While storage or keys do not answer. Nobody can sign in then, so the page offers nothing but a new try. */
function UnknownPage() {
  const { homePath } = useContext(SiteContext);
  const { home, links } = useTexts();
  return (
    <MessagePage
      title={home.unknownTitle}
      ending="passing"
      links={[{ href: homePath, text: links.tryAgain }]}
    >
      <p role="status">{home.unknown}</p>
    </MessagePage>
  );
}

type SignInActionsProps = Pick<HomePageProps, 'offersKeep'>;

function SignedOutHero(actions: SignInActionsProps) {
  const { tour } = useTexts();
  return (
    <section class="split">
      <div>
        <h1>{tour.heading}</h1>
        <p class="lead">{tour.lead}</p>
        <SignInActions {...actions} />
      </div>
      <WhoHoldsWhat />
    </section>
  );
}

function SignInActions({ offersKeep }: SignInActionsProps) {
  const { authPath } = useContext(SiteContext);
  const { home, links } = useTexts();
  return (
    <div class="actions">
      <a class="button" href={`${authPath}/login?return_to=%2F`}>
        {links.signIn}
      </a>
      {offersKeep ? (
        <a class="button plain" href={`${authPath}/login?return_to=%2F&keep=true`}>
          {home.signInAndStay}
        </a>
      ) : null}
      <span class="soft">{home.notSignedIn}</span>
    </div>
  );
}

/** The mark as a large drawing: the inner room, the anteroom and the doorstep. */
function WhoHoldsWhat() {
  const { tour } = useTexts();
  return (
    <div class="house">
      <div class="arch">
        <p>{tour.anteroomKeeps(<strong>Anteroom</strong>)}</p>
        <p class="inner">{tour.microsoftKnows(<strong>Microsoft</strong>)}</p>
      </div>
      <p>{tour.browserHolds(<strong>{tour.yourBrowser}</strong>)}</p>
    </div>
  );
}

interface SignedInHeroProps extends Pick<HomePageProps, 'showsTour' | 'now'> {
  readonly session: Session;
}

function SignedInHero({ session, showsTour, now }: SignedInHeroProps) {
  const { authPath } = useContext(SiteContext);
  const { home, tour } = useTexts();
  const { roles } = session.user;
  const person = <PersonName {...session.user} />;
  return (
    <section class="split">
      <div>
        <h1>{home.signedIn}</h1>
        <p class="lead">
          {roles.length === 0
            ? home.whoYouAre(person)
            : home.whoYouAreWithRoles(person, <bdi>{roles.join(', ')}</bdi>)}
          {showsTour ? ` ${home.whereTokensAre}` : null}
        </p>
        <div class="actions">
          <a class="button" href={`${authPath}/me`}>
            {showsTour ? tour.seeProfile : home.openProfile}
          </a>
        </div>
      </div>
      <SessionFacts session={session} now={now} />
    </section>
  );
}

interface AccessLevelsProps {
  readonly session?: Session;
  readonly adminRole: string;
}

function AccessLevels({ session, adminRole }: AccessLevelsProps) {
  const { authPath } = useContext(SiteContext);
  const { tour } = useTexts();
  const hasRole = session?.user.roles.includes(adminRole) === true;
  return (
    <section aria-labelledby="levels">
      <h2 id="levels">{tour.doors}</h2>
      <ul class="doors">
        <AccessLevel door="lit" title={tour.openToAll} path="/">
          {tour.openToAllText}
        </AccessLevel>
        <AccessLevel
          door={session === undefined ? 'dark' : 'lit'}
          title={tour.openSignedIn}
          path={`${authPath}/me`}
        >
          {tour.openSignedInText}
        </AccessLevel>
        <AccessLevel
          door={hasRole ? 'lit' : session === undefined ? 'dark' : 'shut'}
          title={tour.openWithRole(adminRole)}
          path={`${authPath}/admin`}
        >
          {tour.openWithRoleText}
        </AccessLevel>
      </ul>
    </section>
  );
}

interface AccessLevelProps {
  readonly door: DoorState;
  readonly title: string;
  readonly path: string;
  readonly children: string;
}

function AccessLevel({ door, title, path, children }: AccessLevelProps) {
  return (
    <li>
      <Door state={door} size={32} />
      <div>
        <h3>{title}</h3>
        <a href={path}>
          <code>{path}</code>
        </a>
        <p>{children}</p>
      </div>
    </li>
  );
}

/** The list of the steps, each with its files. */
function SignInSteps({ title, lead }: { readonly title: string; readonly lead: string }) {
  const { tour } = useTexts();
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">{title}</h2>
      <p class="soft">{lead}</p>
      <ol class="steps">
        {signInSteps.map((step) => (
          <li key={step.key}>
            <div>
              <h3>{tour[step.key]}</h3>
              <p>{tour[`${step.key}Text`]}</p>
            </div>
            <div class="files">
              {step.files.map((file) => (
                <code key={file}>{file}</code>
              ))}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface Step {
  /** Of its heading. The text below it has the same key with `Text`. */
  readonly key: 'press' | 'ask' | 'hop' | 'redeem' | 'cookie' | 'check';
  /** The files of this repository that do it. A test checks that they exist. */
  readonly files: readonly string[];
}

/** The steps of a sign-in, in the order in which a browser does them. */
const signInSteps: readonly Step[] = [
  {
    key: 'press',
    files: ['src/functions/login.ts', 'src/sign-in/attempt.ts', 'src/cookies.ts'],
  },
  {
    key: 'ask',
    files: ['local/entra/sign-in.ts'],
  },
  {
    key: 'hop',
    files: ['src/functions/redirect.tsx', 'src/pages/message-page.tsx'],
  },
  {
    key: 'redeem',
    files: ['src/sign-in/finish.ts', 'src/entra/id-token.ts', 'src/sessions/session-store.ts'],
  },
  {
    key: 'cookie',
    files: ['src/cookies.ts'],
  },
  {
    key: 'check',
    files: ['src/sign-in/guards.ts', 'src/tokens/access-token.ts'],
  },
];

interface SessionFactsProps {
  readonly session: Session;
  /** Epoch seconds. */
  readonly now: number;
}

/** When the visitor's own session began, and when it ends. */
function SessionFacts({ session, now }: SessionFactsProps) {
  const { home } = useTexts();
  const { createdAt, idleExpiresAt, expiresAt } = session;
  return (
    <div class="card">
      <h2>{home.yourSession}</h2>
      <dl>
        <div>
          <dt>{home.began}</dt>
          <dd>
            <Moment seconds={createdAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>{home.endsIfIdle}</dt>
          <dd>
            <Moment seconds={idleExpiresAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>{home.endsAnyway}</dt>
          <dd>
            <Moment seconds={expiresAt} now={now} />
          </dd>
        </div>
      </dl>
    </div>
  );
}
