import type { HttpResponseInit } from '@azure/functions';
import { clearSessionCookie, clearSignInCookies } from '../cookies';
import { AppError } from '../errors';
import type { Handler } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { readForm, readQuery } from '../http/request';
import { htmlPage, json, languageOf, redirectTo } from '../http/responses';
import { ConsolePage, consolePath, type ConsoleView, viewFields } from '../pages/console-page';
import { ConfirmEndPage, ConfirmEverybodyPage, EverybodyEndedPage } from '../pages/ending-pages';
import type { SearchedPage, SessionSummary } from '../sessions/find-sessions';
import { cutPeople, type Person, sessionOrders, sortPeople } from '../sessions/people';
import { lastUsedAbout, sessionKeyOf } from '../sessions/session';
import { audited, leaveEndedNotice, parseNamedKey, takeEndedNotice } from '../sign-in/ending';
import { type SessionContext, type SessionHandler, withRole } from '../sign-in/guards';
import { answerSignOut, notDone, signOut } from '../sign-in/sign-out';
import { requireStepUp } from '../sign-in/step-up';
import { withTimeout } from '../waiting';

/** Sessions that are read and sorted together: one page of the table. An app with fewer has them all in order. */
const listSize = 1_000;

/** Sessions that a page shows: light enough for a phone. */
const pageSize = 100;

/** A list ends after this time with what it has found, and the page offers to continue. It leaves time for the answer. */
const listMs = 5_000;

/**
 * GET auth/admin: the live sessions by person, 100 on a page, for people with the app role. `search` finds people by name,
 * user name, or the user key that the log shows. `sort` is one of {@link sessionOrders}. `page` leads through the sessions
 * that were read together, at most 1,000, and `from` continues after them.
 */
async function admin(context: SessionContext): Promise<HttpResponseInit> {
  const { user, query, now } = context;
  const view = parseView((name) => readQuery(query, name, viewLengths[name]));
  const list = await findSessions(context, view);
  const { idleSeconds, allowedTenants } = context.services.settings;
  const everybody = sortPeople(list.sessions, {
    order: view.sort,
    idleSeconds,
    hasEarlier: view.from !== undefined,
    hasMore: list.continuation !== undefined,
    language: languageOf(context).tag,
  });
  const people = cutPeople(everybody, { skip: (view.page - 1) * pageSize, limit: pageSize });
  const next = nextOf(view, list);
  // The text of a search may be a name, so it is not told.
  const what = view.search === '' ? 'all sessions' : 'a search';
  const seen = { by: user.userKey, what, count: list.sessions.length };
  context.tell({ event: 'console viewed', outcome: 'done', ...seen });
  if (!context.prefersHtml) return listAsJson(context, { people, next, searched: list.searched });
  const counts = {
    sessions: list.sessions.length,
    people: everybody.length,
    searched: list.searched,
    before: (view.page - 1) * pageSize,
    hasMore: list.continuation !== undefined,
  };
  const showsTenant = allowedTenants !== undefined;
  const ended = takeEndedNotice(context);
  return htmlPage(
    context,
    <ConsolePage {...{ user, view, people, counts, next, ended, showsTenant, idleSeconds, now }} />,
  );
}

/** The longest values of a view's fields. */
const viewLengths = { search: 100, sort: 20, page: 2, from: 2048 } as const;

/**
 * What a person looks at in the console, from a query or a form.
 * @throws ERR_BAD_REQUEST for an order or a page that the console does not have
 */
export function parseView(
  valueOf: (name: keyof typeof viewLengths) => string | undefined,
): ConsoleView {
  const wanted = valueOf('sort') ?? 'used';
  const sort = sessionOrders.find((order) => order === wanted);
  const page = Number(valueOf('page') ?? 1);
  if (sort === undefined || !(Number.isInteger(page) && page >= 1 && page <= listSize / pageSize)) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'no such sort or page' });
  }
  return { search: valueOf('search')?.trim() ?? '', sort, page, from: valueOf('from') };
}

async function findSessions(
  { services, now, signal }: SessionContext,
  { search, from }: ConsoleView,
): Promise<SearchedPage> {
  return withTimeout(signal, listMs, async (stopSignal) => {
    const options = { now, limit: listSize, continuation: from, signal, stopSignal };
    if (search !== '') return services.sessions.search({ ...options, text: search });
    const page = await services.sessions.listLive(options);
    return { ...page, searched: page.sessions.length };
  });
}

/** The next page of the list, or the first one of the next list. `undefined` after the last. */
function nextOf(
  view: ConsoleView,
  { sessions, continuation }: SearchedPage,
): ConsoleView | undefined {
  if (view.page * pageSize < sessions.length) return { ...view, page: view.page + 1 };
  return continuation === undefined ? undefined : { ...view, page: 1, from: continuation };
}

