import type { ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { SessionSummary } from '../sessions/find-sessions';
import { type Person, type SessionOrder, sessionOrders } from '../sessions/people';
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

/** What a person looks at in the console. Every link and form carries it along, so that the person comes back to it. */
export interface ConsoleView {
  /** The text of the search; '' shows everybody. */
  readonly search: string;
  readonly sort: SessionOrder;
  /** 1 for the first page of the sessions that were read together. */
  readonly page: number;
  /** Where these sessions begin in the table. `undefined` for the first ones. */
  readonly from: string | undefined;
}

/** The fields of a query or a form that lead to a view. What is usual is left out. */
export function viewFields({ search, sort, page, from }: ConsoleView): [string, string][] {
  const fields: [string, string, boolean][] = [
    ['search', search, search !== ''],
    ['sort', sort, sort !== 'used'],
    ['page', String(page), page !== 1],
    ['from', from ?? '', from !== undefined],
  ];
  return fields.flatMap(([name, value, isUsed]) => (isUsed ? [[name, value]] : []));
}

/** The path of a view. */
export function consolePath(authPath: string, view: ConsoleView): string {
  const query = new URLSearchParams(viewFields(view)).toString();
  return `${authPath}/admin${query === '' ? '' : `?${query}`}`;
}

/** The path of the page that asks before sessions end. */
function endPath(authPath: string, view: ConsoleView, whose: Record<string, string>): string {
  const query = new URLSearchParams([...Object.entries(whose), ...viewFields(view)]);
  return `${authPath}/admin/end?${query.toString()}`;
}

interface ConsolePageProps {
  readonly user: User;
  readonly view: ConsoleView;
  /** Sorted. The sessions of this page only. */
  readonly people: readonly Person[];
  readonly counts: ListCounts;
  /** The view of the next page. */
  readonly next: ConsoleView | undefined;
  readonly ended: Ended | undefined;
  /** True if accounts of several tenants can sign in. */
  readonly showsTenant: boolean;
  /** How long a session lives without use. */
  readonly idleSeconds: number;
  /** Epoch seconds. */
  readonly now: number;
}

/** How much was read for this page. */
interface ListCounts {
  /** Sessions that were read, or found, and sorted together. A page shows a part of them. */
  readonly sessions: number;
  /** The people whose sessions they are. */
  readonly people: number;
  /** Live sessions that a search has looked at. */
  readonly searched: number;
  /** Sessions on the pages before this one. */
  readonly before: number;
  /** True when the table has sessions that were not read yet. */
  readonly hasMore: boolean;
}

/** Who is signed in, since when, and with which browser: by person, with search, order, and a link to end each session. */
export function ConsolePage(props: ConsolePageProps) {
  const { user, view, people, next, ended, idleSeconds } = props;
  const { console: texts, lists } = useTexts();
  const language = useLanguage();
  return (
    <Layout title={useListTitle(texts.title, ended)} signedInAs={user} current="admin" hasList>
      <div class="topline">
        <h1>{texts.heading}</h1>
        <ConsoleMenu view={view} />
      </div>
      <EndNotice ended={ended} />
      <SearchForm view={view} />
      <Count {...props} />
      {people.length === 0 ? null : (
        <>
          <Orders view={view} />
          <SessionTable
            label={texts.table}
            columns={[texts.person, lists.browser, lists.signedIn, lists.lastUsed]}
          >
            {people.map((person) => (
              <PersonRows {...props} person={person} key={person.userKey} />
            ))}
          </SessionTable>
        </>
      )}
      <Pages view={view} next={next} />
      {people.length === 0 ? null : (
        <p class="soft small note">
          {texts.approximate(language.duration(Math.ceil(idleSeconds / 2)))}
        </p>
      )}
    </Layout>
  );
}

/** What is done seldom. A click opens it. */
function ConsoleMenu({ view }: Pick<ConsolePageProps, 'view'>) {
  const { authPath } = useContext(SiteContext);
  const { console: texts } = useTexts();
  return (
    <Menu id="more" opener={texts.more}>
      <li>
        <a href={`${authPath}/admin/activity`}>{texts.activity}</a>
      </li>
      <li>
        <a class="bad" href={endPath(authPath, view, { everybody: 'true' })}>
          {texts.endEverybody}
        </a>
      </li>
    </Menu>
  );
}

/**
 * Links that a button shows. Escape and a click elsewhere hide them again, without a script. A browser that does not know
 * the attribute shows them always.
 * https://developer.mozilla.org/docs/Web/API/Popover_API
 */
function Menu(props: {
  readonly id: string;
  readonly opener: string;
  /** What a screen reader says for the button. */
  readonly label?: string;
  readonly children: ComponentChildren;
}) {
  const { id, opener, label, children } = props;
  return (
    <div class="menu">
      <button type="button" class="plain mini" popovertarget={id} aria-label={label}>
        {opener}
      </button>
      <ul id={id} popover="auto">
        {children}
      </ul>
    </div>
  );
}

function SearchForm({ view }: Pick<ConsolePageProps, 'view'>) {
  const { authPath } = useContext(SiteContext);
  const { console: texts } = useTexts();
  return (
    <form class="search" method="get" action={`${authPath}/admin`} role="search">
      <label for="search">{texts.searchFor}</label>
      <input id="search" name="search" type="search" maxLength={100} value={view.search} />
      {view.sort === 'used' ? null : <input type="hidden" name="sort" value={view.sort} />}
      <button class="plain" type="submit">
        {texts.search}
      </button>
      {view.search === '' ? null : (
        <a href={consolePath(authPath, { ...firstPage(view), search: '' })}>
          {texts.showEverybody}
        </a>
      )}
    </form>
  );
}

const firstPage = (view: ConsoleView): ConsoleView => ({ ...view, page: 1, from: undefined });

/** They sort what was read together. So the first page of it comes back, and nothing else. */
function Orders({ view }: Pick<ConsolePageProps, 'view'>) {
  const { authPath } = useContext(SiteContext);
  const { console: texts } = useTexts();
  return (
    <nav class="orders" aria-label={texts.sortBy}>
      <span class="soft" aria-hidden="true">
        {texts.sortBy}
      </span>
      <ul>
        {sessionOrders.map((sort) => (
          <li key={sort}>
            <a
              href={consolePath(authPath, { ...view, sort, page: 1 })}
              {...(sort === view.sort && { 'aria-current': 'true' as const })}
            >
              {texts.orders[sort]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** What was found, and in small print which part of it this page shows, and for which sessions the order holds. */
function Count({ view, people, counts }: ConsolePageProps) {
  const { console: texts } = useTexts();
  const { sessions, before, hasMore } = counts;
  const shown = people.reduce((sum, person) => sum + person.sessions.length, 0);
  const isOneList = view.from === undefined && !hasMore;
  const details = [
    shown > 0 && shown < sessions ? texts.range(before + 1, before + shown) : '',
    shown === 0 && sessions > 0 ? texts.emptyPage : '',
    shown > 0 && !isOneList ? texts.sortedAmong(sessions) : '',
  ].filter((text) => text !== '');
  return (
    <div role="status">
      <p class="lead">{found(view, counts, texts)}</p>
      {details.length === 0 ? null : <p class="soft small">{details.join(' ')}</p>}
    </div>
  );
}

function found(
  { search, from }: ConsoleView,
  { sessions, people, searched, hasMore }: ListCounts,
  texts: ReturnType<typeof useTexts>['console'],
): ComponentChildren {
  if (search !== '') {
    const text = <bdi>{search}</bdi>;
    const said =
      sessions === 0
        ? texts.nobodyFound(text, searched)
        : texts.found(text, sessions, people, searched);
    return (
      <>
        {said} {hasMore ? texts.searchGoesOn : null}
      </>
    );
  }
  if (sessions === 0) return hasMore ? texts.noneSoFar : texts.none;
  if (from !== undefined) return texts.moreSessions(sessions, people);
  return hasMore ? texts.firstSessions(sessions, people) : texts.sessions(sessions, people);
}

function PersonRows(props: ConsolePageProps & { readonly person: Person }) {
  const { user, view, person, showsTenant, idleSeconds, now } = props;
  const { lists, console: texts } = useTexts();
  const { userKey, name, username, tenantId, sessions } = person;
  return (
    <Rows>
      {sessions.map((session, index) => (
        <tr role="row" key={session.sessionKey}>
          {index > 0 ? null : (
            <HeaderCell rows={sessions.length}>
              <b>
                <bdi>{name}</bdi>
              </b>{' '}
              {userKey === user.userKey ? <span class="tag">{texts.you}</span> : null}
              <span class="soft small line">{username}</span>
              {showsTenant && tenantId !== undefined ? (
                <span class="soft small line">{texts.tenant(tenantId)}</span>
              ) : null}
              {person.count > 1 || person.mayHaveMore ? (
                <PersonMenu person={person} view={view} />
              ) : null}
            </HeaderCell>
          )}
          <Cell>{lists.device(session.device)}</Cell>
          <Cell label={lists.signedIn}>
            <Moment seconds={session.createdAt} now={now} />
          </Cell>
          <Cell label={lists.lastUsed}>
            <Moment seconds={lastUsedAbout(session, idleSeconds)} now={now} />
          </Cell>
          <Cell>
            <EndLink session={session} view={view} />
          </Cell>
        </tr>
      ))}
    </Rows>
  );
}

function PersonMenu({ person, view }: { readonly person: Person; readonly view: ConsoleView }) {
  const { authPath } = useContext(SiteContext);
  const { console: texts } = useTexts();
  const { userKey, name, count, mayHaveMore } = person;
  const [howMany, ofWhom] = mayHaveMore
    ? [texts.sessionCountOrMore(count), texts.sessionsOrMoreOf(count, name)]
    : [texts.sessionCount(count), texts.sessionsOf(count, name)];
  // As the log shows it: the search finds people by the beginning of their key.
  const search = userKey.slice(0, 8);
  return (
    <Menu id={`of-${userKey}`} opener={howMany} label={ofWhom}>
      <li>
        <a href={consolePath(authPath, { ...firstPage(view), search })}>{texts.showPerson}</a>
      </li>
      <li>
        <a
          class="bad"
          href={endPath(authPath, view, { user: userKey })}
          aria-label={texts.endAllOf(name)}
        >
          {texts.endAll}
        </a>
      </li>
    </Menu>
  );
}

function EndLink(props: { readonly session: SessionSummary; readonly view: ConsoleView }) {
  const { userKey, sessionKey, name, device } = props.session;
  const { authPath } = useContext(SiteContext);
  const { lists } = useTexts();
  return (
    <a
      class="button plain danger mini"
      href={endPath(authPath, props.view, { user: userKey, session: sessionKey })}
      aria-label={lists.endSessionOf(name, lists.device(device))}
    >
      {lists.end}
    </a>
  );
}

function Pages({ view, next }: Pick<ConsolePageProps, 'view' | 'next'>) {
  const { authPath } = useContext(SiteContext);
  const { console: texts } = useTexts();
  const isFirst = view.page === 1 && view.from === undefined;
  if (isFirst && next === undefined) return null;
  const isSearchGoingOn = view.search !== '' && next?.from !== view.from;
  return (
    <nav class="actions" aria-label={texts.pages}>
      {next === undefined ? null : (
        <a class="button plain" href={consolePath(authPath, next)}>
          {isSearchGoingOn ? texts.goOnSearching : texts.next}
        </a>
      )}
      {isFirst ? null : <a href={consolePath(authPath, firstPage(view))}>{texts.first}</a>}
    </nav>
  );
}
