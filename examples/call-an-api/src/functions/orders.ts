import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { AppError, type SignedInContext } from 'anteroom';
import { auth } from './auth.js';

// As the signed-in user. What the API answers goes on to the browser.
app.http('latest', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: auth.signedIn((_request, { callApi }) => callApi('orders', '/latest')),
});

/** POST reorder: the same thing once more, as the signed-in user. */
async function reorder(
  request: HttpRequest,
  { callApi }: SignedInContext,
): Promise<HttpResponseInit> {
  const answer = await callApi('orders', '/orders', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: await request.text(),
  });
  if (answer.status === 403) return { status: 403, jsonBody: { may: 'not order' } };
  if (!answer.ok) {
    throw new AppError('ERR_API_REFUSED', { api: 'orders', note: `status ${answer.status}` });
  }
  return { status: 201, jsonBody: await answer.json() };
}

app.http('reorder', {
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: auth.signedIn(reorder),
});

// As the app itself, by its application permission. The guard decides who may see what the app may see.
app.http('all-orders', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: auth.withRole('admin', (_request, { callApi }) =>
    callApi('orders', '/orders', { asApp: true }),
  ),
});

/** What most SDKs take to get tokens: `TokenCredential` of the Azure SDKs has this shape. */
interface Credential {
  getToken(): Promise<{ token: string; expiresOnTimestamp: number }>;
}

/** Stands for the SDK of an API. */
async function countOrders(address: string, credential: Credential): Promise<number> {
  const { token } = await credential.getToken();
  const answer = await fetch(`${address}/orders`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const { value } = (await answer.json()) as { value: unknown[] };
  return value.length;
}

// With a client library that wants tokens.
app.http('count', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: auth.signedIn(async (_request, { accessToken }) => {
    const credential: Credential = {
      // The token lives for five minutes at least. Ask again in each request, and keep it nowhere.
      getToken: async () => ({
        token: await accessToken('orders'),
        expiresOnTimestamp: Date.now() + 300_000,
      }),
    };
    return { jsonBody: { count: await countOrders(process.env['ORDERS_URL'] ?? '', credential) } };
  }),
});
