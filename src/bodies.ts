import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from './errors';
import { once } from './waiting';

/** Whether parsed JSON is an object, so that its members can be read. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The value of a JSON text, as a string or as bytes in UTF-8; `undefined` when it is not JSON. It never throws: the message
 * of the parser's own error quotes the text, which may be a token or a key.
 */
export function parseJson(json: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof json === 'string' ? json : utf8.decode(json));
  } catch {
    return undefined;
  }
}

/** An answer over HTTP with its whole body. */
export interface FetchedAnswer {
  readonly response: Response;
  readonly body: Uint8Array;
}

interface FetchOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A longer answer is not read to its end: it must not fill the memory that all requests share. */
  readonly maxBytes: number;
}

/**
 * Sends one request and reads its whole answer, whatever its status.
 * @throws RangeError when the body is longer than `maxBytes`; whatever `fetch` throws when the connection breaks or
 *   `signal` aborts
 */
export async function fetchWhole(
  url: string,
  { maxBytes, ...options }: FetchOptions,
  signal: AbortSignal,
): Promise<FetchedAnswer> {
  // Following a redirect would send the request's tokens to another host.
  const response = await fetch(url, { ...options, redirect: 'error', signal });
  return { response, body: await readBounded(response, maxBytes) };
}

/**
 * The body of an answer to its end.
 * @throws RangeError when it is longer than `maxBytes`; whatever `fetch` throws when the connection breaks
 */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // An error that leaves the loop cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new RangeError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What is watched while a body is passed on. */
export interface BodyWatch {
  /** A longer body ends with this error. */
  readonly max?: { readonly bytes: number; readonly error: () => AppError };
  /** When nothing of a body comes for so many milliseconds, it ends with this error. */
  readonly stall?: { readonly ms: number; readonly error: () => AppError };
  /** Makes the error for a body that breaks off. Without it, the body ends with the error of its source. */
  readonly broken?: (cause: unknown) => AppError;
  /** Called for each part that comes, before it is passed on. */
  readonly onPart?: () => void;
}

/** A stream of bytes, by the types of a browser or of Node.js. TypeScript takes them for two types. */
export interface BodySource {
  getReader(): BodyReader;
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/**
 * The same body, counted and watched. It is read only as fast as its own reader reads, so it is never in memory as a whole.
 * Whenever it ends early, its source is told, and with it the connection that it comes from.
 */
export function watchBody(body: BodySource, watch: BodyWatch): ReadableStream<Uint8Array> {
  // `fetch` gives a connection back when nobody can read its answer any more, but not while the answer has a reader.
  const reader = once(() => body.getReader());
  let bytes = 0;
  const next = async (): Promise<Uint8Array | undefined> => {
    const part = await readInTime(reader(), watch);
    if (part === undefined) return undefined;
    bytes += part.byteLength;
    if (watch.max !== undefined && bytes > watch.max.bytes) throw watch.max.error();
    watch.onPart?.();
    return part;
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const part = await next();
          if (part === undefined) controller.close();
          else controller.enqueue(part);
        } catch (error) {
          void reader()
            .cancel(error)
            .catch(() => undefined);
          throw error;
        }
      },
      cancel: (reason) => reader().cancel(reason),
    },
    // Nothing is read ahead: what nobody wants yet stays with the sender.
    { highWaterMark: 0 },
  );
}

