import { join } from 'node:path';
import { isRecord, readJsonFile } from './read-json-file';

/** What this host heeds of `host.json`. */
export interface HostJson {
  /** Without slashes around it; `api` where host.json says nothing. */
  readonly routePrefix: string;
  readonly customHeaders: Readonly<Record<string, string>>;
  /** Value of `Strict-Transport-Security`, sent on https; undefined when it is not enabled. */
  readonly hsts: string | undefined;
}

/**
 * Reads `host.json` in the script root.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
 * @throws Error when it is no JSON, or its `maxAge` is no time span
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
  };
}

function formatHsts(hsts: Readonly<Record<string, unknown>>): string | undefined {
  if (hsts['isEnabled'] !== true) {
    return undefined;
  }
  const maxAge = hsts['maxAge'] === undefined ? 30 * 86_400 : timeSpanSeconds(hsts['maxAge']);
  const parts = [
    `max-age=${maxAge}`,
    hsts['includeSubDomains'] === true && 'includeSubDomains',
    hsts['preload'] === true && 'preload',
  ];
  return parts.filter((part) => part !== false).join('; ');
}

// A .NET TimeSpan: days alone, hh:mm or hh:mm:ss, days before them with a dot.
function timeSpanSeconds(value: unknown): number {
  const parts = /^(?:(\d+)|(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)$/.exec(String(value));
  if (parts === null) {
    throw new Error('extensions.http.hsts.maxAge in host.json is not a time span.');
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
