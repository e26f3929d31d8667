import { useContext } from 'preact/hooks';
import type { SessionSummary } from '../sessions/find-sessions';
import { lastUsedAbout, type User } from '../sessions/session';
import { Layout, SiteContext, useLanguage, useTexts } from './layout';
import {
  Cell,
  type Ended,
  EndNotice,
  HeaderCell,
  Moment,
  Rows,
  SessionTable,
  useListTitle,
} from './session-table';

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
  readonly ended: Ended | undefined;
  /** Epoch seconds. */
  readonly now: number;
}

/** The reader's own live sessions, each with a button to end it. */
export function SessionsPage(props: SessionsPageProps) {
  const { user, sessions, idleSeconds, next, ended, now } = props;
  const { lists, ownSessions: texts } = useTexts();
  const half = useLanguage().duration(Math.ceil(idleSeconds / 2));
  return (
    <Layout title={useListTitle(texts.title, ended)} signedInAs={user} current="sessions" hasList>
      <h1>{texts.heading}</h1>
      <EndNotice ended={ended} />
      <p class="lead">{texts.lead}</p>
      <SessionTable
        label={texts.title}
        columns={[lists.browser, lists.signedIn, lists.lastUsed, texts.endsBy]}
      >
        {sessions.map((session) => (
          <Rows key={session.sessionKey}>
            <Row {...{ session, idleSeconds, now }} />
          </Rows>
        ))}
      </SessionTable>
      {next === undefined ? null : (
        <p class="note">
          <a class="button plain" href={next}>
            {texts.more}
          </a>
        </p>
      )}
      <EndMany hasOthers={sessions.length > 1 || next !== undefined} />
      <p class="soft small note">{texts.approximate(half)}</p>
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
  const { lists, ownSessions: texts } = useTexts();
  return (
    <tr role="row">
      <HeaderCell>
        <b>{lists.device(device)}</b>{' '}
        {isCurrent ? <span class="tag">{texts.thisBrowser}</span> : null}
      </HeaderCell>
      <Cell label={lists.signedIn}>
        <Moment seconds={createdAt} now={now} />
      </Cell>
      <Cell label={lists.lastUsed}>
        {isCurrent ? texts.now : <Moment seconds={lastUsedAbout(session, idleSeconds)} now={now} />}
      </Cell>
      <Cell label={texts.endsBy}>
        <Moment seconds={expiresAt} now={now} />
      </Cell>
      <Cell>
        <EndButton session={session} now={now} />
      </Cell>
    </tr>
  );
}

function EndButton({ session, now }: Pick<RowProps, 'session' | 'now'>) {
  const { authPath } = useContext(SiteContext);
  const { lists, ownSessions: texts } = useTexts();
  const { distance } = useLanguage();
  const { sessionKey, device, createdAt, isCurrent } = session;
  return (
    <form method="post" action={`${authPath}/sessions/end`}>
      <input type="hidden" name="session" value={sessionKey} />
      <button
        class={isCurrent ? 'plain mini' : 'plain danger mini'}
        type="submit"
        aria-label={
          isCurrent
            ? texts.signOutHere
            : texts.endSession(lists.device(device), distance(createdAt - now))
        }
      >
        {isCurrent ? texts.signOut : lists.end}
      </button>
    </form>
  );
}

/** Both links lead to a page that asks for a confirmation. */
function EndMany({ hasOthers }: { readonly hasOthers: boolean }) {
  const { authPath } = useContext(SiteContext);
  const { ownSessions: texts } = useTexts();
  const end = `${authPath}/sessions/end`;
  return (
    <p class="actions">
      {hasOthers ? (
        <a class="button plain danger" href={`${end}?others=true`}>
          {texts.endOthers}
        </a>
      ) : null}
      <a class="button plain danger" href={`${end}?everywhere=true`}>
        {texts.signOutEverywhere}
      </a>
    </p>
  );
}
