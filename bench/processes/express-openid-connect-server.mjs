// Control: express-openid-connect as its README sets it up, for a web app that keeps a refresh token.
// With STORE=table its sessions are in the same table as ours, else in its encrypted cookie.
import express from 'express';
import openIdConnect from 'express-openid-connect';
import { createTableStore } from './table-store.mjs';

const { APP_BASE_URL, ENTRA_AUTHORITY, ENTRA_CLIENT_ID, ENTRA_CLIENT_SECRET } = process.env;
const { COOKIE_SECRET, STORE, TABLES_CONNECTION_STRING, TABLES_NAME, GRAPH_BASE_URL } = process.env;
const { auth, requiresAuth } = openIdConnect;

const store =
  STORE === 'table' ? createTableStore(TABLES_CONNECTION_STRING, TABLES_NAME) : undefined;

const app = express();
app.use(
  auth({
    issuerBaseURL: ENTRA_AUTHORITY,
    baseURL: APP_BASE_URL,
    clientID: ENTRA_CLIENT_ID,
    clientSecret: ENTRA_CLIENT_SECRET,
    secret: COOKIE_SECRET,
    authRequired: false,
    // A script gets 401, as from Anteroom.
    errorOnRequiredAuth: true,
    authorizationParams: {
      response_type: 'code',
      response_mode: 'query',
      // What Anteroom asks for, too.
      scope: 'openid profile offline_access User.Read',
    },
    ...(store && { session: { store } }),
  }),
);
app.get('/', (_request, response) => {
  response.send('<!doctype html><title>Home</title><p>Home</p>');
});
// What Anteroom's /auth/session tells.
app.get('/auth/session', requiresAuth(), (request, response) => {
  const { name, preferred_username: username, oid, tid, sub, roles } = request.oidc.user;
  response.json({
    user: { name, username, oid, tid, sub },
    roles,
    expires_in: request.oidc.accessToken.expires_in,
  });
});

// What Anteroom's /auth/me tells.
app.get('/auth/me', requiresAuth(), async (request, response) => {
  const { token_type: type, access_token: token } = request.oidc.accessToken;
  const answer = await fetch(`${GRAPH_BASE_URL}/me`, {
    headers: { Authorization: `${type} ${token}` },
  });
  response.status(answer.status).json(await answer.json());
});
app.use((error, _request, response, _next) => {
  const { status = 500, message } = error;
  response.status(status).json({ status, title: message });
});

const server = app.listen(Number(new URL(APP_BASE_URL).port), 'localhost', () => {
  process.send({ type: 'ready', url: APP_BASE_URL });
});
server.keepAliveTimeout = 130_000;
process.once('disconnect', () => process.exit());
