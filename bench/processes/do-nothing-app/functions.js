// Control: what the local Functions host and @azure/functions cost a request by themselves.
const { app } = require('@azure/functions');

app.http('nothing', {
  methods: ['GET'],
  route: 'auth/session',
  authLevel: 'anonymous',
  handler: () => ({ jsonBody: { ok: true } }),
});

// About as large as the home page of Anteroom, with as many headers, and as there not in ASCII.
const page = {
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${'x'.repeat(88)}'`,
    ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((each) => [`x-header-${each}`, 'same-origin'])),
  },
  body: '<p>It’s a page.</p>\n'.repeat(650),
};
app.http('page', { methods: ['GET'], route: 'page', authLevel: 'anonymous', handler: () => page });
