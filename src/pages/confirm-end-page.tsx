import type { SessionSummary } from '../sessions/list-sessions';
import type { User } from '../sessions/session';
import { Layout } from './layout';
import { Moment } from './time';

interface ConfirmEndPageProps {
  readonly user: User;
  /** What would end, at least one: the session named, or the first of all of a user's. */
  readonly sessions: readonly SessionSummary[];
  /** True when the user has more sessions than are shown. */
  readonly hasMore: boolean;
  /** The session that would end; `undefined` for all of the user's. */
  readonly sessionKey: string | undefined;
  /** True when it is the reader's own session, in this browser. */
  readonly isOwn: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

/** Asks an administrator once more before sessions end. */
export function ConfirmEndPage(props: ConfirmEndPageProps) {
  const { user, sessions, hasMore, sessionKey, isOwn, now } = props;
  const title = sessionKey === undefined ? 'End all sessions of this person?' : 'End this session?';
  const [first] = sessions;
  const isOne = sessions.length === 1 && !hasMore;
  return (
    <Layout
      title={title}
      signedInAs={user.name}
      current="/auth/admin"
      files={['src/functions/admin-end.tsx', 'src/guards/audited.ts']}
    >
      <div class="card narrow">
        <h1>{title}</h1>
        <p>
          <bdi>{first?.name}</bdi>
          <br />
          <span class="soft small">{first?.username}</span>
        </p>
        <dl>
          {sessions.map((session) => (
            <div key={session.sessionKey}>
              <dt>{session.device}</dt>
              <dd>
                Signed in <Moment seconds={session.createdAt} now={now} />
              </dd>
            </div>
          ))}
        </dl>
        {hasMore ? <p class="soft">And more that are not shown here.</p> : null}
        <p class="act">
          {isOwn
            ? `${isOne ? 'It is the session of this browser' : 'This browser is among them'}: you will be signed out. `
            : ''}
          Work that is not saved in {isOne ? 'that browser' : 'those browsers'} may be lost. This
          does not keep anybody from signing in again; for that, disable the account in Microsoft
          Entra ID.
        </p>
        <EndForm userKey={first?.userKey ?? ''} sessionKey={sessionKey} />
      </div>
    </Layout>
  );
}

interface EndFormProps {
  readonly userKey: string;
  readonly sessionKey: string | undefined;
}

function EndForm({ userKey, sessionKey }: EndFormProps) {
  return (
    <form class="actions" method="post" action="/auth/admin/end">
      <input type="hidden" name="user" value={userKey} />
      {sessionKey === undefined ? null : <input type="hidden" name="session" value={sessionKey} />}
      <button type="submit">
        {sessionKey === undefined ? 'End all sessions' : 'End the session'}
      </button>
      <a class="button plain" href="/auth/admin">
        Cancel
      </a>
    </form>
  );
}
