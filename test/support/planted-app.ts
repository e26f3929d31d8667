import { app } from '@azure/functions';
import { anteroom } from '../../src/index';

// An app that keeps secrets, and is careless with them where only itself is careful: its errors quote them.

app.setup({ enableHttpStream: true });

const { PLANTED_DATA = '', PLANTED_REFUSAL = '', REFUSED = '', UNLUCKY = '' } = process.env;

const auth = anteroom({
  healthRoute: 'health',
  notFoundPage: true,
  apis: {
    orders: {
      baseUrl: process.env['ORDERS_URL'],
      scopes: ['api://orders/Orders.Read', 'api://orders/Orders.Write'],
      proxy: true,
    },
  },
  onSignIn: async ({ user, accessToken }) => {
    if (user.name === REFUSED) return { refuse: PLANTED_REFUSAL };
    if (user.name === UNLUCKY) throw new Error(`failed with ${await accessToken()}`);
    return { roles: ['beta'], data: { planted: PLANTED_DATA } };
  },
  onSignOut: ({ data }) => {
    throw new Error(`cannot let go of ${JSON.stringify(data)}`);
  },
});
auth.register(app);

const authLevel = 'anonymous';
const withNotes = { appRole: 'Notes.Read.All' };

app.http('notes', {
  authLevel,
  handler: auth.withScope('Notes.Read', () => ({ jsonBody: {} }), withNotes),
});
// On behalf of the person of a bearer token.
app.http('author', {
  authLevel,
  handler: auth.withScope('Notes.Read', (_request, { callApi }) => callApi('graph', '/me')),
});
app.http('latest', {
  authLevel,
  handler: auth.signedIn((_request, { callApi }) => callApi('orders', '/latest')),
});
app.http('all-orders', {
  authLevel,
  handler: auth.signedIn((_request, { callApi }) => callApi('orders', '/orders', { asApp: true })),
});
app.http('keep', {
  methods: ['POST'],
  authLevel,
  handler: auth.signedIn(async (_request, { session }) => {
    await session.update((data) => ({ ...data, more: PLANTED_DATA }));
    return { status: 204 };
  }),
});
app.http('broken', {
  authLevel,
  handler: auth.signedIn(async (_request, { accessToken, session }) => {
    const token = await accessToken();
    const cause = Object.assign(new Error(token), { token, code: token });
    throw Object.assign(new Error(`broken by ${JSON.stringify(session.data)}`, { cause }), {
      token,
    });
  }),
});
