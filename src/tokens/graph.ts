import { AppError } from '../errors';
import { isObject, parseJson, readBounded } from '../bodies';
import { AskedToWaitError, readRetryAfter } from '../waiting';

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

/** A whole answer of Microsoft Graph with status 200. */
interface GraphAnswer {
  /** Without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Reads a whole answer of Microsoft Graph; `undefined` for 404.
 * @param request what was asked, for the log: `GET /me`, for example
 * @throws ERR_API_UNAVAILABLE when Graph is busy or has a fault of its own; ERR_API_REFUSED for any other answer than 200
 *   and 404, and for one that is too long
 */
export async function readGraphAnswer(
  response: Response,
  { request, maxBytes }: { readonly request: string; readonly maxBytes: number },
): Promise<GraphAnswer | undefined> {
  const { status, headers } = response;
  const reading = readBody(response, request, maxBytes);
  if (status === 200) {
    const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { contentType, body: await reading };
  }
  // The body of any other answer is only for the log. The status counts, even where the body cannot be read.
  const body = await reading.catch(() => new Uint8Array());
  if (status === 404) return undefined;
  const note = `Graph answered ${status}${graphErrorCode(body)} to ${request}`;
  if (status !== 429 && status !== 408 && status < 500) throw graphRefused(note);
  const wait = readRetryAfter(headers);
  throw wait === undefined
    ? new AppError('ERR_API_UNAVAILABLE', { note, api })
    : new AskedToWaitError('ERR_API_UNAVAILABLE', wait, { note, api });
}

async function readBody(
  response: Response,
  request: string,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    return await readBounded(response, maxBytes);
  } catch (cause) {
    if (cause instanceof RangeError) throw graphRefused(`the answer to ${request} is too long`);
    throw cause;
  }
}

/** `error.code` of a Graph error answer, for the log; never its message. */
function graphErrorCode(body: Uint8Array): string {
  const answer = parseJson(body);
  const error = isObject(answer) ? answer['error'] : undefined;
  const code = isObject(error) ? error['code'] : undefined;
  return typeof code === 'string' && /^[A-Za-z_]{1,64}$/.test(code) ? ` ${code}` : '';
}

const api = 'graph';

/** For an answer of Graph that cannot be used. */
export function graphRefused(note: string): AppError {
  return new AppError('ERR_API_REFUSED', { note, api });
}
