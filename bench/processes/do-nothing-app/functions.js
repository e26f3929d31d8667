// Control: what the local Functions host and @azure/functions cost a request by themselves.
const { app } = require('@azure/functions');

app.http('nothing', {
  methods: ['GET'],
  route: 'auth/session',
  authLevel: 'anonymous',
  handler: () => ({ jsonBody: { ok: true } }),
});
