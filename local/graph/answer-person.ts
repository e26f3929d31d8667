import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SeededUser } from '../entra/seeded-user';
import { respond, respondJson } from '../loopback/respond';
import type { GraphError } from './graph-error';
import { problemOf } from './graph-faults';
import { graphMembershipsOf } from './graph-memberships';
import { graphProfileOf } from './graph-profile';
import { readSelection } from './select-properties';

/** Whose request it is, and what the token allows. */
interface Asker {
  readonly user: SeededUser | undefined;
  readonly scopes: readonly string[];
  readonly photo: Buffer;
}

const photoMissing: GraphError = {
  status: 404,
  code: 'ImageNotFound',
  message: "Exception of type 'ImageNotFoundException' was thrown.",
};

/** Answers about the person; an error when there is nothing to answer with. */
export function answerPerson(
  { user, scopes, photo }: Asker,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  if (request.method !== 'GET') return badRequest('Only GET is known here.', 405);
  if (user === undefined) return problemOf('not-found');
  switch (url.pathname) {
    case '/v1.0/me':
      return answerProfile(user, response, url);
    case '/v1.0/me/memberOf':
      return answerMemberships(user, scopes, response, url);
    case '/v1.0/me/photo/$value':
      if (user.hasPhoto !== true) return photoMissing;
      respond(response, 200, photo, { 'Content-Type': 'image/png', ETag: '"stand-in-photo"' });
      return undefined;
    default:
      return badRequest(`Resource not found for the segment '${url.pathname}'.`, 404);
  }
}

/** What the control `no-photo` answers where a photo is asked for. */
export function photoFault(url: URL): GraphError | undefined {
  return url.pathname === '/v1.0/me/photo/$value' ? photoMissing : undefined;
}

function answerProfile(
  user: SeededUser,
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  const profile = graphProfileOf(user);
  const selection = readSelection(url, Object.keys(profile), 'microsoft.graph.user');
  if ('code' in selection) return selection;
  respondJson(response, 200, {
    '@odata.context': `${url.origin}/v1.0/$metadata#users${selection.suffix}/$entity`,
    ...selection.of(profile),
  });
  return undefined;
}

function answerMemberships(
  user: SeededUser,
  scopes: readonly string[],
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  const memberships = graphMembershipsOf(user, scopes);
  const [first] = memberships;
  const known = first === undefined ? undefined : Object.keys(first);
  const selection = readSelection(url, known, 'microsoft.graph.directoryObject');
  if ('code' in selection) return selection;
  respondJson(response, 200, {
    '@odata.context': `${url.origin}/v1.0/$metadata#directoryObjects${selection.suffix}`,
    value: memberships.map((membership) => selection.of(membership)),
  });
  return undefined;
}

function badRequest(message: string, status: number): GraphError {
  return { status, code: 'BadRequest', message };
}
