import type { IncomingMessage } from 'node:http';

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
