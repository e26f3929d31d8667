import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import type { SignedInExchange } from '../guards/signed-in';
import { withRole } from '../guards/with-role';
import { endpoint } from '../http/endpoint';
import { htmlPage, json } from '../http/responses';
import { ConsolePage } from '../pages/console-page';

const pageSize = 100;

/** GET auth/admin: the first live sessions, for holders of the app role. */
export async function admin(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { services, user, now, signal } = exchange;
  const { sessions, continuation } = await services.sessions.listLive({
    now,
    limit: pageSize,
    signal,
  });
  const hasMore = continuation !== undefined;
  if (exchange.prefersHtml) {
    return htmlPage(<ConsolePage user={user} sessions={sessions} hasMore={hasMore} now={now} />);
  }
  return json({
    sessions: sessions.map((session) => ({
      name: session.name,
      username: session.username,
      device: session.device,
      created_at: session.createdAt,
      idle_expires_at: session.idleExpiresAt,
      expires_at: session.expiresAt,
    })),
    has_more: hasMore,
  });
}

app.http('admin', {
  methods: ['GET'],
  route: 'auth/admin',
  authLevel: 'anonymous',
  handler: endpoint(withRole((settings) => settings.adminRole, admin)),
});
