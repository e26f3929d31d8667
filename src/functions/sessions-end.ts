import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { audited } from '../guards/audited';
import { leaveEndedNotice } from '../guards/ended-notice';
import { parseNamedKey } from '../guards/named-key';
import { signOut } from '../guards/sign-out';
import { notDone } from '../guards/sign-out-notice';
import type { SignedInExchange } from '../guards/signed-in';
import { signedIn } from '../guards/signed-in';
import { answerSignOut } from '../http/answer-sign-out';
import { isTrue, readForm } from '../http/read-form';
import { json, redirectTo } from '../http/responses';
import { serve } from '../http/serve';
import { sessionKeyOf } from '../sessions/session-key';

/**
 * POST auth/sessions/end: ends one of the user's own sessions (`session`), or all but this one (`others=true`). Only the
 * user's own partition is ever looked at, so another user's session is as unknown as a made-up one.
 * @throws ERR_BAD_REQUEST, ERR_SESSION_GONE when there is no such session of theirs any more
 */
export async function endOwnSessions(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const form = await readForm(exchange.request);
  const others = isTrue(form, 'others');
  if (others === form.has('session')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'either session or others=true' });
  }
  if (others) return endOthers(exchange);
  const sessionKey = parseNamedKey(form.get('session'), 'session');
  if (sessionKey !== sessionKeyOf(exchange.ticket.sessionId)) return endOne(exchange, sessionKey);
  const { url, notice } = await signOut(exchange, {});
  return answerSignOut(exchange, { url, notDone: notDone(notice), until: notice.until });
}

async function endOne(exchange: SignedInExchange, sessionKey: string): Promise<HttpResponseInit> {
  const { services, user, signal } = exchange;
  const { userKey } = user;
  const action = {
    event: 'end own session',
    by: userKey,
    of: userKey,
    session: sessionKey,
  } as const;
  const count = await audited(exchange, action, async () =>
    Number(await services.sessions.endNamed({ userKey, sessionKey }, signal)),
  );
  if (count === 0) throw new AppError('ERR_SESSION_GONE', { note: 'no such session of the user' });
  return answerEnded(exchange, count);
}

async function endOthers(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { services, user, ticket, signal } = exchange;
  const { userKey } = user;
  const current = sessionKeyOf(ticket.sessionId);
  const action = { event: 'end own other sessions', by: userKey, of: userKey } as const;
  const count = await audited(exchange, action, () =>
    services.sessions.endAllOf(userKey, signal, current),
  );
  return answerEnded(exchange, count);
}

function answerEnded(exchange: SignedInExchange, count: number): HttpResponseInit {
  if (!exchange.prefersHtml) return json({ ended: count });
  leaveEndedNotice(exchange, count);
  return redirectTo(`${exchange.services.settings.baseUrl}/auth/sessions`, 303);
}

serve('sessions-end', { route: 'auth/sessions/end', post: signedIn(endOwnSessions) });
