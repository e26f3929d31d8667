import type { HttpResponseInit } from '@azure/functions';
import type { HttpFunction } from '../http/endpoint';
import type { RequestContext } from '../http/context';
import { json } from '../http/responses';
import { signedIn, type SessionContext } from '../sign-in/guards';

/** GET auth/session: who is signed in and for how long, for a front end. `slide=false` never extends the session. */
function session({ user, session, now, services }: SessionContext): HttpResponseInit {
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
    logout_path: `${services.site.authPath}/logout`,
  });
}

/** Only here: everywhere else the query belongs to the team. */
const slides = ({ query }: RequestContext) => query.get('slide') !== 'false';

export const sessionFunction: HttpFunction = {
  name: 'session',
  route: 'session',
  get: signedIn(session, { slides }),
};