interface ListedPage {
  readonly people: readonly Person[];
  readonly next: ConsoleView | undefined;
  readonly searched: number;
}

function listAsJson(
  { services }: SessionContext,
  { people, next, searched }: ListedPage,
): HttpResponseInit {
  const { idleSeconds } = services.settings;
  return json({
    sessions: people
      .flatMap(({ sessions }) => sessions)
      .map((session) => ({
        session: session.sessionKey,
        user: session.userKey,
        name: session.name,
        username: session.username,
        tenant: session.tenantId,
        device: session.device,
        created_at: session.createdAt,
        last_used_at: lastUsedAbout(session, idleSeconds),
        idle_expires_at: session.idleExpiresAt,
        expires_at: session.expiresAt,
      })),
    searched,
    has_more: next !== undefined,
    next: next === undefined ? null : consolePath(services.site.authPath, next),
  });
}

/** How many sessions the confirmation counts at most. All of them end. */
const maxCounted = 1_000;

/** The sessions of a user to end: one, or all when `sessionKey` is `undefined`. */
interface UserTarget {
  readonly userKey: string;
  readonly sessionKey: string | undefined;
}

type Target = UserTarget | 'everybody';

const targetNames = ['everybody', 'user', 'session'] as const;

function parseTarget(valueOf: (name: (typeof targetNames)[number]) => string | undefined): Target {
  const [everybody, user, session] = targetNames.map(valueOf);
  if (everybody !== undefined) {
    if (everybody === 'true' && user === undefined && session === undefined) return 'everybody';
    throw new AppError('ERR_BAD_REQUEST', { note: 'either everybody=true or a user' });
  }
  return {
    userKey: parseNamedKey(user, 'user'),
    sessionKey: session === undefined ? undefined : parseNamedKey(session, 'session'),
  };
}

/** How old the sign-in may be of a person who ends sessions of others. */
const recentSeconds = 600;

/** Somebody who finds the browser of an administrator must not sign others out. */
function requireRecentSignIn({ session, now }: SessionContext): void {
  requireStepUp({ maxAge: recentSeconds }, session, now);
}

/**
 * GET auth/admin/end: shows the person and the sessions that would end, and asks for a confirmation. It changes nothing.
 * @throws ERR_BAD_REQUEST, ERR_SESSION_GONE; ERR_STEP_UP for sessions of others, after a sign-in that is too old
 */
async function confirmEnd(context: SessionContext): Promise<HttpResponseInit> {
  const { query, user, ticket, now } = context;
  const target = parseTarget((name) => readQuery(query, name, 43));
  const view = parseView((name) => readQuery(query, name, viewLengths[name]));
  if (target === 'everybody') return confirmEverybody(context, view);
  const { sessions, hasMore } = await sessionsOf(context, target);
  if (sessions.length === 0) throw new AppError('ERR_SESSION_GONE', { note: 'nothing to end' });
  const { sessionKey, userKey } = target;
  if (userKey !== user.userKey) requireRecentSignIn(context);
  const seen = { by: user.userKey, of: userKey, what: 'sessions of a person' };
  context.tell({ event: 'console viewed', outcome: 'done', ...seen, count: sessions.length });
  const current = sessionKeyOf(ticket.sessionId);
  const isOwn = sessionKey === undefined ? userKey === user.userKey : sessionKey === current;
  return context.prefersHtml
    ? htmlPage(
        context,
        <ConfirmEndPage {...{ user, sessions, hasMore, sessionKey, isOwn, view, now }} />,
      )
    : json({ sessions: sessions.map((session) => session.sessionKey), has_more: hasMore });
}

function confirmEverybody(context: SessionContext, view: ConsoleView): HttpResponseInit {
  requireRecentSignIn(context);
  return context.prefersHtml
    ? htmlPage(context, <ConfirmEverybodyPage user={context.user} view={view} />)
    : json({ everybody: true });
}

async function sessionsOf(
  { services, now, signal }: SessionContext,
  { userKey, sessionKey }: UserTarget,
): Promise<{ readonly sessions: readonly SessionSummary[]; readonly hasMore: boolean }> {
  if (sessionKey !== undefined) {
    const found = await services.sessions.findNamed({ userKey, sessionKey }, now, signal);
    return { sessions: found === undefined ? [] : [found], hasMore: false };
  }
  const page = await services.sessions.listLive({ userKey, now, limit: maxCounted, signal });
  return { sessions: page.sessions, hasMore: page.continuation !== undefined };
}

