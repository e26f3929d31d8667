import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import http from 'node:http';

/** What Azurite answered. */
export interface BehindAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Azurite ends a connection that idles for five seconds: none is used again after four. */
const idleMs = 4_000;

/** Asks Azurite at that port of 127.0.0.1. Rejects when it does not answer. */
export function createForwarding(port: number): (question: Question) => Promise<BehindAnswer> {
  const agent = new http.Agent({ keepAlive: true, timeout: idleMs });
  return async ({ method, path, headers, body }) => {
    const behind: OutgoingHttpHeaders = { ...headers, 'content-length': body.length };
    for (const name of ['accept-encoding', 'connection', 'transfer-encoding']) {
      Reflect.deleteProperty(behind, name);
    }
    const request = http.request({
      host: '127.0.0.1',
      port,
      agent,
      method,
      path,
      headers: behind,
    });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(Buffer.from(chunk as Uint8Array));
    return {
      status: answer.statusCode ?? 502,
      headers: answer.headers,
      body: Buffer.concat(chunks),
    };
  };
}
