import { isObject } from '../../src/json';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type TypeScript from 'typescript';

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
  if (!isObject(value)) {
    throw new FaultyFileError(`${path} does not hold a JSON object: { … }`);
  }
  return value;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = isObject(error) ? String(error['code']) : 'unknown';
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

// "The root value of a '{0}' file must be an object."
const rootMustBeObject = 5092;

/** Where a text stops being JSON (an index into it), and why: a sentence that quotes nothing of the text. */
export interface JsonFault {
  readonly at: number;
  readonly what: string;
}

/**
 * Parses an object in JSON with comments and trailing commas. For texts that `JSON.parse` has refused: the
 * parser is TypeScript's, which takes 0.15 s to load.
 */
export function parseLenientJson(text: string): {
  readonly value?: unknown;
  readonly fault?: JsonFault;
} {
  if (text.trim() === '') {
    return { fault: { at: 0, what: 'The file is empty.' } };
  }
  const ts = createRequire(import.meta.url)('typescript') as typeof TypeScript;
  const parsed = ts.parseConfigFileTextToJson('', text);
  const { error } = parsed;
  if (error === undefined) {
    return { value: parsed.config };
  }
  const what =
    error.code === rootMustBeObject
      ? 'An object is expected: { … }'
      : ts.flattenDiagnosticMessageText(error.messageText, ' ');
  return { fault: { at: error.start ?? 0, what } };
}
