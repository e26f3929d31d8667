import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { SignedInContext } from '../handler';
import { auth } from '../auth';

/** GET payout and GET payout/recent: for whom it is, and what the sign-in has shown. */
function payout(_request: HttpRequest, { user, session }: SignedInContext): HttpResponseInit {
  return { jsonBody: { user: user.name, acrs: session.acrs, auth_time: session.authTime } };
}

// The person has met the Conditional Access policy of the authentication context c1.
app.http('payout', {
  methods: ['GET', 'HEAD'],
  route: 'payout',
  authLevel: 'anonymous',
  handler: auth.withRole('admin', payout, { stepUp: { acrs: 'c1' } }),
});

// The person was asked for credentials in the last five minutes.
app.http('payout-recent', {
  methods: ['GET', 'HEAD'],
  route: 'payout/recent',
  authLevel: 'anonymous',
  handler: auth.withStepUp({ maxAge: 300 }, payout),
});
