import { app } from '@azure/functions';

// Where the functions of Anteroom stand in an app with the usual route prefix.
app.http('auth-login', { route: 'auth/login', handler: () => ({ body: 'sign in' }) });
