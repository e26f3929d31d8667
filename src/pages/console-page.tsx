import type { ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { SearchedPage, SessionSummary } from '../sessions/find-sessions';
import { lastUsedAbout, type User } from '../sessions/session';
import { Layout, MessagePage, SiteContext, useLanguage } from './layout';
import { Cell, EndNotice, Moment, SessionTable } from './session-table';

interface ConsolePageProps {
  readonly user: User;
  readonly page: SearchedPage;
  /** The text of the search; '' shows everybody. */
  readonly search: string;
  /** False for a page after the first one. */
  readonly isFirst: boolean;
  /** Path of the next page. */
  readonly next: string | undefined;
  /** How many sessions the last request ended; `undefined` when it ended none. */
  readonly ended: number | undefined;
  /** True where accounts of several tenants can sign in. */
  readonly showsTenant: boolean;
  /** How long a session lives without use. */
  readonly idleSeconds: number;
  /** Epoch seconds. */
  readonly now: number;
}

/** Who is signed in, since when, and with which browser; with a search, and a link to end each session. */
export function ConsolePage(props: ConsolePageProps) {
  const { user, page, search, next, ended, idleSeconds } = props;
  const half = useLanguage().duration(Math.ceil(idleSeconds / 2));
  return (
    <Layout title="Console" signedInAs={user} current="admin">
      <h1>Who is signed in</h1>
      <SearchForm search={search} />
      <EndNotice count={ended} />
      <p class="lead" role="status">
        {describeCount(props)}
      </p>
      {page.sessions.length === 0 ? null : <Rows {...props} />}
      {next === undefined ? null : (
        <p class="actions">
          <a class="button plain" href={next}>
            {search === '' ? 'Next sessions' : 'Go on searching'}
          </a>
        </p>
      )}
      {page.sessions.length === 0 ? null : (
        <div class="actions">
          <p class="soft small">
            When a session was last used is approximate: it may have been up to {half} later than
            shown.
          </p>
        </div>
      )}
      {page.sessions.length === 0 ? null : (
        <p class="actions">
          <EverybodyLink />
        </p>
      )}
    </Layout>
  );
}

function EverybodyLink() {
  const { authPath } = useContext(SiteContext);
  return (
    <a class="button plain" href={`${authPath}/admin/end?everybody=true`}>
      End everybody’s sessions
    </a>
  );
}

function SearchForm({ search }: { readonly search: string }) {
  const { authPath } = useContext(SiteContext);
  return (
    <form class="actions" method="get" action={`${authPath}/admin`} role="search">
      <label for="search">Name or address</label>
      <input id="search" name="search" type="search" maxLength={100} value={search} />
      <button class="plain" type="submit">
        Search
      </button>
      {search === '' ? null : <a href={`${authPath}/admin`}>Show everybody</a>}
    </form>
  );
}

function describeCount({ page, search, isFirst, next }: ConsolePageProps): ComponentChildren {
  const count = page.sessions.length;
  if (search !== '') {
    const Found = count === 0 ? NobodyFound : SomeFound;
    return <Found {...page} search={search} hasMore={next !== undefined} />;
  }
  if (count === 0 && next !== undefined) {
    return 'No live session was found so far; the list has not come to the end yet.';
  }
  if (count === 0) return 'No live session was found. One that has just begun may be missing here.';
  if (!isFirst) return `${count} more live sessions${next === undefined ? ', the last.' : '.'}`;
  if (next !== undefined) return `The first ${count} live sessions; there are more.`;
  return `${liveSessions(count)}.`;
}

interface FoundProps extends SearchedPage {
  readonly search: string;
  readonly hasMore: boolean;
}

function SomeFound({ sessions, searched, hasMore }: FoundProps) {
  const found = `${liveSessions(sessions.length)} found among ${searched}`;
  return <>{hasMore ? `${found}; the search has not come to the end yet.` : `${found}.`}</>;
}

function NobodyFound({ search, searched, hasMore }: FoundProps) {
  const searchedHere = liveSessions(searched);
  return (
    <>
      Nobody matches “<bdi>{search}</bdi>”{' '}
      {hasMore
        ? `so far, in ${searchedHere}; the search has not come to the end yet.`
        : `(${searchedHere}).`}
    </>
  );
}

function liveSessions(count: number): string {
  return count === 1 ? '1 live session' : `${count} live sessions`;
}

function Rows({ user, page, showsTenant, idleSeconds, now }: ConsolePageProps) {
  return (
    <SessionTable
      label="Live sessions"
      columns={['Person', 'Browser', 'Signed in', 'Last used, about', 'End']}
    >
      {page.sessions.map((session) => (
        <Row
          key={session.sessionKey}
          session={session}
          isOwn={session.userKey === user.userKey}
          showsTenant={showsTenant}
          idleSeconds={idleSeconds}
          now={now}
        />
      ))}
    </SessionTable>
  );
}

interface RowProps {
  readonly session: SessionSummary;
  readonly isOwn: boolean;
  readonly showsTenant: boolean;
  readonly idleSeconds: number;
  readonly now: number;
}

function Row({ session, isOwn, showsTenant, idleSeconds, now }: RowProps) {
  const { authPath } = useContext(SiteContext);
  const { name, username, tenantId, device, userKey, sessionKey } = session;
  const all = `${authPath}/admin/end?user=${encodeURIComponent(userKey)}`;
  return (
    <tr role="row">
      <Cell label="Person">
        <span>
          <bdi>{name}</bdi> {isOwn ? <span class="tag">You</span> : null}
          <br />
          <span class="soft small">{username}</span>
          {showsTenant && tenantId !== undefined ? (
            <span class="soft small">
              <br />
              Tenant {tenantId}
            </span>
          ) : null}
        </span>
      </Cell>
      <Cell label="Browser">{device}</Cell>
      <Cell label="Signed in">
        <Moment seconds={session.createdAt} now={now} />
      </Cell>
      <Cell label="Last used">
        <Moment seconds={lastUsedAbout(session, idleSeconds)} now={now} />
      </Cell>
      <Cell label="End">
        <span class="moment">
          <a
            href={`${all}&session=${encodeURIComponent(sessionKey)}`}
            aria-label={`This session of ${name}, ${device}`}
          >
            This session
          </a>
          <br />
          <a href={all} aria-label={`All sessions of ${name}`}>
            All sessions
          </a>
        </span>
      </Cell>
    </tr>
  );
}

interface ConfirmEndPageProps {
  readonly user: User;
  /** The sessions that would end, at least one. When all of a user's would end, only the first ones. */
  readonly sessions: readonly SessionSummary[];
  /** True when the user has more sessions than are shown. */
  readonly hasMore: boolean;
  /** Key of the session that would end; `undefined` for all sessions of the user. */
  readonly sessionKey: string | undefined;
  /** True when this browser's own session would end. */
  readonly isOwn: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

/** Asks an administrator for a confirmation before sessions end. */
export function ConfirmEndPage(props: ConfirmEndPageProps) {
  const { user, sessions, hasMore, sessionKey, isOwn, now } = props;
  const title = sessionKey === undefined ? 'End all sessions of this person?' : 'End this session?';
  const [first] = sessions;
  const isOne = sessions.length === 1 && !hasMore;
  return (
    <Layout title={title} signedInAs={user} current="admin">
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
  const { authPath } = useContext(SiteContext);
  return (
    <form class="actions" method="post" action={`${authPath}/admin/end`}>
      <input type="hidden" name="user" value={userKey} />
      {sessionKey === undefined ? null : <input type="hidden" name="session" value={sessionKey} />}
      <button type="submit">
        {sessionKey === undefined ? 'End all sessions' : 'End the session'}
      </button>
      <a class="button plain" href={`${authPath}/admin`}>
        Cancel
      </a>
    </form>
  );
}

/** Asks an administrator for a confirmation before everybody is signed out, and says what that does. */
export function ConfirmEverybodyPage({ user }: { readonly user: User }) {
  const { authPath } = useContext(SiteContext);
  const title = 'End everybody’s sessions?';
  return (
    <Layout title={title} signedInAs={user} current="admin">
      <div class="card narrow">
        <h1>{title}</h1>
        <p>
          All sessions of all people end, yours too. The keys of the app are deleted, so no earlier
          cookie works any more. The app makes new keys by itself.
        </p>
        <p class="act">
          Work that is not saved may be lost. This does not keep anybody from signing in again; for
          that, disable accounts in Microsoft Entra ID.
        </p>
        <form class="actions" method="post" action={`${authPath}/admin/end`}>
          <input type="hidden" name="everybody" value="true" />
          <button type="submit">Sign everybody out</button>
          <a class="button plain" href={`${authPath}/admin`}>
            Cancel
          </a>
        </form>
      </div>
    </Layout>
  );
}

interface EverybodyEndedPageProps {
  /** How many sessions were removed. */
  readonly count: number;
  /** False when there was no time for all. */
  readonly isFinished: boolean;
}

/** Says what was done after everybody was signed out, the reader too. */
export function EverybodyEndedPage({ count, isFinished }: EverybodyEndedPageProps) {
  const { authPath, homePath } = useContext(SiteContext);
  const signIn = `${authPath}/login?return_to=${encodeURIComponent(`${authPath}/admin`)}`;
  return (
    <MessagePage
      title="Everybody is signed out"
      links={[
        { href: signIn, text: 'Sign in again' },
        { href: homePath, text: 'Home' },
      ]}
    >
      <p role="status">
        The keys of the app are deleted, and{' '}
        {count === 1 ? '1 session has' : `${count} sessions have`} ended, yours too.
      </p>
      {isFinished ? null : (
        <p class="act">
          There was no time to remove all sessions. The others end when each instance of the app
          reads its keys again, which it does every 15 minutes. To end them now, restart the app.
        </p>
      )}
      <p class="soft small">
        Somebody who signs in within the next 15 minutes may be signed out once more, by an instance
        that reads its keys again.
      </p>
    </MessagePage>
  );
}
