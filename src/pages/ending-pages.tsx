import type { ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { SessionSummary } from '../sessions/find-sessions';
import type { User } from '../sessions/session';
import { consolePath, type ConsoleView, viewFields } from './console-page';
import { Layout, type MenuPage, SiteContext, useTexts } from './layout';
import { MessagePage } from './message-page';
import { Moment } from './session-table';

interface ConfirmEndPageProps {
  readonly user: User;
  /** The sessions that would end, at least one. When a user has very many, only the first ones. */
  readonly sessions: readonly SessionSummary[];
  /** True when the user has more sessions than `sessions`. */
  readonly hasMore: boolean;
  /** Key of the session that would end; `undefined` for all sessions of the user. */
  readonly sessionKey: string | undefined;
  /** True when this browser's own session would end. */
  readonly isOwn: boolean;
  /** Where the person comes from, and goes back to. */
  readonly view: ConsoleView;
  /** Epoch seconds. */
  readonly now: number;
}

/** Asks an administrator for a confirmation before sessions end. */
export function ConfirmEndPage(props: ConfirmEndPageProps) {
  const { user, sessions, hasMore, sessionKey, isOwn, view, now } = props;
  const { authPath } = useContext(SiteContext);
  const { ending } = useTexts();
  const [first] = sessions;
  const isOne = sessions.length === 1 && !hasMore;
  return (
    <ConfirmPage
      user={user}
      current="admin"
      title={sessionKey === undefined ? ending.allTitle : ending.oneTitle}
      action={`${authPath}/admin/end`}
      fields={[
        ['user', first?.userKey ?? ''],
        ...(sessionKey === undefined ? [] : [['session', sessionKey] as const]),
        ...viewFields(view),
      ]}
      button={
        sessionKey === undefined
          ? hasMore
            ? ending.endAll
            : ending.end(sessions.length)
          : ending.endOne
      }
      back={consolePath(authPath, view)}
    >
      <p>
        <b>
          <bdi>{first?.name}</bdi>
        </b>
        <span class="soft small line">{first?.username}</span>
      </p>
      <Listed {...{ sessions, hasMore, now }} />
      <p class="act">
        {isOwn ? `${isOne ? ending.isThisBrowser : ending.hasThisBrowser} ` : ''}
        {ending.workMayBeLost} {ending.canSignInAgain}
      </p>
    </ConfirmPage>
  );
}

/** What a person ends at their own sessions page: all sessions but this browser's, or all. */
export type OwnEnding = 'others' | 'everywhere';

interface ConfirmOwnEndPageProps {
  readonly user: User;
  readonly ending: OwnEnding;
  /** The sessions that would end, at least one. */
  readonly sessions: readonly SessionSummary[];
  readonly hasMore: boolean;
  /** Epoch seconds. */
  readonly now: number;
}

/** Asks a person for a confirmation before several sessions of their own end. */
export function ConfirmOwnEndPage(props: ConfirmOwnEndPageProps) {
  const { user, ending, sessions, hasMore, now } = props;
  const { authPath } = useContext(SiteContext);
  const { ending: texts } = useTexts();
  const isEverywhere = ending === 'everywhere';
  return (
    <ConfirmPage
      user={user}
      current="sessions"
      title={isEverywhere ? texts.everywhereTitle : texts.othersTitle}
      action={isEverywhere ? `${authPath}/logout` : `${authPath}/sessions/end`}
      fields={[[ending, 'true']]}
      button={hasMore ? texts.endAll : texts.end(sessions.length)}
      back={`${authPath}/sessions`}
    >
      <Listed {...{ sessions, hasMore, now }} />
      <p class="act">
        {isEverywhere ? texts.everywhereText : texts.othersText} {texts.workMayBeLost}
      </p>
    </ConfirmPage>
  );
}

interface ConfirmEverybodyPageProps {
  readonly user: User;
  readonly view: ConsoleView;
}

/** Asks an administrator for a confirmation before everybody is signed out, and says what that does. */
export function ConfirmEverybodyPage({ user, view }: ConfirmEverybodyPageProps) {
  const { authPath } = useContext(SiteContext);
  const { ending } = useTexts();
  return (
    <ConfirmPage
      user={user}
      current="admin"
      title={ending.everybodyTitle}
      action={`${authPath}/admin/end`}
      fields={[['everybody', 'true']]}
      button={ending.endEverybody}
      back={consolePath(authPath, view)}
    >
      <p>{ending.everybodyText}</p>
      <p class="act">
        {ending.workMayBeLost} {ending.allCanSignInAgain}
      </p>
    </ConfirmPage>
  );
}

interface ConfirmPageProps {
  readonly user: User;
  readonly current: MenuPage;
  readonly title: string;
  /** Where the form goes, and what it says there. */
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly button: string;
  /** Where "Cancel" leads. */
  readonly back: string;
  readonly children: ComponentChildren;
}

function ConfirmPage(props: ConfirmPageProps) {
  const { user, current, title, action, fields, button, back, children } = props;
  return (
    <Layout title={title} signedInAs={user} current={current}>
      <div class="card narrow">
        <h1>{title}</h1>
        {children}
        <form class="actions" method="post" action={action}>
          {fields.map(([name, value]) => (
            <input type="hidden" name={name} value={value} key={name} />
          ))}
          <button class="danger" type="submit">
            {button}
          </button>
          <a class="button plain" href={back}>
            {useTexts().ending.cancel}
          </a>
        </form>
      </div>
    </Layout>
  );
}

const maxListed = 10;

function Listed({
  sessions,
  hasMore,
  now,
}: Pick<ConfirmEndPageProps, 'sessions' | 'hasMore' | 'now'>) {
  const { ending, lists } = useTexts();
  const rest = sessions.length - maxListed;
  return (
    <>
      <dl>
        {sessions.slice(0, maxListed).map((session) => (
          <div key={session.sessionKey}>
            <dt>{lists.device(session.device)}</dt>
            <dd>{ending.signedIn(<Moment seconds={session.createdAt} now={now} />)}</dd>
          </div>
        ))}
      </dl>
      {rest > 0 ? <p class="soft">{hasMore ? ending.manyMore : ending.more(rest)}</p> : null}
    </>
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
  const { ending, links } = useTexts();
  const signIn = `${authPath}/login?return_to=${encodeURIComponent(`${authPath}/admin`)}`;
  return (
    <MessagePage
      title={ending.everybodyEndedTitle}
      ending={isFinished ? 'done' : 'partly'}
      links={[
        { href: signIn, text: links.signInAgain },
        { href: homePath, text: links.goHome },
      ]}
    >
      <p role="status">{ending.everybodyEnded(count)}</p>
      {isFinished ? null : <p class="act">{ending.notAllRemoved}</p>}
      <p class="soft small">{ending.signedOutOnceMore}</p>
    </MessagePage>
  );
}
