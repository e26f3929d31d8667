import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

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
