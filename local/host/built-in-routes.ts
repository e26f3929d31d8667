import type { IncomingMessage } from 'node:http';
import { readBody, type RequestLine } from './http-request';
import { emptyResponse, type HostResponse } from './http-response';
import type { TimerFunction } from './timers';

/** What answering for the host itself needs. */
export interface BuiltInContext {
  readonly timers: readonly TimerFunction[];
  readonly runTimer: (timer: TimerFunction) => Promise<void>;
  /**
   * `--enableAuth`: the key that `/admin` and functions with an `authLevel` ask for. Without it, functions and timers
   * need no key. `func start` does the same: to it everybody is an administrator.
   * https://github.com/Azure/azure-functions-core-tools/blob/main/src/Cli/func/Actions/HostActions/WebHost/Security/CliAuthenticationHandler.cs
   */
  readonly key: string | undefined;
  /** AzureWebJobsDisableHomepage: `/` without a function is 204. */
  readonly hidesHostPage: boolean;
}

const maxBodyBytes = 64 * 1024;

/**
 * Answers requests under `/admin/` and `/runtime/`, where no function can be: 401 without a key, except for the two
 * addresses that probes use and for `POST /admin/functions/<name>`, which starts a timer function now.
 * https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 * @returns undefined when the address is none of these
 */
export async function answerBuiltIn(
  host: BuiltInContext,
  request: IncomingMessage,
  line: RequestLine,
): Promise<HostResponse | undefined> {
  if (!isReserved(line.path)) {
    return undefined;
  }
  const name = /^\/admin\/functions\/([^/]+)\/?$/i.exec(line.path)?.[1]?.toLowerCase();
  const isKeyed = host.key !== undefined && hasKey(host.key, request, line);
  if (name !== undefined && line.method === 'POST' && (isKeyed || host.key === undefined)) {
    return startOnDemand(host, request, name);
  }
  request.resume();
  return answerReserved(line.path, isKeyed);
}

/** The answer when no function takes the request: at `/` the host's page or 204, elsewhere 404 (or 401). */
export function answerWithoutFunction(
  host: Pick<BuiltInContext, 'hidesHostPage'>,
  path: string,
): HostResponse {
  if (isReserved(path)) {
    return answerReserved(path, false);
  }
  if (path !== '/') {
    return emptyResponse(404);
  }
  if (host.hidesHostPage) {
    return emptyResponse(204);
  }
  const body = Buffer.from(hostPage);
  return {
    status: 200,
    headers: [
      ['content-type', 'text/html'],
      ['content-length', String(body.length)],
    ],
    body,
  };
}

/** Whether a request brings `key`, as the header `x-functions-key` or as `code` in the query. */
export function hasKey(key: string, request: IncomingMessage, line: RequestLine): boolean {
  const sent = request.headers['x-functions-key'] ?? new URLSearchParams(line.query).get('code');
  return sent === key;
}

function isReserved(path: string): boolean {
  return /^\/(admin|runtime)\/./i.test(path);
}

function answerReserved(path: string, isKeyed: boolean): HostResponse {
  if (/^\/admin\/(host\/ping|warmup)\/?$/i.test(path)) {
    return emptyResponse(200);
  }
  return emptyResponse(isKeyed ? 404 : 401);
}

/** 202 at once, 415, 400 or 404. */
async function startOnDemand(
  host: BuiltInContext,
  request: IncomingMessage,
  name: string,
): Promise<HostResponse> {
  // A page of another origin cannot send this media type without a preflight, so it cannot start a timer.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    request.resume();
    return emptyResponse(415);
  }
  if (!isJsonObject(await readBody(request, maxBodyBytes).catch(() => undefined))) {
    return emptyResponse(400);
  }
  const timer = host.timers.find((each) => each.name.toLowerCase() === name);
  if (timer === undefined) {
    return emptyResponse(404);
  }
  void host.runTimer(timer);
  return emptyResponse(202);
}

function isJsonObject(body: Uint8Array | undefined): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(body ?? []).toString());
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

const hostPage = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Your Functions app is up and running</title></head>
<body><h1>Your Functions app is up and running</h1>
<p>This is the page of the local Functions host. No function of the app has the route <code>/</code>.</p>
</body>
</html>
`;
