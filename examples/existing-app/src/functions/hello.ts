import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import { auth } from './auth.js';

/** GET hello: greets whoever is named in the query. */
export function hello(request: HttpRequest, context: InvocationContext): HttpResponseInit {
  context.log('hello');
  return { jsonBody: { hello: request.query.get('name') ?? 'you' } };
}

app.http('hello', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: auth.signedIn(hello),
});
