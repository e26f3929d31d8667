import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import type { SignedInExchange } from '../guards/signed-in';
import { signedIn } from '../guards/signed-in';
import { endpoint } from '../http/endpoint';
import type { Exchange } from '../http/exchange';
import { json } from '../http/responses';

/** GET auth/session: who is signed in and for how long, for a front end. `slide=false` never extends the session. */
export function session({ user, session, now }: SignedInExchange): HttpResponseInit {
  return json({
    user: {
      name: user.name,
      username: user.username,
      oid: user.objectId,
      tid: user.tenantId,
      sub: user.subject,
      iss: user.issuer,
    },
    roles: user.roles,
    expires_in: session.expiresAt - now,
    idle_expires_in: session.idleExpiresAt - now,
    logout_path: '/auth/logout',
  });
}

/** Here alone: anywhere else the query is the team's. */
const slides = ({ query }: Exchange) => query.get('slide') !== 'false';

app.http('session', {
  methods: ['GET'],
  route: 'auth/session',
  authLevel: 'anonymous',
  handler: endpoint(signedIn(session, { slides })),
});
