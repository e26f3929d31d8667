import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { auth } from '../auth';
import type { CallerContext } from '../handler';

/** GET notes: for a person in a browser, a person through another app, and an app for itself. */
export function notes(_request: HttpRequest, { user, client }: CallerContext): HttpResponseInit {
  // An app without a person may read the notes of everybody. A person may read their own.
  const notesOf = user === undefined ? 'everybody' : user.name;
  return { jsonBody: { notesOf, through: client?.id ?? 'this app' } };
}

app.http('notes', {
  methods: ['GET'],
  route: 'notes',
  authLevel: 'anonymous', // Anteroom decides who may call it, not function keys
  handler: auth.withScope('Notes.Read', notes, { appRole: 'Notes.Read.All' }),
});

/** GET author: the profile of the person, from Graph: with the token of the session, or on behalf of the bearer token's person. */
app.http('author', {
  methods: ['GET'],
  route: 'author',
  authLevel: 'anonymous',
  handler: auth.withScope('Notes.Read', (_request, { callApi }) => callApi('graph', '/me')),
});
