import { AppError } from '../errors';
import { isObject, parseJson } from '../json';
import type { Graph, GraphAccess } from './call-api';

/** The optional fields of a profile, in the order they are asked for. */
const textFields = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'mail',
  'userPrincipalName',
  'officeLocation',
  'preferredLanguage',
  'mobilePhone',
] as const;

/** A user as Microsoft Graph tells; what it does not know is left out. */
export type Profile = { readonly id: string } & {
  readonly [field in (typeof textFields)[number]]?: string;
};

const maxProfileBytes = 64 * 1024;
const maxText = 1024;

/**
 * The signed-in user's profile.
 * @see https://learn.microsoft.com/graph/api/user-get
 * @throws as {@link Graph.get}; ERR_GRAPH_REFUSED when the answer is no profile
 */
export async function readProfile(
  graph: Graph,
  access: GraphAccess,
  signal: AbortSignal,
): Promise<Profile> {
  const question = {
    path: `/me?$select=${[...textFields, 'id'].join(',')}`,
    accept: 'application/json',
    maxBytes: maxProfileBytes,
  };
  const answer = await graph.get(question, access, signal);
  if (answer === undefined) throw refused('Graph knows no such user');
  return parseProfile(parseJson(answer.body));
}

function parseProfile(value: unknown): Profile {
  if (!isObject(value)) throw refused('the profile is no JSON object');
  const { id } = value;
  if (!isText(id)) throw refused('the profile has no id');
  const known = textFields.flatMap((field) => {
    const text = value[field];
    return isText(text) ? [[field, text] as const] : [];
  });
  return { id, ...Object.fromEntries(known) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxText;
}

function refused(note: string): AppError {
  return new AppError('ERR_GRAPH_REFUSED', { note });
}

/** Types a browser shows as a picture and never runs; SVG is not one of them. */
const contentTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

export interface Photo {
  readonly contentType: (typeof contentTypes)[number];
  readonly bytes: Uint8Array;
}

const maxPhotoBytes = 4 * 1024 * 1024;

/**
 * The signed-in user's photo, at most 4 MiB; `undefined` when there is none.
 * @see https://learn.microsoft.com/graph/api/profilephoto-get
 * @throws as {@link Graph.get}; ERR_GRAPH_REFUSED when the answer is no picture
 */
export async function readPhoto(
  graph: Graph,
  access: GraphAccess,
  signal: AbortSignal,
): Promise<Photo | undefined> {
  const question = { path: '/me/photo/$value', accept: 'image/*', maxBytes: maxPhotoBytes };
  const answer = await graph.get(question, access, signal);
  if (answer === undefined) return undefined;
  const contentType = contentTypes.find((type) => type === answer.contentType);
  if (contentType === undefined) {
    throw new AppError('ERR_GRAPH_REFUSED', { note: 'the photo is of a type not shown' });
  }
  return { contentType, bytes: answer.body };
}
