import { useContext } from 'preact/hooks';
import type { Session } from '../sessions/session';
import { Door, type DoorState, Layout, MessagePage, SiteContext } from './layout';
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
  if (state === 'unknown') return <UnknownPage />;
  if (state !== 'signed out') {
    return (
      <Layout title="Home" signedInAs={state.user} current="home">
        <SignedInHero session={state} showsTour={showsTour} now={now} />
        {showsTour ? (
          <>
            <SignInSteps
              title="What just happened"
              lead="Your sign-in had six steps. Beside each are its files in this repository."
            />
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
          <p class="soft">Sign in with your Microsoft account.</p>
          <SignInActions offersKeep={offersKeep} />
        </div>
      </Layout>
    );
  }
  return (
    <Layout title="Home">
      <SignedOutHero offersKeep={offersKeep} />
      <AccessLevels adminRole={adminRole} />
      <SignInSteps
        title="What a sign-in does"
        lead="Six steps. Beside each are its files in this repository."
      />
    </Layout>
  );
}

/** While storage or keys do not answer. Nobody can sign in then, so the page offers nothing but a new try. */
function UnknownPage() {
  const { homePath } = useContext(SiteContext);
  return (
    <MessagePage
      title="We cannot say right now whether you are signed in"
      ending="passing"
      links={[{ href: homePath, text: 'Try again' }]}
    >
      <p role="status">
        The app’s storage does not answer. You have not been signed out. Try again in a moment.
      </p>
    </MessagePage>
  );
}

type SignInActionsProps = Pick<HomePageProps, 'offersKeep'>;

function SignedOutHero(actions: SignInActionsProps) {
  return (
    <section class="split">
      <div>
        <h1>Sign-in for your web app on Azure Functions</h1>
        <p class="lead">
          Anteroom signs people in with Microsoft Entra ID and keeps their tokens on the server. Put
          your own functions beside it and say who may call them.
        </p>
        <SignInActions {...actions} />
      </div>
      <WhoHoldsWhat />
    </section>
  );
}

function SignInActions({ offersKeep }: SignInActionsProps) {
  const { authPath } = useContext(SiteContext);
  return (
    <div class="actions">
      <a class="button" href={`${authPath}/login?return_to=%2F`}>
        Sign in
      </a>
      {offersKeep ? (
        <a class="button plain" href={`${authPath}/login?return_to=%2F&keep=true`}>
          Sign in and stay signed in
        </a>
      ) : null}
      <span class="soft">You are not signed in.</span>
    </div>
  );
}

/** The mark as a large drawing: the inner room, the anteroom and the doorstep. */
function WhoHoldsWhat() {
  return (
    <div class="house">
      <div class="arch">
        <p>
          <strong>Anteroom</strong> keeps your session and tokens, encrypted
        </p>
        <p class="inner">
          <strong>Microsoft</strong> knows who you are
        </p>
      </div>
      <p>
        <strong>Your browser</strong> holds one signed cookie
      </p>
    </div>
  );
}

interface SignedInHeroProps extends Pick<HomePageProps, 'showsTour' | 'now'> {
  readonly session: Session;
}

function SignedInHero({ session, showsTour, now }: SignedInHeroProps) {
  const { authPath } = useContext(SiteContext);
  const { name, username, roles } = session.user;
  return (
    <section class="split">
      <div>
        <h1>You are signed in</h1>
        <p class="lead">
          Microsoft Entra ID says you are <bdi>{name}</bdi> ({username}),{' '}
          {roles.length === 0 ? 'without an app role' : `with the app role ${roles.join(', ')}`}.
          {showsTour
            ? ' Your tokens stay on the server; your browser holds one signed cookie.'
            : null}
        </p>
        <div class="actions">
          <a class="button" href={`${authPath}/me`}>
            {showsTour ? 'See what Graph knows about you' : 'Open your profile'}
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
  const hasRole = session?.user.roles.includes(adminRole) === true;
  return (
    <section aria-labelledby="levels">
      <h2 id="levels">Three doors to try</h2>
      <ul class="doors">
        <AccessLevel door="lit" title="Open to anyone" path="/">
          This page. It answers even when storage is down.
        </AccessLevel>
        <AccessLevel
          door={session === undefined ? 'dark' : 'lit'}
          title="Open when signed in"
          path={`${authPath}/me`}
        >
          Your profile, read from Microsoft Graph as you, with a token your browser never sees.
        </AccessLevel>
        <AccessLevel
          door={hasRole ? 'lit' : session === undefined ? 'dark' : 'shut'}
          title={`Open with the role ${adminRole}`}
          path={`${authPath}/admin`}
        >
          The console: who is signed in, since when, from what.
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
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">{title}</h2>
      <p class="soft">{lead}</p>
      <ol class="steps">
        {signInSteps.map((step) => (
          <li key={step.title}>
            <div>
              <h3>{step.title}</h3>
              <p>{step.text}</p>
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
  readonly title: string;
  readonly text: string;
  /** The files of this repository that do it. A test checks that they exist. */
  readonly files: readonly string[];
}

/** The steps of a sign-in, in the order in which a browser does them. */
const signInSteps: readonly Step[] = [
  {
    title: 'You press “Sign in”',
    text: 'Anteroom seals the page you wanted in state, and ties it to this browser by a small random cookie. Nonce and PKCE verifier are derived from both. Then it sends your browser to Microsoft. Nothing is stored on the server.',
    files: ['src/functions/login.ts', 'src/sign-in/attempt.ts', 'src/cookies/cookie.ts'],
  },
  {
    title: 'Microsoft asks who you are',
    text: 'Password, second factor and consent stay between you and Microsoft Entra ID. It sends your browser back with a code that works once. Under npm start a stand-in on your machine plays this part.',
    files: ['local/entra/sign-in.ts'],
  },
  {
    title: 'Your browser comes back, and hops once',
    text: 'Browsers do not send strict cookies when another site starts a navigation. So a tiny page of ours opens the same address again, and now the browser sends them.',
    files: ['src/functions/redirect.tsx', 'src/pages/layout.tsx'],
  },
  {
    title: 'The code becomes a session',
    text: 'Anteroom redeems the code for tokens, and checks the signature and claims of the ID token itself. Then it writes session and tokens to one table. They are encrypted under a key that needs your cookie.',
    files: ['src/sign-in/finish.ts', 'src/entra/id-token.ts', 'src/sessions/session-store.ts'],
  },
  {
    title: 'Your browser gets one cookie',
    text: 'It is signed, no script can read it, and the browser sends it to this site only. It holds the address and the id of the session, never a token.',
    files: ['src/cookies/session-cookie.ts'],
  },
  {
    title: 'Every request is checked',
    text: 'A function says who may call it. The guard reads the session and refreshes tokens that have expired. It sends you to Microsoft again only when it must.',
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
  const { createdAt, idleExpiresAt, expiresAt } = session;
  return (
    <div class="card">
      <h2>Your session</h2>
      <dl>
        <div>
          <dt>Began</dt>
          <dd>
            <Moment seconds={createdAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>Ends if idle</dt>
          <dd>
            <Moment seconds={idleExpiresAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>Ends anyway</dt>
          <dd>
            <Moment seconds={expiresAt} now={now} />
          </dd>
        </div>
      </dl>
    </div>
  );
}
