import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { SeededUser } from '../entra/registrations';
import { respond, respondJson } from '../loopback/server';
import {
  answerGroups,
  badRequest,
  type GraphError,
  json,
  problemOf,
  readSelection,
} from './memberships';

/** The person of the token, and what the token allows. */
interface Asker {
  readonly user: SeededUser | undefined;
  readonly scopes: readonly string[];
  readonly photo: Photo;
  /** Headers of every answer. */
  readonly headers: OutgoingHttpHeaders;
}

/** The photo, and the answers for people who have none. */
export interface Photo {
  readonly bytes: Buffer;
  /** The next of the answers that Microsoft Graph was seen to give. */
  missing(): GraphError;
}

export const photoPath = '/v1.0/me/photo/$value';

/** Answers about the person. Gives an error when there is no answer. */
export async function answerPerson(
  asker: Asker,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<GraphError | undefined> {
  const { user, photo, headers } = asker;
  if (user === undefined) return problemOf('not-found');
  const ofGroups = await answerGroups({ ...asker, user }, request, response, url);
  if (ofGroups !== 'not about groups') return ofGroups;
  if (request.method !== 'GET') return badRequest('Only GET is known here.', 405);
  switch (url.pathname) {
    case '/v1.0/me':
      return answerProfile(user, asker, response, url);
    case photoPath:
      if (user.hasPhoto !== true) return photo.missing();
      respond(response, 200, photo.bytes, {
        ...{ ...headers, 'Content-Type': 'image/jpeg', ETag: '"stand-in-photo"' },
      });
      return undefined;
    default:
      return badRequest(`Resource not found for the segment '${url.pathname}'.`, 404);
  }
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

/** The user resource of Microsoft Graph v1.0, as `GET /me` gives it without `$select`. */
function graphProfileOf(user: SeededUser): Record<string, unknown> {
  return {
    businessPhones: user.businessPhones ?? [],
    displayName: user.name,
    givenName: user.givenName,
    jobTitle: user.jobTitle ?? null,
    mail: user.mail ?? null,
    mobilePhone: user.mobilePhone ?? null,
    officeLocation: user.officeLocation ?? null,
    preferredLanguage: user.preferredLanguage ?? null,
    surname: user.surname,
    userPrincipalName: user.userPrincipalName ?? user.username,
    id: user.objectId,
  };
}

const missingCodes = [
  'ImageNotFound',
  'ErrorEntityNotFound',
  'ErrorItemNotFound',
  'GetUserPhoto',
  'ResourceNotFound',
];

/** A small portrait, 96 pixels each way, as JPEG bytes: head and shoulders on a coloured ground. */
export function createPhoto(): Photo {
  let turn = 0;
  return {
    bytes: Buffer.from(portrait.join(''), 'base64'),
    missing() {
      const code = missingCodes[turn % missingCodes.length] ?? '';
      turn += 1;
      return { status: 404, code, message: "The photo wasn't found." };
    },
  };
}

const portrait = [
  '/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAA',
  'AABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAA',
  'ABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAA',
  'AAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAA',
  'AAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAA',
  'AABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDAA0JCgsK',
  'CA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYV',
  'FSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCABgAGADASIAAhEB',
  'AxEB/8QAGwABAQADAQEBAAAAAAAAAAAAAAIBBQYHAwT/xAAtEAACAgIBAQYEBwEAAAAAAAABAgADBBEFBhIhQVFhcSIxMpET',
  'I0JygaHB0f/EABkBAQADAQEAAAAAAAAAAAAAAAABBAUCA//EAB0RAAICAgMBAAAAAAAAAAAAAAABAxECIQQSMWH/2gAMAwEA',
  'AhEDEQA/ANHqNStRqapl2TqNStRqBZOo1K1GoFk6jUrUagWTqNStRqBZOo1K1GoFmYlajUg5smJWo1AsIjO4RFLMToADZM3W',
  'N0pyuQgZq66QfkLW0fsNzpOmOFrwMVMq5Qcq1d7I+gHwHr5zfSnJyWnWJcj4yavI89yelOVx0LLXXcB8xU2z9jqaV0ZHKOpV',
  'gdEEaInrk0PU/C152K+VSoGVUu+4fWB4H18oj5LbrIScaleJ5/ErUalwp2TErUagWZ1GpUTk5snU/Rx9a28jjVuPhe1FPsSJ',
  '8ZVTtValidzIwYe4kPwlPZ6vE+OHk15mJXkUnaWLsenpPtMt6NlO9iInxzMmvDxLMi06Std+/pC2G62eZZ9S1chk1J9KWso9',
  'gTPz6n0tdrbXsfvZ2LH3Mmai8MZvZOo1KiSRZmJnUakHNmImdSkrexwlalmY6AUbJiyTZ8Jzd3FOUK/iY7nbJvvB8xOwxue4',
  'vIQMMtKz4rYeyR95zuB0lk3Kr5looU/oA23/AATc1dK8WgHaS2z9zn/NSpK4m/pehU2KqtfT9OTz3F46FjlpYfBaz2iftOP5',
  'vm7uVcIF/Dx0O1TfeT5mdPb0rxbg9lLa/wBrn/dzTZ/SWTSpfDtF6j9BHZb/AIYicSf0TKbJVWvhzcS3retylilWU6II0RJ1',
  'LdlExEzqNQRZUTMTkgvHosyb0ppUs7nQE77huHp4uj5B72Hx2a/oek1/SPGrVjHOtX8yzur34L5/zOjlSaS31RpcWFJd36Ii',
  'J4FsREQDWczw9PKUHuCZCj4LNf0fScDfRZj3vTcpV0OiJ6jOb6u41bccZ1S/mV6FmvFfP+J7wyU+rKnKhTXdenHRMxLZmlal',
  '0VNdfXUn1WMFHuTJmx6fTt83ijyYn7Amct0rGC7ZJHe1VrTUlSDSooUD0EuImeboiIgCIiAJFta3UvU42rqVI9DLiAeYXVNT',
  'fZU/1IxU+4MjU2XUCdjm8oa+bA/cAzXTQTtWYWa65NH/2Q==',
];
