import type { HttpResponseInit } from '@azure/functions';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { json } from '../http/responses';
import { type SessionContext, signedIn } from '../sign-in/guards';

/**
 * GET auth/session: who is signed in and for how many seconds, for a front end. `slide=false` does not extend the session.
 * @throws ERR_SIGNED_OUT, ERR_STEP_UP
 */
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

/** Only this function reads it from the query. The query of other functions belongs to the team. */
const slides = ({ query }: RequestContext) => query.get('slide') !== 'false';

export const sessionFunction: HttpFunction = {
  name: 'session',
  route: 'session',
  get: signedIn(session, { slides }),
};
