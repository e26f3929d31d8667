import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type TypeScript from 'typescript';
import { isRecord } from '../loopback/control';
import type { LogLevel } from './rpc';

/** What this host heeds of `host.json`. */
export interface HostJson {
  /** Without slashes around it; `api` where host.json says nothing. */
  readonly routePrefix: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  /** Value of `Strict-Transport-Security`, sent on https; undefined when it is not enabled. */
  readonly hsts: string | undefined;
  /** `functionTimeout` in seconds; undefined where none is set, or `-1`, which is none. */
  readonly timeoutSeconds: number | undefined;
  /** `logging.logLevel`: the least level by the beginning of a category's name, and `default`. */
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

// A .NET TimeSpan: days alone, hh:mm or hh:mm:ss, days before them with a dot.
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
  return isRecord(value) ? value : {};
}

/** What this host heeds of `local.settings.json`. */
export interface LocalSettings {
  /** App settings, by name. The environment stands over them. */
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
}

/**
 * Reads `local.settings.json` in the script root: none, no settings.
 * https://learn.microsoft.com/azure/azure-functions/functions-develop-local#local-settings-file
 * @throws FaultyFileError when it is no JSON, or encrypted: only `func` could read that
 */
export function readLocalSettings(scriptRoot: string): LocalSettings {
  const path = join(scriptRoot, 'local.settings.json');
  const file = readJsonFile(path) ?? {};
  if (file['IsEncrypted'] === true) {
    throw new FaultyFileError(`${path} is encrypted. Decrypt it first: func settings decrypt`);
  }
  const values = isRecord(file['Values']) ? file['Values'] : {};
  const host = isRecord(file['Host']) ? file['Host'] : {};
  const port = Number(host['LocalHttpPort'] ?? NaN);
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    ),
    port: Number.isInteger(port) ? port : undefined,
  };
}

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
