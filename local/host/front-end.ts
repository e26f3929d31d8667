import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { isLoopback } from '../../src/proxy';
import type { HttpFunction } from './routes';

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

/**
 * The functions that answer beside a development server. Those that would answer in its place are left out: for `/`, and for every
 * address (`{*path}`), as `frontEnd` registers one.
 */
export function besideFrontEnd(routes: readonly HttpFunction[]): readonly HttpFunction[] {
  return routes.filter(({ segments: [first, ...others] }) => {
    const isEverything = first?.kind === 'catch-all' && others.length === 0;
    return first !== undefined && !isEverything;
  });
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
