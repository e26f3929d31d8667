import { AppError } from '../errors';
import { isObject } from '../is-object';
import { graphRequest, type GraphAccess } from './graph-request';

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

const maxBytes = 64 * 1024;
const maxText = 1024;

/**
 * The signed-in user's profile.
 * @see https://learn.microsoft.com/graph/api/user-get
 * @throws as {@link graphRequest}; ERR_GRAPH_REFUSED when the answer is no profile
 */
export async function readProfile(access: GraphAccess): Promise<Profile> {
  const answer = await graphRequest(access, {
    path: `/me?$select=${[...textFields, 'id'].join(',')}`,
    accept: 'application/json',
    maxBytes,
  });
  if (answer === undefined) throw refused('Graph knows no such user');
  return parseProfile(parseJson(answer.body));
}

function parseProfile(value: unknown): Profile {
  if (!isObject(value)) throw refused('the profile is no object');
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

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw refused('the profile is not JSON');
  }
}

function refused(note: string): AppError {
  return new AppError('ERR_GRAPH_REFUSED', { note });
}
