import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import { endpoint } from '../http/endpoint';
import type { Exchange } from '../http/exchange';
import { htmlPage } from '../http/responses';
import { MessagePage } from '../pages/message-page';

/** GET auth/signed-out: says what happened; where the provider sends people after its own sign-out. */
export function signedOut({ query }: Exchange): HttpResponseInit {
  return htmlPage(
    <MessagePage
      title="You are signed out"
      links={[
        { href: '/auth/login?return_to=%2F', text: 'Sign in again' },
        { href: '/', text: 'Home' },
      ]}
    >
      <p>{whatHappened(query.get('scope'))}</p>
    </MessagePage>,
  );
}

function whatHappened(scope: string | null): string {
  switch (scope) {
    case 'app':
      return 'You are signed out of this app. At Microsoft you are still signed in, so signing in again may ask for nothing. On a shared computer, sign out there too.';
    case 'unreached':
      return 'You are signed out of this app, but Microsoft could not be reached to sign you out there too. On a shared computer, close all browser windows.';
    case null:
    default:
      return 'Your session in this app has ended, and its tokens are deleted. On a shared computer, close all browser windows as well.';
  }
}

app.http('signed-out', {
  methods: ['GET'],
  route: 'auth/signed-out',
  authLevel: 'anonymous',
  handler: endpoint(signedOut),
});
