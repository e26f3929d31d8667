import type { HttpRequest } from '@azure/functions';
import { AppError } from '../errors';
import { isObject } from '../is-object';
import { mediaTypeOf } from './media-type';

const maxCharacters = 4096;

/**
 * The fields of a small form, or of a JSON object with string and boolean members. Call `requireSameOrigin` first.
 * @throws ERR_MEDIA_TYPE for a body of another type, ERR_BAD_REQUEST for a body that is too long, repeats a field or is not what its type says
 */
export async function readForm(request: HttpRequest): Promise<ReadonlyMap<string, string>> {
  const text = await request.text();
  if (text.length > maxCharacters) throw new AppError('ERR_BAD_REQUEST', { note: 'body too long' });
  if (text === '') return new Map();
  const fields = fieldsOf(mediaTypeOf(request), text);
  const form = new Map(fields);
  if (form.size < fields.length) throw new AppError('ERR_BAD_REQUEST', { note: 'repeated field' });
  return form;
}

function fieldsOf(mediaType: string, text: string): [string, string][] {
  switch (mediaType) {
    case 'application/x-www-form-urlencoded':
      return [...new URLSearchParams(text)];
    case 'application/json':
      return jsonFields(text);
    default:
      throw new AppError('ERR_MEDIA_TYPE');
  }
}

function jsonFields(text: string): [string, string][] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'body is not JSON', cause });
  }
  if (!isObject(body)) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'body is not a JSON object' });
  }
  return Object.entries(body).map(([name, value]) => {
    if (typeof value === 'string' || typeof value === 'boolean') return [name, String(value)];
    throw new AppError('ERR_BAD_REQUEST', { note: 'a field is neither text nor true or false' });
  });
}

/**
 * A field that says yes or no; absent is no.
 * @throws ERR_BAD_REQUEST for anything else: a slip of the pen must not end fewer sessions than was asked
 */
export function isTrue(form: ReadonlyMap<string, string>, name: string): boolean {
  const value = form.get(name) ?? 'false';
  if (value !== 'true' && value !== 'false') {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} must be true or false` });
  }
  return value === 'true';
}
