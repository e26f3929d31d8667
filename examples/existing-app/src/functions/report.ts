import { app, type HttpResponseInit } from '@azure/functions';
import { auth } from './auth.js';

/** GET report: numbers that only some people may see. */
export function report(): HttpResponseInit {
  return { jsonBody: { orders: 42 } };
}

app.http('report', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: auth.withRole('admin', report),
});
