import type { HttpResponseInit } from '@azure/functions';
import { clearSessionCookie, clearSignInCookies } from '../cookies';
import { AppError } from '../errors';
import type { Handler } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { readForm, readQuery } from '../http/request';
import { htmlPage, json, redirectTo } from '../http/responses';
import {
  ConfirmEndPage,
  ConfirmEverybodyPage,
  ConsolePage,
  EverybodyEndedPage,
} from '../pages/console-page';
import type { SearchedPage, SessionSummary } from '../sessions/find-sessions';
import { lastUsedAbout, sessionKeyOf } from '../sessions/session';
import { audited, leaveEndedNotice, parseNamedKey, takeEndedNotice } from '../sign-in/ending';
import { type SessionContext, type SessionHandler, withRole } from '../sign-in/guards';
import { answerSignOut, notDone, signOut } from '../sign-in/sign-out';
import { requireStepUp } from '../sign-in/step-up';
import { withTimeout } from '../waiting';

const pageSize = 100;

/** A list ends after this time with what it has found, and the page offers to continue. It leaves time for the answer. */
const listMs = 5_000;

/**
 * GET auth/admin: the live sessions, in pages of 100, for people with the app role. `search` finds people by name, user
 * name, or the user key that the log shows. `from` continues where a page ended.
 */
async function admin(context: SessionContext): Promise<HttpResponseInit> {
  const { user, query, now } = context;
  const search = readQuery(query, 'search', 100)?.trim() ?? '';
  const from = readQuery(query, 'from', 2048);
  const page = await findSessions(context, search, from);
  const next = page.continuation && pathOf(context, { search, from: page.continuation });
  // The text of a search may be a name, so it is not told.
  const what = search === '' ? 'all sessions' : 'a search';
  const seen = { by: user.userKey, what, count: page.sessions.length };
  context.tell({ event: 'console viewed', outcome: 'done', ...seen });
  if (!context.prefersHtml) return listAsJson(context, page, next);
  const { idleSeconds, allowedTenants } = context.services.settings;
  const showsTenant = allowedTenants !== undefined;
  const ended = takeEndedNotice(context);
  const isFirst = from === undefined;
  return htmlPage(
    context,
    <ConsolePage
      {...{ user, page, search, isFirst, next, ended, showsTenant, idleSeconds, now }}
    />,
  );
}

async function findSessions(
  { services, now, signal }: SessionContext,
  search: string,
  continuation: string | undefined,
): Promise<SearchedPage> {
  return withTimeout(signal, listMs, async (stopSignal) => {
    const options = { now, limit: pageSize, continuation, signal, stopSignal };
    if (search !== '') return services.sessions.search({ ...options, text: search });
    const page = await services.sessions.listLive(options);
    return { ...page, searched: page.sessions.length };
  });
}

function pathOf(
  { services }: SessionContext,
  { search, from }: { readonly search: string; readonly from: string },
): string {
  const query = new URLSearchParams({ ...(search !== '' && { search }), from });
  return `${services.site.authPath}/admin?${query.toString()}`;
}

function listAsJson(
  { services }: SessionContext,
  { sessions, searched }: SearchedPage,
  next: string | undefined,
): HttpResponseInit {
  const { idleSeconds } = services.settings;
  return json({
    sessions: sessions.map((session) => ({
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
    next: next ?? null,
  });
}

/** The most sessions that the confirmation shows. All of them end. */
const maxShown = 10;

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
  if (target === 'everybody') return confirmEverybody(context);
  const { sessions, hasMore } = await sessionsOf(context, target);
  if (sessions.length === 0) throw new AppError('ERR_SESSION_GONE', { note: 'nothing to end' });
  const { sessionKey, userKey } = target;
  if (userKey !== user.userKey) requireRecentSignIn(context);
  const seen = { by: user.userKey, of: userKey, what: 'sessions of a person' };
  context.tell({ event: 'console viewed', outcome: 'done', ...seen, count: sessions.length });
  const current = sessionKeyOf(ticket.sessionId);
  const isOwn = sessionKey === undefined ? userKey === user.userKey : sessionKey === current;
  return context.prefersHtml
    ? htmlPage(context, <ConfirmEndPage {...{ user, sessions, hasMore, sessionKey, isOwn, now }} />)
    : json({ sessions: sessions.map((session) => session.sessionKey), has_more: hasMore });
}

function confirmEverybody(context: SessionContext): HttpResponseInit {
  requireRecentSignIn(context);
  return context.prefersHtml
    ? htmlPage(context, <ConfirmEverybodyPage user={context.user} />)
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
  const page = await services.sessions.listLive({ userKey, now, limit: maxShown, signal });
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
  if (target !== 'everybody' && target.userKey === user.userKey) {
    const everywhere = target.sessionKey === undefined;
    if (everywhere || target.sessionKey === sessionKeyOf(ticket.sessionId)) {
      const { url, notice } = await signOut(context, { everywhere });
      return answerSignOut(context, { url, notDone: notDone(notice), until: notice.until });
    }
  } else {
    context.visitor.returnPath = confirmPath(context, target);
    requireRecentSignIn(context);
  }
  if (target === 'everybody') return endEverybody(context);
  const count = await endTarget(context, target);
  if (count === 0) throw new AppError('ERR_SESSION_GONE', { note: 'nothing to end' });
  if (!context.prefersHtml) return json({ ended: count });
  leaveEndedNotice(context, count);
  const { settings, site } = context.services;
  return redirectTo(`${settings.baseUrl}${site.authPath}/admin`, 303);
}

function confirmPath({ services }: SessionContext, target: Target): string {
  const query =
    target === 'everybody'
      ? { everybody: 'true' }
      : { user: target.userKey, ...(target.sessionKey && { session: target.sessionKey }) };
  return `${services.site.authPath}/admin/end?${new URLSearchParams(query).toString()}`;
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

const forAdmins = (handler: SessionHandler): Handler =>
  withRole((settings) => settings.adminRole, handler);

export const adminFunctions: readonly HttpFunction[] = [
  { name: 'admin', route: 'admin', get: forAdmins(admin) },
  { name: 'admin-end', route: 'admin/end', get: forAdmins(confirmEnd), post: forAdmins(end) },
];
