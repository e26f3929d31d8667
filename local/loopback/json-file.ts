import { readFileSync } from 'node:fs';
import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser';
import { isObject } from '../../src/bodies';

/** A file that a person wrote cannot be used. The message names the file and the line, and says what is wrong. */
export class FaultyFileError extends Error {}

/**
 * Reads the object in a JSON file; undefined when there is no such file. Like Core Tools, it takes a byte order mark,
 * comments and commas at the end.
 * https://github.com/Azure/azure-functions-core-tools/pull/3866 (comments), /pull/3870 (commas)
 * @throws FaultyFileError when it holds no JSON object, or cannot be read
 */
export function readJsonFile(path: string): Readonly<Record<string, unknown>> | undefined {
  const text = readText(path);
  if (text === undefined) {
    return undefined;
  }
  const { value, fault } = parseLenient(text);
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

// The parser's errors in words. They never quote the file, which may hold secrets.
const faults: Readonly<Record<string, string | undefined>> = {
  CommaExpected: "',' expected.",
  ColonExpected: "':' expected.",
  CloseBraceExpected: "'}' expected.",
  CloseBracketExpected: "']' expected.",
  PropertyNameExpected: 'A name in double quotes is expected.',
  EndOfFileExpected: 'The object has ended already. Nothing may follow it.',
  UnexpectedEndOfString: 'The text does not end: a double quote is missing.',
  UnexpectedEndOfComment: 'The comment does not end.',
};
const otherFault =
  'A value is expected: a text in double quotes, a number, true, false, null, a list or an object.';

/** @returns the value, or the index of the first character that is wrong and a sentence about it */
function parseLenient(text: string): {
  readonly value?: unknown;
  readonly fault?: { readonly at: number; readonly what: string };
} {
  if (text.trim() === '') return { fault: { at: 0, what: 'The file is empty.' } };
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return { value };
  return {
    fault: { at: first.offset, what: faults[printParseErrorCode(first.error)] ?? otherFault },
  };
}
