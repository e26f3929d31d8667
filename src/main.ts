// The bundle's entry: every function registers itself as it is loaded.
import './functions/admin';
import './functions/admin-end';
import './functions/client';
import './functions/front-channel-logout';
import './functions/health';
import './functions/home';
import './functions/login';
import './functions/logout';
import './functions/me';
import './functions/me-photo';
import './functions/redirect';
import './functions/session';
import './functions/sessions';
import './functions/sessions-end';
import './functions/signed-out';
import './functions/sweep';
