import type { Session } from '../sessions/session';
import { Layout } from './layout';

/** Who is signed in, or that it cannot be told because storage or keys are out of reach. */
export type SessionState = Session | 'signed out' | 'unknown';

interface HomePageProps {
  readonly state: SessionState;
  /** The app role that opens the console. */
  readonly adminRole: string;
}

/** What this is, who is signed in, and the three access levels. */
export function HomePage({ state, adminRole }: HomePageProps) {
  const session = typeof state === 'string' ? undefined : state;
  return (
    <Layout title="Home" signedInAs={session?.user.name}>
      <h1>Sign-in for your web app on Azure Functions</h1>
      <p>
        Anteroom signs people in with Microsoft Entra ID and keeps their tokens on the server. The
        browser holds one signed cookie, nothing else. Put your own functions beside it and let it
        decide who may call them.
      </p>
      <Greeting state={state} />
      <ul class="levels">
        <li>
          <h2>
            <a href="/">This page</a>
          </h2>
          <span class="tag">Anyone</span>
          <p>Open to everybody, signed in or not. It works even when storage is down.</p>
        </li>
        <li>
          <h2>
            <a href="/auth/me">Your profile</a>
          </h2>
          <span class="tag">Signed in</span>
          <p>Read from Microsoft Graph as you, with a token your browser never sees.</p>
        </li>
        <li>
          <h2>
            <a href="/auth/admin">Console</a>
          </h2>
          <span class="tag">Role {adminRole}</span>
          <p>Who is signed in, since when and from what. Only for people with the app role.</p>
        </li>
      </ul>
    </Layout>
  );
}

function Greeting({ state }: { readonly state: SessionState }) {
  if (state === 'unknown') {
    return (
      <p class="soft" role="status">
        Whether you are signed in cannot be told right now: the app’s storage does not answer.
      </p>
    );
  }
  if (state !== 'signed out') return <SignedInGreeting session={state} />;
  return (
    <>
      <p class="soft">You are not signed in.</p>
      <div class="actions">
        <a class="button" href="/auth/login?return_to=%2F">
          Sign in
        </a>
      </div>
    </>
  );
}

function SignedInGreeting({ session }: { readonly session: Session }) {
  const { name, username, roles } = session.user;
  return (
    <p>
      You are signed in as <strong>{name}</strong> ({username}),{' '}
      {roles.length === 0 ? 'without an app role' : `with the app role ${roles.join(', ')}`}.
    </p>
  );
}
