// The bundle's entry: every function registers itself as it is loaded.
import './functions/admin';
import './functions/health';
import './functions/home';
import './functions/login';
import './functions/logout';
import './functions/me';
import './functions/me-photo';
import './functions/redirect';
import './functions/session';
import './functions/signed-out';
import './functions/sweep';
