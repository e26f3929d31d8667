import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import { AppError } from '../errors';
import { type SignedInContext, withRole } from '../sign-in/guards';
import { endpoint } from '../http/endpoint';
import { json } from '../http/responses';

const scopes = ['User.Read', 'GroupMember.Read.All'];

/** GET groups: the groups of the signed-in user, read from Graph as that user. */
export async function groups(context: SignedInContext): Promise<HttpResponseInit> {
  const { services, user, accessToken, signal } = context;
  const answer = await services.graph.get(
    { path: '/me/memberOf?$select=displayName', accept: 'application/json', maxBytes: 1_000_000 },
    { accessToken: await accessToken(scopes), scopes },
    signal,
  );
  if (answer === undefined) throw new AppError('ERR_NOT_FOUND');
  const memberOf: unknown = JSON.parse(Buffer.from(answer.body).toString('utf8'));
  return json({ user: user.name, memberOf });
}

app.http('groups', {
  methods: ['GET', 'HEAD'],
  route: 'groups',
  authLevel: 'anonymous', // Anteroom decides who may call it, not function keys
  handler: endpoint(withRole('admin', groups)),
});
