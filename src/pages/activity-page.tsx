import { useContext } from 'preact/hooks';
import { isErrorCode } from '../error-facts';
import { type EventKind, eventKinds, kindOf } from '../events';
import { type ActivityContent, keptDays } from '../sessions/activity';
import type { ActivityPage as FoundEvents } from '../sessions/activity-list';
import type { User } from '../sessions/session';
import type { Texts } from '../texts/en';
import { Layout, SiteContext, useLanguage, useTexts } from './layout';
import { Cell, HeaderCell, Moment, Rows, SessionTable } from './session-table';

/** Which events a person looks at. Every link and the form carry it along. */
export interface ActivityView {
  readonly person?: string | undefined;
  readonly kind?: EventKind | undefined;
  readonly day?: string | undefined;
  /** Where the events begin. Undefined: with the newest. */
  readonly from?: string | undefined;
  /** An export instead of a page. */
  readonly format?: 'jsonl' | undefined;
}

/** The path of a view. */
export function activityPath(authPath: string, view: ActivityView): string {
  const fields = Object.entries(view).flatMap(([name, value]: [string, string | undefined]) =>
    value === undefined ? [] : [[name, value]],
  );
  const query = new URLSearchParams(fields).toString();
  return `${authPath}/admin/activity${query === '' ? '' : `?${query}`}`;
}

interface ActivityPageProps {
  readonly user: User;
  readonly view: ActivityView;
  readonly found: FoundEvents;
  /** Epoch seconds. */
  readonly now: number;
}

/** What happened lately: by person and by kind, with a link to download the events. */
export function ActivityPage({ user, view, found, now }: ActivityPageProps) {
  const { authPath } = useContext(SiteContext);
  const { activity: texts } = useTexts();
  return (
    <Layout title={texts.title} signedInAs={user} current="admin" hasList>
      <h1>{texts.heading}</h1>
      <p class="note">
        <a class="button plain mini" href={`${authPath}/admin`}>
          {texts.toSessions}
        </a>
      </p>
      <SearchForm view={view} now={now} />
      <Kinds view={view} />
      <Count view={view} found={found} />
      {found.events.length === 0 ? null : (
        <SessionTable
          label={texts.heading}
          columns={[texts.event, texts.who, texts.when]}
          hasAction={false}
        >
          {found.events.map((event, index) => (
            <EventRow event={event} names={found.names} view={view} now={now} key={index} />
          ))}
        </SessionTable>
      )}
      <p class="actions">
        {found.next === undefined ? null : (
          <a class="button" href={activityPath(authPath, { ...view, from: found.next })}>
            {texts.earlier}
          </a>
        )}
        <a
          class="button plain"
          href={activityPath(authPath, { ...view, from: undefined, format: 'jsonl' })}
        >
          {texts.download}
        </a>
      </p>
      <p class="soft small note">{texts.aboutList}</p>
    </Layout>
  );
}

interface ViewProps {
  readonly view: ActivityView;
}

/** A day for the field of the form, in UTC as in the log. */
const dateOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

function SearchForm({ view, now }: ViewProps & Pick<ActivityPageProps, 'now'>) {
  const { authPath } = useContext(SiteContext);
  const { activity: texts, console: ofConsole } = useTexts();
  const { kind, day, person } = view;
  return (
    <form class="search" method="get" action={`${authPath}/admin/activity`} role="search">
      <div>
        <label for="person">{texts.searchFor}</label>
        <input id="person" name="person" type="search" maxLength={100} value={person ?? ''} />
      </div>
      {kind === undefined ? null : <input type="hidden" name="kind" value={kind} />}
      <div>
        <label for="day">{texts.day}</label>
        <input
          id="day"
          name="day"
          type="date"
          min={dateOf(now - keptDays * 86_400)}
          max={dateOf(now)}
          value={day ?? ''}
        />
      </div>
      <button class="plain" type="submit">
        {ofConsole.search}
      </button>
      {person === undefined ? null : (
        <a href={activityPath(authPath, { kind, day })}>{ofConsole.showEverybody}</a>
      )}
      {day === undefined ? null : (
        <a href={activityPath(authPath, { kind, person })}>{texts.allDays}</a>
      )}
    </form>
  );
}

