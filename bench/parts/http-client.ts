import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  /** Set-Cookie lines. */
  readonly cookies: readonly string[];
  readonly text: string;
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form by POST; without it the request is a GET. */
  readonly form?: string;
}

/** Sends a request to a loopback address and gives the whole answer; follows nothing, keeps no cookies. */
export type Send = (url: string, options?: RequestOptions) => Promise<Answer>;

/** Keeps up to `connections` connections to each server open. */
export function createHttpClient(connections: number): { readonly send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send: Send = (url, { headers = {}, form } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = request(url, {
        agent,
        method: form === undefined ? 'GET' : 'POST',
        headers: {
          ...headers,
          ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        },
      });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            location: incoming.headers.location,
            cookies: incoming.headers['set-cookie'] ?? [],
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.end(form);
    });
  return {
    send,
    close: () => {
      agent.destroy();
    },
  };
}
