import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { BodySource } from '../streams';

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
  /** The answer to an invocation; `undefined` where the host takes it in one piece, which is the usual mode. */
  find(invocationId: string): HostStream | undefined;
}

/** An answer on its way to the host. */
export interface HostStream {
  /** Calls `action` when the caller has gone before the end of the answer. */
  onGone(action: () => void): void;
  /**
   * The same body for this answer. It is read as fast as the caller reads. When the caller has gone, its source is told, and it
   * ends. When it fails, the connection ends, so that the caller does not take a part for the whole.
   */
  follow(body: BodySource): ReadableStream<Uint8Array>;
}

/** As the host sends it: the library finds the invocation by it. */
const invocationIdHeader = 'x-ms-invocation-id';

/** Begins to watch. The memory of an answer is free when its connection has ended. */
export function watchHostStreams(): HostStreams {
  const open = new Map<string, ServerResponse>();
  subscribe('http.server.request.start', (message) => {
    const { request, response } = Object(message) as Record<string, unknown>;
    if (!(request instanceof IncomingMessage) || !isResponse(response)) return;
    const id = request.headers[invocationIdHeader];
    if (typeof id !== 'string') return;
    open.set(id, response);
    response.once('close', () => open.delete(id));
  });
  return {
    find: (invocationId) => {
      const response = open.get(invocationId);
      return response && hostStream(response);
    },
  };
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

function follow(
  body: BodySource,
  response: ServerResponse,
  onGone: HostStream['onGone'],
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const cancel = (reason?: unknown): void => void reader.cancel(reason).catch(() => undefined);
  // A read that is under way ends by it, too.
  onGone(cancel);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          await drained(response);
          const { value } = await reader.read();
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
