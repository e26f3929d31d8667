import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { SignedInContext } from '../handler';
import { auth } from '../auth';
import { AppError } from '../errors';

const scopes = ['User.Read', 'GroupMember.Read.All'];

/** GET groups: the groups of the signed-in user, read from Graph as that user. */
export async function groups(
  _request: HttpRequest,
  { user, callApi }: SignedInContext,
): Promise<HttpResponseInit> {
  const answer = await callApi('graph', '/me/memberOf?$select=displayName', { scopes });
  if (!answer.ok) {
    throw new AppError('ERR_API_REFUSED', { note: `Graph answered ${answer.status}` });
  }
  const memberOf: unknown = await answer.json();
  return { jsonBody: { user: user.name, memberOf } };
}

app.http('groups', {
  methods: ['GET', 'HEAD'],
  route: 'groups',
  authLevel: 'anonymous', // Anteroom decides who may call it, not function keys
  handler: auth.withRole('admin', groups),
});
