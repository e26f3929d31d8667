// The bundle's entry: every function registers itself as it is loaded.
import './functions/admin';
import './functions/client';
import './functions/front-channel-logout';
import './functions/health';
import './functions/home';
import './functions/login';
import './functions/logout';
import './functions/me';
import './functions/redirect';
import './functions/session';
import './functions/sessions';
import './functions/sweep';
