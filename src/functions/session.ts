import type { HttpResponseInit } from '@azure/functions';
import { serve } from '../http/endpoint';
import type { RequestContext } from '../http/request';
import { json } from '../http/responses';
import { signedIn, type SignedInContext } from '../sign-in/guards';

/** GET auth/session: who is signed in and for how long, for a front end. `slide=false` never extends the session. */
export function session({ user, session, now }: SignedInContext): HttpResponseInit {
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

/** Only here: everywhere else the query belongs to the team. */
const slides = ({ query }: RequestContext) => query.get('slide') !== 'false';

serve('session', { route: 'auth/session', get: signedIn(session, { slides }) });
