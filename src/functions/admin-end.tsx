import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { audited } from '../guards/audited';
import { leaveEndedNotice } from '../guards/ended-notice';
import { parseNamedKey } from '../guards/named-key';
import { signOut } from '../guards/sign-out';
import { notDone } from '../guards/sign-out-notice';
import type { SignedInExchange, SignedInHandler } from '../guards/signed-in';
import { withRole } from '../guards/with-role';
import { answerSignOut } from '../http/answer-sign-out';
import type { Handler } from '../http/exchange';
import { readForm } from '../http/read-form';
import { readQuery } from '../http/read-query';
import { htmlPage, json, redirectTo } from '../http/responses';
import { serve } from '../http/serve';
import { ConfirmEndPage } from '../pages/confirm-end-page';
import type { SessionSummary } from '../sessions/list-sessions';
import { sessionKeyOf } from '../sessions/session-key';

/** Sessions a confirmation shows; what is ended is all of them. */
const mostShown = 10;

/** What a holder of the role wants to end: one session, or all of a user's. */
interface Target {
  readonly userKey: string;
  readonly sessionKey: string | undefined;
}

function parseTarget(user: string | undefined, session: string | undefined): Target {
  return {
    userKey: parseNamedKey(user, 'user'),
    sessionKey: session === undefined ? undefined : parseNamedKey(session, 'session'),
  };
}

/** GET auth/admin/end: asks once more, showing whom and what it would end. Changes nothing. */
export async function confirmEnd(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { query, user, ticket, now } = exchange;
  const target = parseTarget(readQuery(query, 'user', 43), readQuery(query, 'session', 43));
  const { sessions, hasMore } = await sessionsOf(exchange, target);
  if (sessions.length === 0) throw new AppError('ERR_SESSION_GONE', { note: 'nothing to end' });
  const { sessionKey, userKey } = target;
  const current = sessionKeyOf(ticket.sessionId);
  const isOwn = sessionKey === undefined ? userKey === user.userKey : sessionKey === current;
  return exchange.prefersHtml
    ? htmlPage(<ConfirmEndPage {...{ user, sessions, hasMore, sessionKey, isOwn, now }} />)
    : json({ sessions: sessions.map((session) => session.sessionKey), has_more: hasMore });
}

async function sessionsOf(
  { services, now, signal }: SignedInExchange,
  { userKey, sessionKey }: Target,
): Promise<{ readonly sessions: readonly SessionSummary[]; readonly hasMore: boolean }> {
  if (sessionKey !== undefined) {
    const found = await services.sessions.findNamed({ userKey, sessionKey }, now, signal);
    return { sessions: found === undefined ? [] : [found], hasMore: false };
  }
  const page = await services.sessions.listLive({ userKey, now, limit: mostShown, signal });
  return { sessions: page.sessions, hasMore: page.continuation !== undefined };
}

/**
 * POST auth/admin/end: ends the session `session` of the user `user`, or all of that user's when no session is named.
 * Ending one's own works as signing out.
 * @throws ERR_BAD_REQUEST, ERR_SESSION_GONE when there is no such session any more
 */
export async function end(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { user, ticket } = exchange;
  const form = await readForm(exchange.request);
  const target = parseTarget(form.get('user'), form.get('session'));
  if (target.userKey === user.userKey) {
    const everywhere = target.sessionKey === undefined;
    if (everywhere || target.sessionKey === sessionKeyOf(ticket.sessionId)) {
      const { url, notice } = await signOut(exchange, { everywhere });
      return answerSignOut(exchange, { url, notDone: notDone(notice), until: notice.until });
    }
  }
  const count = await endTarget(exchange, target);
  if (count === 0) throw new AppError('ERR_SESSION_GONE', { note: 'nothing to end' });
  if (!exchange.prefersHtml) return json({ ended: count });
  leaveEndedNotice(exchange, count);
  return redirectTo(`${exchange.services.settings.baseUrl}/auth/admin`, 303);
}

function endTarget(exchange: SignedInExchange, { userKey, sessionKey }: Target): Promise<number> {
  const { services, user, signal } = exchange;
  const whom = { by: user.userKey, of: userKey };
  if (sessionKey === undefined) {
    return audited(exchange, { ...whom, event: 'end all sessions of user' }, () =>
      services.sessions.endAllOf(userKey, signal),
    );
  }
  return audited(exchange, { ...whom, event: 'end session', session: sessionKey }, async () =>
    Number(await services.sessions.endNamed({ userKey, sessionKey }, signal)),
  );
}

const forAdmins = (handler: SignedInHandler): Handler =>
  withRole((settings) => settings.adminRole, handler);

serve('admin-end', {
  route: 'auth/admin/end',
  get: forAdmins(confirmEnd),
  post: forAdmins(end),
});