/**
 * POST auth/admin/end: ends the session `session` of the user `user`, or all sessions of that user without `session`, or
 * those of everybody with `everybody=true`. For the person's own session it works as a sign-out.
 * @throws ERR_BAD_REQUEST, ERR_SESSION_GONE when the session has already ended; ERR_STEP_UP for sessions of others, after a
 *   sign-in that is too old. It leads back to the page that asks for a confirmation
 */
async function end(context: SessionContext): Promise<HttpResponseInit> {
  const { user, ticket } = context;
  const form = await readForm(context.request);
  const target = parseTarget((name) => form.get(name));
  const view = parseView((name) => form.get(name) || undefined);
  if (target !== 'everybody' && target.userKey === user.userKey) {
    const everywhere = target.sessionKey === undefined;
    if (everywhere || target.sessionKey === sessionKeyOf(ticket.sessionId)) {
      const { url, notice } = await signOut(context, { everywhere });
      return answerSignOut(context, { url, notDone: notDone(notice), until: notice.until });
    }
  } else {
    context.visitor.returnPath = confirmPath(context, target, view);
    requireRecentSignIn(context);
  }
  if (target === 'everybody') return endEverybody(context);
  // Afterwards nothing in the table has the name any more.
  const name = context.prefersHtml ? await nameOf(context, target) : undefined;
  const count = await endTarget(context, target);
  if (count === 0) throw new AppError('ERR_SESSION_GONE', { note: 'nothing to end' });
  if (!context.prefersHtml) return json({ ended: count });
  leaveEndedNotice(context, { count, name });
  const { settings, site } = context.services;
  return redirectTo(settings.baseUrl + consolePath(site.authPath, view), 303);
}

async function nameOf(
  { services, now, signal }: SessionContext,
  { userKey, sessionKey }: UserTarget,
): Promise<string | undefined> {
  if (sessionKey !== undefined) {
    return (await services.sessions.findNamed({ userKey, sessionKey }, now, signal))?.name;
  }
  const { sessions } = await services.sessions.listLive({ userKey, now, limit: 1, signal });
  return sessions[0]?.name;
}

function confirmPath({ services }: SessionContext, target: Target, view: ConsoleView): string {
  const query = new URLSearchParams([
    ...(target === 'everybody'
      ? [['everybody', 'true']]
      : [['user', target.userKey], ...(target.sessionKey ? [['session', target.sessionKey]] : [])]),
    ...viewFields(view),
  ]);
  return `${services.site.authPath}/admin/end?${query.toString()}`;
}

/** A part of the request's time, so that the answer can say how far it came. */
const everybodyTimeoutMs = 4_000;

/**
 * Deletes the keys of the app first: without them no cookie and no row is worth anything, in this instance at once and in the
 * others within minutes. The rows go after that, so that sessions end in the other instances at once too.
 */
async function endEverybody(context: SessionContext): Promise<HttpResponseInit> {
  const { services, user, now, signal } = context;
  const action = { why: 'end everybody', by: user.userKey, of: 'everybody' } as const;
  const { count, fault } = await audited(context, action, async () => {
    await services.keyRing.discard(signal);
    return withTimeout(signal, everybodyTimeoutMs, (part) =>
      services.sessions.endEverybody(now, part),
    );
  });
  const isFinished = fault === undefined;
  context.visitor.user = undefined;
  context.cookies.push(
    clearSessionCookie(services.settings),
    ...clearSignInCookies(context.requestCookies, services.settings),
  );
  if (!context.prefersHtml) return json({ ended: count, finished: isFinished });
  return htmlPage(context, <EverybodyEndedPage {...{ count, isFinished }} />);
}

function endTarget(context: SessionContext, { userKey, sessionKey }: UserTarget): Promise<number> {
  const { services, user, signal } = context;
  const users = { by: user.userKey, of: userKey };
  if (sessionKey === undefined) {
    return audited(context, { ...users, why: 'end all sessions of user' }, () =>
      services.sessions.endAllOf({ userKey }, signal),
    );
  }
  return audited(context, { ...users, why: 'end session', session: sessionKey }, async () =>
    Number(await services.sessions.endNamed({ userKey, sessionKey }, signal)),
  );
}

/** The guard of all functions of the console. */
const forAdmins = (handler: SessionHandler): Handler =>
  withRole((settings) => settings.adminRole, handler);

export const adminFunctions: readonly HttpFunction[] = [
  { name: 'admin', route: 'admin', get: forAdmins(admin) },
  { name: 'admin-end', route: 'admin/end', get: forAdmins(confirmEnd), post: forAdmins(end) },
];
