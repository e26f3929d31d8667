import type { IncomingMessage } from 'node:http';

const usualMostBodyBytes = 104_857_600;

/**
 * The longest body, in bytes, by FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. The real host, too, passes over a value that is
 * no whole number:
 * https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script.WebHost/Middleware/HttpRequestBodySizeMiddleware.cs
 */
export function readMostBodyBytes(setting: string | undefined): number {
  return /^\s*\d+\s*$/.test(setting ?? '') ? Number(setting) : usualMostBodyBytes;
}

/** The body is larger than the host takes. */
export class BodyTooLargeError extends Error {}

/**
 * A request's body, whole. One sent in chunks, without a length, is empty: the real host asks for
 * the length before it reads.
 * @throws BodyTooLargeError when its length is above `mostBytes`
 */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Uint8Array> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (!(length > 0)) {
    request.resume();
    return new Uint8Array();
  }
  if (length > mostBytes) {
    throw new BodyTooLargeError(`Request body too large: the limit is ${mostBytes} bytes.`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    if (Buffer.isBuffer(chunk)) {
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks);
}
