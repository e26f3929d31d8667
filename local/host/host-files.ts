import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser';
import { isObject } from '../../src/bodies';
import type { LogLevel } from './log';

/** What this host uses of `host.json`. */
export interface HostJson {
  /** Without slashes around it. `api` when host.json has none. */
  readonly routePrefix: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  /** Value of `Strict-Transport-Security`, sent on https; undefined when it is not enabled. */
  readonly hsts: string | undefined;
  /** `functionTimeout` in seconds. Undefined when none is set, or `-1`: there is no limit. */
  readonly timeoutSeconds: number | undefined;
  /** `logging.logLevel`: the lowest level that is written, by the beginning of a category's name. */
  readonly logLevels: Readonly<Record<string, LogLevel>>;
  /** An extension bundle is named. Here it is not fetched: HTTP and timers need none. */
  readonly namesBundle: boolean;
}

/**
 * Reads `host.json` in the script root.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
 * https://learn.microsoft.com/azure/azure-functions/functions-host-json#functiontimeout
 * https://learn.microsoft.com/azure/azure-functions/configure-monitoring#configure-log-levels
 * @throws FaultyFileError when it is no JSON, `maxAge` or `functionTimeout` is no time span, or a log level is not known
 */
export function readHostJson(scriptRoot: string): HostJson {
  const file = readJsonFile(join(scriptRoot, 'host.json'));
  const http = record(record(file?.['extensions'])['http']);
  const prefix = http['routePrefix'];
  return {
    routePrefix: typeof prefix === 'string' ? prefix.replace(/^\/+|\/+$/g, '') : 'api',
    customHeaders: Object.fromEntries(
      Object.entries(record(http['customHeaders'])).map(([name, value]) => [name, String(value)]),
    ),
    hsts: formatHsts(record(http['hsts'])),
    timeoutSeconds: readTimeout(file?.['functionTimeout']),
    logLevels: readLogLevels(record(record(file?.['logging'])['logLevel'])),
    namesBundle: file?.['extensionBundle'] !== undefined,
  };
}

function formatHsts(hsts: Readonly<Record<string, unknown>>): string | undefined {
  if (hsts['isEnabled'] !== true) {
    return undefined;
  }
  const maxAge =
    hsts['maxAge'] === undefined
      ? 30 * 86_400
      : timeSpanSeconds(hsts['maxAge'], 'extensions.http.hsts.maxAge');
  const parts = [
    `max-age=${maxAge}`,
    hsts['includeSubDomains'] === true && 'includeSubDomains',
    hsts['preload'] === true && 'preload',
  ];
  return parts.filter((part) => part !== false).join('; ');
}

const levels: readonly LogLevel[] = [
  'trace',
  'debug',
  'information',
  'warning',
  'error',
  'critical',
  'none',
];

function readLogLevels(
  written: Readonly<Record<string, unknown>>,
): Readonly<Record<string, LogLevel>> {
  return Object.fromEntries(
    Object.entries(written).map(([category, value]) => {
      const level = levels.find((each) => each === String(value).toLowerCase());
      if (level === undefined) {
        throw new FaultyFileError(
          `logging.logLevel.${category} in host.json is not one of ${levels.join(', ')}.`,
        );
      }
      return [category, level];
    }),
  );
}

function readTimeout(value: unknown): number | undefined {
  return value === undefined || value === '-1'
    ? undefined
    : timeSpanSeconds(value, 'functionTimeout');
}

// A TimeSpan of .NET: `d`, `hh:mm`, `hh:mm:ss` or `d.hh:mm:ss`.
function timeSpanSeconds(value: unknown, name: string): number {
  const parts = /^(?:(\d+)|(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)$/.exec(String(value));
  if (parts === null) {
    throw new FaultyFileError(`${name} in host.json is not a time span.`);
  }
  const [, days, daysBefore, hours, minutes, seconds] = parts.map((part) => Number(part || 0));
  return (
    ((days ?? 0) + (daysBefore ?? 0)) * 86_400 +
    (hours ?? 0) * 3600 +
    (minutes ?? 0) * 60 +
    (seconds ?? 0)
  );
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** What this host uses of `local.settings.json`. */
export interface LocalSettings {
  /** App settings, by name. The environment wins over them. */
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
}

/**
 * Reads `local.settings.json` in the script root. Without the file there are no settings.
 * https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
 * @throws FaultyFileError when it is no JSON, or encrypted: only `func` could read that
 */
export function readLocalSettings(scriptRoot: string): LocalSettings {
  const path = join(scriptRoot, 'local.settings.json');
  const file = readJsonFile(path) ?? {};
  if (file['IsEncrypted'] === true) {
    throw new FaultyFileError(`${path} is encrypted. Decrypt it first: func settings decrypt`);
  }
  const values = isObject(file['Values']) ? file['Values'] : {};
  const host = isObject(file['Host']) ? file['Host'] : {};
  const port = Number(host['LocalHttpPort'] ?? NaN);
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    ),
    port: Number.isInteger(port) ? port : undefined,
  };
}

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
