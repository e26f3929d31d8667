import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { HttpFunction } from '../http/endpoint';
import { isTrue, readForm, readQuery } from '../http/request';
import { htmlPage, json, redirectTo } from '../http/responses';
import { ConfirmOwnEndPage, type OwnEnding } from '../pages/ending-pages';
import { SessionsPage } from '../pages/own-pages';
import type { SessionSummary } from '../sessions/find-sessions';
import { lastUsedAbout, sessionKeyOf } from '../sessions/session';
import { audited, leaveEndedNotice, parseNamedKey, takeEndedNotice } from '../sign-in/ending';
import { type SessionContext, signedIn } from '../sign-in/guards';
import { answerSignOut, notDone, signOut } from '../sign-in/sign-out';

const pageSize = 100;

/** GET auth/sessions: the user's own live sessions, in pages of 100. The current one comes first, then the newest. */
async function sessions(context: SessionContext): Promise<HttpResponseInit> {
  const { services, user, ticket, query, now, signal } = context;
  const { idleSeconds } = services.settings;
  const continuation = readQuery(query, 'from', 2048);
  const options = { userKey: user.userKey, now, limit: pageSize, continuation, signal };
  const page = await services.sessions.listLive(options);
  const current = sessionKeyOf(ticket.sessionId);
  const own = page.sessions
    .map((session) => ({ ...session, isCurrent: session.sessionKey === current }))
    .sort((one, other) =>
      one.isCurrent === other.isCurrent
        ? other.createdAt - one.createdAt
        : Number(other.isCurrent) - Number(one.isCurrent),
    );
  const next =
    page.continuation &&
    `${services.site.authPath}/sessions?from=${encodeURIComponent(page.continuation)}`;
  if (context.prefersHtml) {
    const ended = takeEndedNotice(context);
    return htmlPage(
      context,
      <SessionsPage
        user={user}
        sessions={own}
        idleSeconds={idleSeconds}
        next={next}
        ended={ended}
        now={now}
      />,
    );
  }
  return json({
    sessions: own.map((session) => ({
      session: session.sessionKey,
      device: session.device,
      is_current: session.isCurrent,
      created_at: session.createdAt,
      last_used_at: session.isCurrent ? now : lastUsedAbout(session, idleSeconds),
      last_used_within: session.isCurrent ? 0 : Math.ceil(idleSeconds / 2),
      idle_expires_at: session.idleExpiresAt,
      expires_at: session.expiresAt,
    })),
    next: next ?? null,
  });
}

/** How many sessions a confirmation counts at most. All of them end. */
const maxCounted = 1_000;

/**
 * GET auth/sessions/end: shows the sessions that would end with `others=true` or `everywhere=true`, and asks for a
 * confirmation. It changes nothing.
 * @throws ERR_BAD_REQUEST
 */
async function confirmOwnEnd(context: SessionContext): Promise<HttpResponseInit> {
  const { services, user, ticket, query, now, signal } = context;
  const ending = parseEnding(query);
  const options = { userKey: user.userKey, now, limit: maxCounted, signal };
  const page = await services.sessions.listLive(options);
  const current = sessionKeyOf(ticket.sessionId);
  const ends = ({ sessionKey }: SessionSummary): boolean =>
    ending === 'everywhere' || sessionKey !== current;
  const sessions = page.sessions.filter(ends).sort((one, other) => other.createdAt - one.createdAt);
  const hasMore = page.continuation !== undefined;
  if (!context.prefersHtml) {
    return json({ sessions: sessions.map(({ sessionKey }) => sessionKey), has_more: hasMore });
  }
  // The others have ended meanwhile.
  if (sessions.length === 0) return answerEnded(context, 0);
  return htmlPage(context, <ConfirmOwnEndPage {...{ user, ending, sessions, hasMore, now }} />);
}

function parseEnding(query: URLSearchParams): OwnEnding {
  const wanted = new Map(
    (['others', 'everywhere'] as const).map((name) => [name, readQuery(query, name, 5) ?? 'false']),
  );
  const [others, everywhere] = [isTrue(wanted, 'others'), isTrue(wanted, 'everywhere')];
  if (others === everywhere) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'either others=true or everywhere=true' });
  }
  return others ? 'others' : 'everywhere';
}

/**
 * POST auth/sessions/end: ends one of the user's own sessions (`session`), or all except this one (`others=true`). It reads
 * only the user's own partition, so it cannot find the session of another user.
 * @throws ERR_BAD_REQUEST, ERR_SESSION_GONE when the user has no such live session
 */
async function endOwnSessions(context: SessionContext): Promise<HttpResponseInit> {
  const form = await readForm(context.request);
  const others = isTrue(form, 'others');
  if (others === form.has('session')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'either session or others=true' });
  }
  if (others) return endOthers(context);
  const sessionKey = parseNamedKey(form.get('session'), 'session');
  if (sessionKey !== sessionKeyOf(context.ticket.sessionId)) return endOne(context, sessionKey);
  const { url, notice } = await signOut(context, {});
  return answerSignOut(context, { url, notDone: notDone(notice), until: notice.until });
}

async function endOne(context: SessionContext, sessionKey: string): Promise<HttpResponseInit> {
  const { services, user, signal } = context;
  const { userKey } = user;
  const action = {
    why: 'end own session',
    by: userKey,
    of: userKey,
    session: sessionKey,
  } as const;
  const count = await audited(context, action, async () =>
    Number(await services.sessions.endNamed({ userKey, sessionKey }, signal)),
  );
  if (count === 0) throw new AppError('ERR_SESSION_GONE', { note: 'no such session of the user' });
  return answerEnded(context, count);
}

async function endOthers(context: SessionContext): Promise<HttpResponseInit> {
  const { services, user, ticket, signal } = context;
  const { userKey } = user;
  const current = sessionKeyOf(ticket.sessionId);
  const action = { why: 'end own other sessions', by: userKey, of: userKey } as const;
  const count = await audited(context, action, () =>
    services.sessions.endAllOf({ userKey, exceptSessionKey: current }, signal),
  );
  return answerEnded(context, count);
}

function answerEnded(context: SessionContext, count: number): HttpResponseInit {
  if (!context.prefersHtml) return json({ ended: count });
  leaveEndedNotice(context, { count });
  const { settings, site } = context.services;
  return redirectTo(`${settings.baseUrl}${site.authPath}/sessions`, 303);
}

export const sessionsFunctions: readonly HttpFunction[] = [
  { name: 'sessions', route: 'sessions', get: signedIn(sessions) },
  {
    name: 'sessions-end',
    route: 'sessions/end',
    get: signedIn(confirmOwnEnd),
    post: signedIn(endOwnSessions),
  },
];
