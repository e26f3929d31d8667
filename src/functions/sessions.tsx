import type { HttpResponseInit } from '@azure/functions';
import { takeEndedNotice } from '../guards/ended-notice';
import type { SignedInExchange } from '../guards/signed-in';
import { signedIn } from '../guards/signed-in';
import { readQuery } from '../http/read-query';
import { htmlPage, json } from '../http/responses';
import { serve } from '../http/serve';
import { SessionsPage } from '../pages/sessions-page';
import { lastUsedAbout } from '../sessions/last-used';
import { sessionKeyOf } from '../sessions/session-key';

const pageSize = 100;

/** GET auth/sessions: the user's own live sessions, this one marked and first, the others from the newest on. */
export async function sessions(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { services, user, ticket, query, now, signal } = exchange;
  const { idleSeconds } = services.settings;
  const page = await services.sessions.listLive({
    userKey: user.userKey,
    now,
    limit: pageSize,
    continuation: readQuery(query, 'from', 2048),
    signal,
  });
  const current = sessionKeyOf(ticket.sessionId);
  const own = page.sessions
    .map((session) => ({ ...session, isCurrent: session.sessionKey === current }))
    .sort((one, other) =>
      one.isCurrent === other.isCurrent
        ? other.createdAt - one.createdAt
        : Number(other.isCurrent) - Number(one.isCurrent),
    );
  const { continuation } = page;
  const next = continuation && `/auth/sessions?from=${encodeURIComponent(continuation)}`;
  if (exchange.prefersHtml) {
    const ended = takeEndedNotice(exchange);
    return htmlPage(
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

serve('sessions', { route: 'auth/sessions', get: signedIn(sessions) });