function Kinds({ view }: ViewProps) {
  const { authPath } = useContext(SiteContext);
  const { activity: texts } = useTexts();
  const all: readonly (EventKind | undefined)[] = [undefined, ...eventKinds];
  return (
    <nav class="orders" aria-label={texts.kindsOf}>
      <ul>
        {all.map((kind) => (
          <li key={kind}>
            <a
              href={activityPath(authPath, { ...view, kind, from: undefined })}
              {...(kind === view.kind && { 'aria-current': 'true' as const })}
            >
              {kind === undefined ? texts.everything : texts.kinds[kind]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many events there are, and what is missing. */
function Count({ view, found }: ViewProps & Pick<ActivityPageProps, 'found'>) {
  const { activity: texts } = useTexts();
  const { events, searched, unreadable, next } = found;
  const { person, kind, day, from } = view;
  const isWhole = (day ?? from ?? next) === undefined && searched === 0;
  const isFiltered = (person ?? kind) !== undefined || events.length === 0;
  return (
    <p class="lead" role="status">
      {isWhole
        ? texts.none
        : isFiltered
          ? texts.found(events.length, searched)
          : texts.count(events.length)}
      {next === undefined ? null : ` ${texts.hasMore}`}
      {unreadable === 0 ? null : ` ${texts.unreadable(unreadable)}`}
    </p>
  );
}

interface RowProps extends ViewProps, Pick<FoundEvents, 'names'> {
  readonly event: ActivityContent;
  readonly now: number;
}

function EventRow({ event, names, view, now }: RowProps) {
  return (
    <Rows>
      <tr role="row">
        <HeaderCell>
          <What event={event} />
        </HeaderCell>
        <Cell>
          <Who event={event} names={names} view={view} />
        </Cell>
        <Cell>
          <Moment seconds={event.at} now={now} />
        </Cell>
      </tr>
    </Rows>
  );
}

function What({ event }: Pick<RowProps, 'event'>) {
  const { tag, texts: all } = useLanguage();
  const { activity: texts } = all;
  const { outcome, count, why, what, code, number, note, correlation, api, setting } = event;
  const fault = faultIn(event, all);
  const details = [why && textOf(texts.whys, why), what && whatOf(texts, what), api, setting];
  const shown = details.filter((text) => text !== undefined);
  const codes = [code, number].filter((text) => text !== undefined);
  return (
    <>
      <strong>{textOf(texts.events, event.event)}</strong>{' '}
      {outcome === 'failed' || outcome === 'partial' ? (
        <span class="tag">{texts.outcomes[outcome]}</span>
      ) : null}
      {shown.length === 0 && count === undefined ? null : (
        <span class="line">
          {shown.join(', ')}
          {count === undefined ? null : ` (${count.toLocaleString(tag)})`}
        </span>
      )}
      {fault === undefined ? null : <span class="line">{fault}</span>}
      {codes.length === 0 ? null : <span class="line small">{codes.join(', ')}</span>}
      {note === undefined ? null : (
        <span class="line soft small">
          {texts.inLog}{' '}
          <bdi lang="en" dir="ltr">
            {note}
          </bdi>
        </span>
      )}
      {correlation === undefined ? null : (
        <span class="line soft small">{texts.correlation(correlation)}</span>
      )}
    </>
  );
}

/** What failed, in the reader's language. Texts of refusals speak to the person who signs in, so they do not fit here. */
function faultIn({ event, code }: ActivityContent, texts: Texts): string | undefined {
  const isFault = kindOf(event) === 'fault' && code !== undefined && isErrorCode(code);
  return isFault ? texts.errors[code].title : undefined;
}

function whatOf({ whats, period }: Texts['activity'], what: string): string {
  const [, number] = /^period (\d+)$/.exec(what) ?? [];
  return number === undefined ? textOf(whats, what) : period(number);
}

/** A text by a name that may be of a newer version. */
function textOf(texts: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(texts, name) ? (texts[name] ?? name) : name;
}

/** The person who acts, and the one whom it is about. Without a name there is the beginning of the key. Each leads to their events. */
function Who({ event: { event, by, of, name, username }, names, view }: Omit<RowProps, 'now'>) {
  const { activity: texts } = useTexts();
  if (by === undefined && of === undefined) {
    const isOfTheApp = ['fault', 'upkeep'].includes(kindOf(event) ?? '');
    return <span class="soft">{isOfTheApp ? texts.theApp : texts.unknown}</span>;
  }
  return (
    <>
      {by === undefined ? null : (
        <PersonLink person={by} view={view} text={name ?? names.get(by) ?? by} />
      )}
      {username === undefined ? null : <span class="line soft small">{username}</span>}
      {of === undefined || of === by ? null : (
        <span class="line">
          {texts.about}{' '}
          {of === 'everybody' ? (
            texts.everybody
          ) : (
            <PersonLink person={of} view={view} text={names.get(of) ?? of} />
          )}
        </span>
      )}
    </>
  );
}

interface PersonLinkProps extends ViewProps {
  /** The beginning of the user key. */
  readonly person: string;
  readonly text: string;
}

function PersonLink({ person, view, text }: PersonLinkProps) {
  const { authPath } = useContext(SiteContext);
  const { activity: texts } = useTexts();
  if (person === view.person) return <bdi>{text}</bdi>;
  const href = activityPath(authPath, { ...view, person, from: undefined });
  return (
    <a href={href} title={texts.onlyPerson}>
      <bdi>{text}</bdi>
    </a>
  );
}
