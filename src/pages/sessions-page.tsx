import { useContext } from 'preact/hooks';
import type { SessionSummary } from '../sessions/find-sessions';
import { lastUsedAbout, type User } from '../sessions/session';
import { Layout, SiteContext, useLanguage } from './layout';
import { Cell, EndNotice, Moment, SessionTable } from './session-table';

interface OwnSession extends SessionSummary {
  /** The session of the browser that shows the page. */
  readonly isCurrent: boolean;
}

interface SessionsPageProps {
  readonly user: User;
  readonly sessions: readonly OwnSession[];
  /** How long a session lives without use. */
  readonly idleSeconds: number;
  /** Path of the next page. */
  readonly next: string | undefined;
  /** How many sessions the last request ended; `undefined` when it ended none. */
  readonly ended: number | undefined;
  /** Epoch seconds. */
  readonly now: number;
}

/** The reader's own live sessions, each with a button to end it. */
export function SessionsPage(props: SessionsPageProps) {
  const { user, sessions, idleSeconds, next, ended, now } = props;
  const half = useLanguage().duration(Math.ceil(idleSeconds / 2));
  return (
    <Layout title="Your sessions" signedInAs={user} current="sessions">
      <h1>Where you are signed in</h1>
      <p class="lead">
        Each browser in which you are signed in to this app. End what you do not recognise.
      </p>
      <EndNotice count={ended} />
      <SessionTable
        label="Your sessions"
        columns={['Browser', 'Signed in', 'Last used, about', 'Ends at the latest', 'End it']}
      >
        {sessions.map((session) => (
          <Row key={session.sessionKey} {...{ session, idleSeconds, now }} />
        ))}
      </SessionTable>
      {next === undefined ? null : (
        <p>
          <a href={next}>More sessions</a>
        </p>
      )}
      <EndMany hasOthers={sessions.length > 1 || next !== undefined} />
      <div class="actions">
        <p class="soft small">
          When a session was last used is approximate: use is written down about every {half}, so it
          may have been up to {half} later than shown. A session that has ended does not keep
          anybody from signing in again.
        </p>
      </div>
    </Layout>
  );
}

interface RowProps {
  readonly session: OwnSession;
  readonly idleSeconds: number;
  readonly now: number;
}

function Row({ session, idleSeconds, now }: RowProps) {
  const { device, createdAt, expiresAt, isCurrent } = session;
  return (
    <tr role="row">
      <Cell label="Browser">
        <span>
          {device} {isCurrent ? <span class="tag">This browser</span> : null}
        </span>
      </Cell>
      <Cell label="Signed in">
        <Moment seconds={createdAt} now={now} />
      </Cell>
      <Cell label="Last used">
        {isCurrent ? 'now' : <Moment seconds={lastUsedAbout(session, idleSeconds)} now={now} />}
      </Cell>
      <Cell label="Ends">
        <Moment seconds={expiresAt} now={now} />
      </Cell>
      <Cell label="End it">
        <EndButton session={session} now={now} />
      </Cell>
    </tr>
  );
}

function EndButton({ session, now }: Pick<RowProps, 'session' | 'now'>) {
  const { authPath } = useContext(SiteContext);
  const { sessionKey, device, createdAt, isCurrent } = session;
  const which = `${device}, begun ${useLanguage().distance(createdAt - now)}`;
  return (
    <form method="post" action={`${authPath}/sessions/end`}>
      <input type="hidden" name="session" value={sessionKey} />
      <button
        class="plain"
        type="submit"
        aria-label={isCurrent ? 'Sign out of this browser' : `End the session: ${which}`}
      >
        {isCurrent ? 'Sign out' : 'End'}
      </button>
    </form>
  );
}

function EndMany({ hasOthers }: { readonly hasOthers: boolean }) {
  const { authPath } = useContext(SiteContext);
  return (
    <div class="actions">
      {hasOthers ? (
        <form method="post" action={`${authPath}/sessions/end`}>
          <input type="hidden" name="others" value="true" />
          <button type="submit">End all other sessions</button>
        </form>
      ) : null}
      <form method="post" action={`${authPath}/logout`}>
        <input type="hidden" name="everywhere" value="true" />
        <button class="plain" type="submit">
          Sign out everywhere
        </button>
      </form>
    </div>
  );
}
