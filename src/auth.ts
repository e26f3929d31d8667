import { compose } from './anteroom';
import { homeFunction } from './functions/home';

/** Sign-in for this app, and the guards for functions of your own: `auth.signedIn`, `auth.withRole`. */
export const auth = compose({ namePrefix: '', healthRoute: 'health' }, [homeFunction]);
