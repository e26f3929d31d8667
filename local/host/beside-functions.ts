import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { isLoopback } from '../../src/proxy';
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

/** The development server of a front end, such as Vite's, as a part of the app's own origin. */
export interface FrontEndServer {
  /** `http://localhost:5173` */
  readonly url: string;
  /** Passes a request on, and the answer back. When the server does not answer, the answer is a page that says so. */
  pass(request: IncomingMessage, response: ServerResponse): Promise<number>;
  /** Passes a WebSocket on. Hot reload needs it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends the open WebSockets. */
  stop(): void;
}

/**
 * The origin of a development server.
 * @throws TypeError for an address that is not on this machine, or that has more than an origin
 */
export function readFrontEndUrl(text: string): string {
  const url = URL.parse(text);
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
  if (!isOrigin || !isLoopback(url.hostname)) {
    throw new TypeError(
      '--front-end takes the address of a development server on this machine, without a path: http://localhost:5173.',
    );
  }
  return url.origin;
}

/** @param url the origin of the server */
export function createFrontEndServer(url: string): FrontEndServer {
  const sockets = new Set<Duplex>();
  return {
    url,
    pass: (request, response) => passOn(url, request, response),
    upgrade: (request, socket, head) => {
      passSocketOn(ask(url, request), { socket, head, sockets });
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function ask(url: string, request: IncomingMessage): http.ClientRequest {
  const { method, url: path = '/' } = request;
  // `Host` stays as it is: by it such servers refuse pages of other names (DNS rebinding).
  const headers = { ...request.headers };
  // The server needs no session.
  delete headers.cookie;
  const options = { method, path, headers, agent: false as const };
  // Its certificate is one of its own, for this machine.
  return url.startsWith('https:')
    ? https.request(url, { ...options, rejectUnauthorized: false })
    : http.request(url, options);
}

/** Gives the status of the answer. */
function passOn(url: string, request: IncomingMessage, response: ServerResponse): Promise<number> {
  return new Promise((resolve) => {
    const passed = ask(url, request);
    passed.on('response', (answer) => {
      const { statusCode = 502 } = answer;
      response.writeHead(statusCode, answer.rawHeaders);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
      resolve(statusCode);
    });
    passed.on('error', () => {
      if (response.headersSent) {
        response.destroy();
      } else {
        response.writeHead(502, { 'content-type': 'text/html; charset=utf-8' });
        response.end(silentPage(url));
      }
      resolve(502);
    });
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });
}

/** The browser's end of a WebSocket, and all ends that are open. */
interface OpenSocket {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly sockets: Set<Duplex>;
}

function passSocketOn(passed: http.ClientRequest, { socket, head, sockets }: OpenSocket): void {
  socket.on('error', () => passed.destroy());
  passed.on('error', () => socket.destroy());
  passed.on('response', (refusal) => {
    socket.end(`${headOf(refusal)}Connection: close\r\n\r\n`);
    refusal.resume();
  });
  passed.on('upgrade', (answer, other, otherHead) => {
    const follow = (one: Duplex, another: Duplex): void => {
      sockets.add(one);
      one.on('error', () => another.destroy());
      one.on('close', () => {
        sockets.delete(one);
        another.destroy();
      });
    };
    follow(socket, other);
    follow(other, socket);
    socket.write(`${headOf(answer)}\r\n`);
    socket.write(otherHead);
    other.write(head);
    other.pipe(socket).pipe(other);
  });
  passed.end();
}

/** Status line and headers of an answer, as they came. */
function headOf({ statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage): string {
  let head = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    head += `${rawHeaders[at] ?? ''}: ${rawHeaders[at + 1] ?? ''}\r\n`;
  }
  return head;
}

const silentPage = (url: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>No front end yet</title></head>
<body><h1>The front end does not answer</h1>
<p>Nothing answers at ${url}. Start its server, for example with <code>npx vite</code>. This page tries again every two seconds.</p>
</body>
</html>
`;
