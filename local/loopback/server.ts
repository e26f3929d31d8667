import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { Readable } from 'node:stream';
import { isLoopback } from '../../src/proxy';

export type LoopbackHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void>;

export interface LoopbackServer {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  /** Ends open connections too, so that a hanging request does not hold up the end. */
  stop(): Promise<void>;
}

/**
 * Serves on 127.0.0.1 only. `createHandler` gets the origin, because the answers of an identity
 * provider name it. Rejects when the port is taken (`EADDRINUSE`).
 */
export async function startLoopbackServer(options: {
  readonly port?: number;
  createHandler(url: string): Promise<LoopbackHandler>;
}): Promise<LoopbackServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const port = address.port;
  const url = `http://127.0.0.1:${port}`;
  const handler = await options.createHandler(url);

  server.on('request', (request, response) => {
    if (!isForLoopback(request)) {
      response.writeHead(421).end();
      return;
    }
    answer(handler, request, response, url).catch((error: unknown) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** A page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding). The Host header shows that name. */
export function isForLoopback({ headers }: IncomingMessage): boolean {
  return isLoopback(URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? '');
}

async function answer(
  handler: LoopbackHandler,
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
): Promise<void> {
  // A request target of '//host' would otherwise be read as another host.
  const target = (request.url ?? '/').replace(/^\/+/, '/');
  const url = URL.parse(target, origin);
  if (url === null) {
    response.writeHead(400).end();
    return;
  }
  await handler(request, response, url);
}

/** Answers JSON that nobody may keep. */
export function respondJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  respond(response, status, JSON.stringify(body), {
    'Content-Type': 'application/json; charset=utf-8',
    ...headers,
  });
}

/** Answers `body` as it is; `Cache-Control: no-store` unless `headers` say otherwise. */
export function respond(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: OutgoingHttpHeaders,
): void {
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

const limitBytes = 64 * 1024;

/** The body as text. Throws when it is longer than 64 KiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the request must not be decoded before');
    length += chunk.length;
    if (length > limitBytes) throw new RangeError('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The request, once more from the start, for a handler that reads the body itself: with `body` instead
 * of the one that has been read already.
 */
export function replayBody(request: IncomingMessage, body: string): IncomingMessage {
  const bytes = Buffer.from(body);
  const headers = { ...request.headers, 'content-length': String(bytes.length) };
  // Everything else (socket, address, method) is looked up in the request itself.
  const replay: unknown = Object.create(request, {
    headers: { value: headers },
    readable: { value: true },
    iterator: { value: () => Readable.from([bytes]).iterator() },
  });
  return replay as IncomingMessage;
}
