import { isObject, parseJson } from '../json';
import { type GraphAnswer, graphRefused, readGraphAnswer } from './graph-answer';

/** Calls Microsoft Graph as the user: `callApi` of the request, for the API `graph`. */
type CallGraph = (path: string, accept: string) => Promise<Response>;

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
 * @throws what `callGraph` throws; ERR_API_UNAVAILABLE; ERR_API_REFUSED when the answer is no profile
 */
export async function readProfile(callGraph: CallGraph): Promise<Profile> {
  const path = `/me?$select=${[...textFields, 'id'].join(',')}`;
  const answer = await readAnswer(callGraph, {
    path,
    accept: 'application/json',
    maxBytes: maxProfileBytes,
  });
  if (answer === undefined) throw graphRefused('Graph knows no such user');
  return parseProfile(parseJson(answer.body));
}

/**
 * The answer of Graph to `GET /me`, as Graph wrote it: everything that it tells of a user unless it is asked for more.
 * @throws as {@link readProfile}
 */
export async function readRawProfile(callGraph: CallGraph): Promise<Uint8Array> {
  const question = { path: '/me', accept: 'application/json', maxBytes: maxProfileBytes };
  const answer = await readAnswer(callGraph, question);
  if (answer === undefined) throw graphRefused('Graph knows no such user');
  if (!isObject(parseJson(answer.body))) throw graphRefused('the profile is no JSON object');
  return answer.body;
}

function parseProfile(value: unknown): Profile {
  if (!isObject(value)) throw graphRefused('the profile is no JSON object');
  const { id } = value;
  if (!isText(id)) throw graphRefused('the profile has no id');
  const known = textFields.flatMap((field) => {
    const text = value[field];
    return isText(text) ? [[field, text] as const] : [];
  });
  return { id, ...Object.fromEntries(known) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxText;
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
 * @throws as {@link readProfile}; ERR_API_REFUSED when the answer is no picture
 */
export async function readPhoto(callGraph: CallGraph): Promise<Photo | undefined> {
  const question = { path: '/me/photo/$value', accept: 'image/*', maxBytes: maxPhotoBytes };
  const answer = await readAnswer(callGraph, question);
  if (answer === undefined) return undefined;
  const contentType = contentTypes.find((type) => type === answer.contentType);
  if (contentType === undefined) throw graphRefused('the photo is of a type not shown');
  return { contentType, bytes: answer.body };
}

interface Question {
  readonly path: string;
  readonly accept: string;
  readonly maxBytes: number;
}

/** The whole answer of Graph to a GET; `undefined` for 404. */
async function readAnswer(
  callGraph: CallGraph,
  { path, accept, maxBytes }: Question,
): Promise<GraphAnswer | undefined> {
  const response = await callGraph(path, accept);
  return readGraphAnswer(response, { request: `GET ${path}`, maxBytes });
}
