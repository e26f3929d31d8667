import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser';
import { isObject } from '../../src/bodies';

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

/** The host's last line while it starts, before the address. The stack waits for it, so that its own last lines come after it. */
export const readyLine = 'The app is ready at';

/** The level of a line of the log. */
export type LogLevel =
  'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** The log of the host. */
export interface Log {
  /** Writes a message, unless `logging.logLevel` leaves out this level of this category. */
  (level: LogLevel, category: string, message: string): void;
  /** Writes what a person must see at the start. The levels do not matter: `func` prints it beside the log. */
  say(message: string): void;
}

/**
 * The categories that this host writes, named as in Azure. There they decide what reaches Application Insights.
 * https://learn.microsoft.com/azure/azure-functions/configure-monitoring#configure-categories
 */
export const logCategory = {
  /** What the app writes to the console of its process. */
  console: 'Host.Function.Console',
  general: 'Host.General',
  /** One line for each request and each run of a timer. */
  results: 'Host.Results',
  startup: 'Host.Startup',
  worker: 'Worker',
  /** What the host says of a function. */
  function: (name: string) => `Function.${name}`,
  /** What a function logs itself. */
  user: (name: string) => `Function.${name}.User`,
} as const;

const ranks: Record<LogLevel, number> = {
  trace: 0,
  debug: 1,
  information: 2,
  warning: 3,
  error: 4,
  critical: 5,
  none: 6,
};

const styles = {
  trace: 'gray',
  debug: 'gray',
  information: undefined,
  warning: 'yellow',
  error: 'red',
  critical: 'red',
  none: undefined,
} as const satisfies Record<LogLevel, Parameters<typeof styleText>[0] | undefined>;

/**
 * A log for people, like that of `func start`: the time, the level unless it is information, the message. Lines below the
 * lowest level of their category are left out. On a terminal (`colours`) errors are red and warnings yellow.
 */
export function createLog(options: {
  readonly write: (text: string) => void;
  readonly clock: () => Date;
  /** The lowest level that is written, by category: `minLevel` of host.json. */
  readonly minLevelOf: (category: string) => LogLevel;
  readonly colours: boolean;
}): Log {
  const write = (level: LogLevel, message: string): void => {
    const name = level === 'information' ? '' : `${level}: `;
    const style = options.colours ? styles[level] : undefined;
    const text = `${name}${withoutControls(message)}`;
    const shown = style === undefined ? text : styleText(style, text, { validateStream: false });
    options.write(`[${options.clock().toISOString()}] ${shown}\n`);
  };
  const log = (level: LogLevel, category: string, message: string): void => {
    if (level !== 'none' && ranks[level] >= ranks[options.minLevelOf(category)]) {
      write(level, message);
    }
  };
  return Object.assign(log, {
    say: (message: string) => {
      write('information', message);
    },
  });
}

/**
 * The lowest level of a category that is written, by the rules of `logging.logLevel`. As in .NET, the rule with the longest
 * name that the category begins with decides; case does not matter. Without such a rule it is `default`, else `information`.
 * https://learn.microsoft.com/dotnet/core/extensions/logging#how-filtering-rules-are-applied
 */
export function minLevel(rules: Readonly<Record<string, LogLevel>>, category: string): LogLevel {
  const [longest] = Object.entries(rules)
    .filter(([prefix]) => category.toLowerCase().startsWith(prefix.toLowerCase()))
    .sort(([a], [b]) => b.length - a.length);
  const fallback = Object.entries(rules).find(([name]) => name.toLowerCase() === 'default');
  return longest?.[1] ?? fallback?.[1] ?? 'information';
}

// A message may have text that a client sent. Escape sequences must not reach the terminal.
function withoutControls(message: string): string {
  return message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
