import { useContext } from 'preact/hooks';
import type { SessionSummary } from '../sessions/find-sessions';
import { lastUsedAbout, type User } from '../sessions/session';
import type { Texts } from '../texts/en';
import type { Profile } from '../tokens/graph';
import { Initials, Layout, SiteContext, useLanguage, useTexts } from './layout';
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

interface ProfilePageProps {
  readonly user: User;
  /** `undefined` if the app has no API: the page then shows the claims alone. */
  readonly profile: Profile | undefined;
  /** Of the last ID token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** For how many seconds the access token for Graph still lives. */
  readonly expiresIn: number | undefined;
  /** Where a person can change the profile at the provider. */
  readonly editPath: string | undefined;
}

type Fact = readonly [term: string, value: string];

/**
 * The user's Microsoft Graph profile, and what the sign-in service says of the user. The photo is a background image from
 * the stylesheet. When it does not load, the initials stay visible; an `img` would look broken.
 */
export function ProfilePage({ user, profile, claims, expiresIn, editPath }: ProfilePageProps) {
  const name = profile?.displayName ?? user.name;
  const { profile: texts } = useTexts();
  return (
    <Layout title={texts.title} signedInAs={user} current="me">
      <div class="card narrow">
        <div class="head">
          <Initials name={name}>{profile === undefined ? null : <span class="photo" />}</Initials>
          <div>
            <h1>
              <bdi>{name}</bdi>
            </h1>
            <p class="soft">{profile === undefined ? texts.fromSignIn : texts.fromGraph}</p>
          </div>
        </div>
        <Facts facts={factsOf(texts, user, profile, expiresIn)} />
        {editPath === undefined ? null : (
          <p class="actions">
            <a class="button plain" href={editPath}>
              {texts.change}
            </a>
          </p>
        )}
        <details open={profile === undefined}>
          <summary>{texts.claims}</summary>
          <Facts facts={Object.entries(claims).map(([claim, value]) => [claim, textOf(value)])} />
        </details>
      </div>
    </Layout>
  );
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl>
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{withBreaks(term)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The long name of a claim breaks after `_`, not inside a word. */
function withBreaks(term: string) {
  const [first, ...parts] = term.split(/(?<=_)/);
  return [first, ...parts.flatMap((part) => [<wbr key={part} />, part])];
}

function factsOf(
  texts: Texts['profile'],
  user: User,
  profile: Partial<Profile> = {},
  expiresIn: number | undefined,
): readonly Fact[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    [
      texts.account,
      profile.userPrincipalName ?? (user.username === '' ? undefined : user.username),
    ],
    [texts.mail, profile.mail],
    [texts.jobTitle, profile.jobTitle],
    [texts.office, profile.officeLocation],
    [texts.mobile, profile.mobilePhone],
    [texts.language, profile.preferredLanguage],
    [texts.appRoles, user.roles.length === 0 ? texts.noRoles : user.roles.join(', ')],
    [texts.tenant, user.tenantId],
    [texts.objectId, profile.id ?? user.objectId],
    [
      texts.accessToken,
      expiresIn === undefined ? undefined : texts.livesFor(Math.floor(expiresIn / 60)),
    ],
  ];
  return facts.flatMap(([term, value]) => (value === undefined ? [] : [[term, value] as const]));
}

const maxShown = 512;

/** Claims may be of any type. */
function textOf(value: unknown): string {
  const all = [value].flat();
  const isPlain = all.every((one) => ['string', 'number', 'boolean'].includes(typeof one));
  const text = isPlain ? all.join(', ') : JSON.stringify(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

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
