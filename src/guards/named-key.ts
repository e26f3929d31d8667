import { AppError } from '../errors';

/**
 * The key of a user or a session as our pages name it: base64url SHA-256. It opens nothing, and nothing else reaches
 * the table's keys.
 * @throws ERR_BAD_REQUEST for anything else
 */
export function parseNamedKey(value: string | undefined, name: string): string {
  if (value === undefined || !/^[A-Za-z0-9_-]{43}$/.test(value)) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is no key` });
  }
  return value;
}
