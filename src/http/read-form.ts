import type { HttpRequest } from '@azure/functions';
import { AppError } from '../errors';

const maxCharacters = 4096;

/**
 * The fields of a small form, or of a JSON object with string and boolean members. Call `requireSameOrigin` first.
 * @throws ERR_BAD_REQUEST for a body that is too long, repeats a field or is not what its type says
 */
export async function readForm(request: HttpRequest): Promise<ReadonlyMap<string, string>> {
  const text = await request.text();
  if (text.length > maxCharacters) throw new AppError('ERR_BAD_REQUEST', { note: 'body too long' });
  if (text === '') return new Map();
  const isJson = request.headers.get('content-type')?.startsWith('application/json') === true;
  const fields = isJson ? jsonFields(text) : [...new URLSearchParams(text)];
  const form = new Map(fields);
  if (form.size < fields.length) throw new AppError('ERR_BAD_REQUEST', { note: 'repeated field' });
  return form;
}

function jsonFields(text: string): [string, string][] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'body is not JSON', cause });
  }
  if (typeof body !== 'object' || body === null) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'body is not a JSON object' });
  }
  return Object.entries(body).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'string' || typeof value === 'boolean' ? [[name, String(value)]] : [],
  );
}
