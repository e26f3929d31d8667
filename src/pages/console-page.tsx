import type { SessionSummary } from '../sessions/list-sessions';
import type { User } from '../sessions/session';
import { Layout } from './layout';
import { Time } from './time';

interface ConsolePageProps {
  readonly user: User;
  readonly sessions: readonly SessionSummary[];
  /** True when there are more sessions than this page shows. */
  readonly hasMore: boolean;
}

/** Who is signed in, since when, from what. */
export function ConsolePage({ user, sessions, hasMore }: ConsolePageProps) {
  return (
    <Layout title="Console" signedInAs={user.name}>
      <h1>Who is signed in</h1>
      <p class="soft">
        {hasMore
          ? `The first ${sessions.length} live sessions; there are more.`
          : `${sessions.length} live ${sessions.length === 1 ? 'session' : 'sessions'}.`}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Live sessions">
        <table>
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col">Browser</th>
              <th scope="col">Signed in</th>
              <th scope="col">Ends at the latest</th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <tr key={session.sessionKey}>
                <td>
                  {session.name}
                  <br />
                  <span class="soft small">{session.username}</span>
                </td>
                <td>{session.device}</td>
                <td>
                  <Time seconds={session.createdAt} />
                </td>
                <td>
                  <Time seconds={session.expiresAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="actions">
        <a class="button plain" href="/">
          Home
        </a>
      </div>
    </Layout>
  );
}
