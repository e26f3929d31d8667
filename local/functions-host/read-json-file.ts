import { readFileSync } from 'node:fs';
import { parseLenientJson } from './parse-lenient-json';

/** A file that a person wrote cannot be used. The message is for people: the file, the place, what is wrong. */
export class FaultyFileError extends Error {}

/**
 * The object a JSON file holds, or undefined when there is no such file. As with Core Tools there may be a
 * byte order mark, comments and commas at the end.
 * https://github.com/Azure/azure-functions-core-tools/pull/3866 (comments), /pull/3870 (commas)
 * @throws FaultyFileError when it holds no JSON object, or cannot be read
 */
export function readJsonFile(path: string): Readonly<Record<string, unknown>> | undefined {
  const text = readText(path);
  if (text === undefined) {
    return undefined;
  }
  const { value, fault } = parse(text);
  if (fault !== undefined) {
    const before = text.slice(0, fault.at).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new FaultyFileError(
      `${path}, line ${before.length}, column ${column}: this is not valid JSON. ${fault.what}`,
    );
  }
  if (!isRecord(value)) {
    throw new FaultyFileError(`${path} does not hold a JSON object: { … }`);
  }
  return value;
}

/** Whether a value out of a JSON file is an object (not a list). */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = isRecord(error) ? String(error['code']) : 'unknown';
    if (['ENOENT', 'ENOTDIR'].includes(code)) {
      return undefined;
    }
    throw new FaultyFileError(`${path} cannot be read (${code}).`);
  }
}

function parse(text: string): ReturnType<typeof parseLenientJson> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // Its message quotes the file, which may hold secrets, and mostly does not say where.
    return parseLenientJson(text);
  }
}