/** `undefined` at the end of the body. */
async function readInTime(
  reader: BodyReader,
  { stall, broken }: BodyWatch,
): Promise<Uint8Array | undefined> {
  const halt = Promise.withResolvers<never>();
  const timer =
    stall &&
    setTimeout(() => {
      halt.reject(stall.error());
    }, stall.ms);
  const read = reader.read().catch((cause: unknown) => {
    throw broken === undefined || cause instanceof AppError ? cause : broken(cause);
  });
  try {
    const { done, value } = await Promise.race([read, halt.promise]);
    return done ? undefined : value;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A response that is made by hand has no address. This one and its copies say where they come from, as those of `fetch` do. Without
 * it, all headers of the API would be passed on. Their `json()` tells a fault of the API by a code, where that of `fetch` throws a
 * SyntaxError, which would be a fault of the app.
 */
export function answerFrom(url: string, made: Response, notJson: () => AppError): Response {
  const clone = (): Response => answerFrom(url, Response.prototype.clone.call(made), notJson);
  const json = async (): Promise<unknown> => {
    const value = parseJson(await made.text());
    if (value === undefined) throw notJson();
    return value;
  };
  const own = { url: { value: url }, clone: { value: clone }, json: { value: json } };
  return Object.defineProperties(made, own);
}

/**
 * The answers that are on their way to the Functions host in stream mode (`app.setup({ enableHttpStream: true })`).
 *
 * In that mode the library serves HTTP inside the worker, for the host alone. It does not tell a function that the caller
 * has gone, or that the caller reads slowly. It reads the body of an answer as fast as it can, and
 * leaves the connection open when the body fails. Node.js tells of the connection on a channel of its own.
 * @see https://github.com/Azure/azure-functions-nodejs-library/issues/294 no backpressure, no sign of a caller that has gone
 * @see https://github.com/Azure/azure-functions-nodejs-library/issues/324 an error leaves the connection open
 * @see https://nodejs.org/api/diagnostics_channel.html#http
 */
export interface HostStreams {
  /** The answer to an invocation; `undefined` if the host takes it in one piece, which is the usual mode. */
  find(invocationId: string): HostStream | undefined;
}

/** An answer on its way to the host. */
export interface HostStream {
  /** Calls `action` when the caller has gone before the end of the answer. */
  onGone(action: () => void): void;
  /**
   * The same body for this answer, as soon as its first part is there. The library sends no header before that either, so a
   * body that fails until then can still become an answer that says so.
   *
   * From then on it is read as fast as the caller reads. When the caller has gone, its source is told, and it ends. When it
   * fails, the connection ends, so that the caller does not take a part for the whole.
   * @throws the error of a body that fails before its first part
   */
  follow(body: BodySource): Promise<ReadableStream<Uint8Array>>;
}

/** As the host sends it: the library finds the invocation by it. */
const invocationIdHeader = 'x-ms-invocation-id';

/**
 * Begins to watch. The memory of an answer is free when its connection has ended. Nobody has to end the watch: what Node.js
 * keeps of it does not keep the result, and goes with the next request after the result has gone. Otherwise each anteroom
 * of a process, of which tests make many, would be kept and would look at every answer.
 */
export function watchHostStreams(): HostStreams {
  const open = new Map<string, ServerResponse>();
  subscribeWeakly(open);
  return {
    find: (invocationId) => {
      const response = open.get(invocationId);
      return response && hostStream(response);
    },
  };
}

const requestStart = 'http.server.request.start';

/** Alone, so that the subscriber sees the map by its weak reference only. */
function subscribeWeakly(map: Map<string, ServerResponse>): void {
  const reference = new WeakRef(map);
  const notice = (message: unknown): void => {
    const open = reference.deref();
    if (open === undefined) {
      unsubscribe(requestStart, notice);
      return;
    }
    const { request, response } = Object(message) as Record<string, unknown>;
    if (!(request instanceof IncomingMessage) || !isResponse(response)) return;
    const id = request.headers[invocationIdHeader];
    if (typeof id !== 'string') return;
    open.set(id, response);
    response.once('close', () => open.delete(id));
  };
  subscribe(requestStart, notice);
}

function isResponse(value: unknown): value is ServerResponse {
  return value instanceof ServerResponse;
}

function hostStream(response: ServerResponse): HostStream {
  const onGone = (action: () => void): void => {
    if (response.destroyed) {
      action();
      return;
    }
    response.once('close', () => {
      if (!response.writableFinished) action();
    });
  };
  return { onGone, follow: (body) => follow(body, response, onGone) };
}

async function follow(
  body: BodySource,
  response: ServerResponse,
  onGone: HostStream['onGone'],
): Promise<ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const cancel = (reason?: unknown): void => void reader.cancel(reason).catch(() => undefined);
  // A read that is under way ends by it, too.
  onGone(cancel);
  const first = await reader.read();
  let next = (): ReturnType<BodyReader['read']> => {
    next = () => reader.read();
    return Promise.resolve(first);
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          await drained(response);
          const { value } = await next();
          if (value === undefined || response.destroyed) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          cancel(error);
          if (response.destroyed) {
            controller.close();
            return;
          }
          response.destroy();
          throw error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Waits until what was written before is on its way, or the connection has ended. */
async function drained(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain || response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = (): void => {
    resolve(undefined);
  };
  response.once('drain', done).once('close', done);
  await promise;
  response.off('drain', done).off('close', done);
}
