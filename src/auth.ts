import { compose } from './anteroom';
import { createHomeFunction } from './functions/home';

/** Sign-in for this app, with the guards for your own functions: `auth.signedIn`, `auth.withRole`, `auth.sameOrigin`. */
export const auth = compose({ namePrefix: '', healthRoute: 'health', notFoundPage: true }, [
  createHomeFunction(),
]);
