import type { SessionSummary } from '../sessions/list-sessions';
import type { User } from '../sessions/session';
import { Layout } from './layout';
import { Moment } from './time';

interface ConsolePageProps {
  readonly user: User;
  readonly sessions: readonly SessionSummary[];
  /** True when there are more sessions than this page shows. */
  readonly hasMore: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

/** Who is signed in, since when, from what. */
export function ConsolePage({ user, sessions, hasMore, now }: ConsolePageProps) {
  return (
    <Layout
      title="Console"
      signedInAs={user.name}
      current="/auth/admin"
      files={[
        'src/functions/admin.tsx',
        'src/guards/with-role.ts',
        'src/sessions/list-sessions.ts',
      ]}
    >
      <h1>Who is signed in</h1>
      <p class="lead">{describeCount(sessions.length, hasMore)}</p>
      {sessions.length === 0 ? null : <SessionTable user={user} sessions={sessions} now={now} />}
    </Layout>
  );
}

function describeCount(count: number, hasMore: boolean): string {
  if (count === 0) return 'No live session was found. One that has just begun may be missing here.';
  if (hasMore) return `The first ${count} live sessions; there are more.`;
  return count === 1 ? '1 live session.' : `${count} live sessions.`;
}

/** On a phone each row becomes a card. The roles are spelt out, since `display` takes a table's own ones away. */
function SessionTable({ user, sessions, now }: Omit<ConsolePageProps, 'hasMore'>) {
  return (
    <table role="table" aria-label="Live sessions">
      <thead role="rowgroup">
        <tr role="row">
          <ColumnHeader text="Person" />
          <ColumnHeader text="Browser" />
          <ColumnHeader text="Signed in" />
          <ColumnHeader text="Ends at the latest" />
        </tr>
      </thead>
      <tbody role="rowgroup">
        {sessions.map((session) => (
          <SessionRow
            key={session.sessionKey}
            session={session}
            isOwn={session.userKey === user.userKey}
            now={now}
          />
        ))}
      </tbody>
    </table>
  );
}

function ColumnHeader({ text }: { readonly text: string }) {
  return (
    <th role="columnheader" scope="col">
      {text}
    </th>
  );
}

interface SessionRowProps {
  readonly session: SessionSummary;
  readonly isOwn: boolean;
  readonly now: number;
}

function SessionRow({ session, isOwn, now }: SessionRowProps) {
  return (
    <tr role="row">
      <td role="cell" data-label="Person">
        <span>
          <bdi>{session.name}</bdi> {isOwn ? <span class="tag">You</span> : null}
          <br />
          <span class="soft small">{session.username}</span>
        </span>
      </td>
      <td role="cell" data-label="Browser">
        {session.device}
      </td>
      <td role="cell" data-label="Signed in">
        <Moment seconds={session.createdAt} now={now} />
      </td>
      <td role="cell" data-label="Ends">
        <Moment seconds={session.expiresAt} now={now} />
      </td>
    </tr>
  );
}
