import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
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
  readonly photo: Photo;
  /** Of every answer. */
  readonly headers: OutgoingHttpHeaders;
}

/** The photo of those who have one; for those who have none, how Microsoft Graph says so. */
export interface Photo {
  readonly bytes: Buffer;
  /** The next of the codes that were seen: they come in turn. */
  missing(): GraphError;
}

const missingCodes = [
  'ImageNotFound',
  'ErrorEntityNotFound',
  'ErrorItemNotFound',
  'GetUserPhoto',
  'ResourceNotFound',
];

const json = {
  'Content-Type':
    'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
};

export function createPhotoAnswers(bytes: Buffer): Photo {
  let turn = 0;
  return {
    bytes,
    missing() {
      const code = missingCodes[turn % missingCodes.length] ?? '';
      turn += 1;
      return { status: 404, code, message: "The photo wasn't found." };
    },
  };
}

/** Answers about the person; an error when there is nothing to answer with. */
export function answerPerson(
  asker: Asker,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  const { user, photo, headers } = asker;
  if (request.method !== 'GET') return badRequest('Only GET is known here.', 405);
  if (user === undefined) return problemOf('not-found');
  switch (url.pathname) {
    case '/v1.0/me':
      return answerProfile(user, asker, response, url);
    case '/v1.0/me/memberOf':
      return answerMemberships(user, asker, response, url);
    case '/v1.0/me/photo/$value':
      if (user.hasPhoto !== true) return photo.missing();
      respond(response, 200, photo.bytes, {
        ...{ ...headers, 'Content-Type': 'image/jpeg', ETag: '"stand-in-photo"' },
      });
      return undefined;
    default:
      return badRequest(`Resource not found for the segment '${url.pathname}'.`, 404);
  }
}

/** What the control `no-photo` answers where a photo is asked for. */
export function photoFault(photo: Photo, url: URL): GraphError | undefined {
  return url.pathname === '/v1.0/me/photo/$value' ? photo.missing() : undefined;
}

function answerProfile(
  user: SeededUser,
  { headers }: Asker,
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  const profile = graphProfileOf(user);
  const selection = readSelection(url, Object.keys(profile), 'microsoft.graph.user');
  if ('code' in selection) return selection;
  const body = {
    '@odata.context': `${url.origin}/v1.0/$metadata#users${selection.suffix}/$entity`,
    ...selection.of(profile),
  };
  respondJson(response, 200, body, { ...headers, ...json });
  return undefined;
}

function answerMemberships(
  user: SeededUser,
  { scopes, headers }: Asker,
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  const memberships = graphMembershipsOf(user, scopes);
  const [first] = memberships;
  const known = first === undefined ? undefined : Object.keys(first);
  const selection = readSelection(url, known, 'microsoft.graph.directoryObject');
  if ('code' in selection) return selection;
  const body = {
    '@odata.context': `${url.origin}/v1.0/$metadata#directoryObjects${selection.suffix}`,
    value: memberships.map((membership) => selection.of(membership)),
  };
  respondJson(response, 200, body, { ...headers, ...json });
  return undefined;
}

function badRequest(message: string, status: number): GraphError {
  return { status, code: 'BadRequest', message };
}
