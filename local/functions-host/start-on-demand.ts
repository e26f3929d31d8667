import type { IncomingMessage } from 'node:http';
import { readBody } from './read-body';
import type { RequestLine } from './read-http-request';
import type { TimerFunction } from './timers';
import { emptyResponse, type HostResponse } from './write-http-response';

const mostBodyBytes = 64 * 1024;

/**
 * `POST /admin/functions/<name>` starts a timer function now, with a JSON object as its body, as at
 * the real host (there it wants the master key; here the host listens on loopback only).
 * https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 * @returns 202 at once, 404, 415 or 400; undefined when the request is not one of these
 */
export async function startOnDemand(
  parts: {
    readonly timers: readonly TimerFunction[];
    readonly runTimer: (timer: TimerFunction) => Promise<void>;
  },
  request: IncomingMessage,
  line: RequestLine,
): Promise<HostResponse | undefined> {
  const name = /^\/admin\/functions\/([^/]+)\/?$/i.exec(line.path)?.[1]?.toLowerCase();
  if (name === undefined || line.method !== 'POST') {
    return undefined;
  }
  // A page of another origin cannot send this type without asking first, so it starts nothing.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    request.resume();
    return emptyResponse(415);
  }
  if (!isJsonObject(await readBody(request, mostBodyBytes).catch(() => undefined))) {
    return emptyResponse(400);
  }
  const timer = parts.timers.find((each) => each.name.toLowerCase() === name);
  if (timer === undefined) {
    return emptyResponse(404);
  }
  void parts.runTimer(timer);
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
