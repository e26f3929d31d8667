import { AppError } from '../errors';

/**
 * The one value of a query parameter; `undefined` when it is absent or empty.
 * @throws ERR_BAD_REQUEST when it is repeated or longer than `longest` characters
 */
export function readQuery(
  query: URLSearchParams,
  name: string,
  longest: number,
): string | undefined {
  const [value, another] = query.getAll(name);
  if (another !== undefined) throw new AppError('ERR_BAD_REQUEST', { note: `${name} is repeated` });
  if (value === undefined || value === '') return undefined;
  if (value.length > longest) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is too long` });
  }
  return value;
}
