import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';

export interface Sent {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  json(): unknown;
}

export interface SendOptions {
  readonly method?: string;
  /** As a list, so that a header can be sent twice. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
  /** Trust for https. */
  readonly ca?: string;
  readonly host?: string;
}

/** One request on a connection of its own. The path goes out exactly as it is written. */
export function send(port: number, path: string, options: SendOptions = {}): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const shared = {
      port,
      host: options.host ?? '127.0.0.1',
      method: options.method ?? 'GET',
      path,
      agent: false as const,
      setHost: options.headers?.every(([name]) => name !== 'Host') ?? true,
    };
    const request =
      options.ca === undefined
        ? http.request(shared)
        : https.request({ ...shared, ca: options.ca, servername: 'localhost' });
    for (const [name, value] of options.headers ?? []) {
      request.appendHeader(name, value);
    }
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const body = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          json: () => JSON.parse(body.toString()) as unknown,
        });
      });
    });
    request.end(options.body);
  });
}

/** Sends bytes as they are and returns what comes back until the host closes. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.once('error', reject);
    socket.once('close', () => {
      resolve(received);
    });
    socket.write(text, 'latin1');
  });
}
