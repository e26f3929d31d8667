import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';

export interface CountingProxy {
  readonly port: number;
  /** Method and path of each request since the last call, in the order they began: `GET /a/b`. */
  takeRequests(): string[];
  /** What happens to requests from now on: passed on, never answered, or cut off. */
  outage: 'none' | 'hang' | 'drop';
  close(): Promise<void>;
}

/** Passes every request on to `targetPort` on loopback and counts it on the way. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (proxy.outage === 'drop') response.destroy();
    else if (proxy.outage === 'none') passOn(request, response, targetPort);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  const proxy: CountingProxy = {
    port: address.port,
    outage: 'none',
    takeRequests: () => {
      const taken = requests;
      requests = [];
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = request;
  const onwards = http.request(
    { host: '127.0.0.1', port, method, path: url, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  onwards.on('error', () => response.destroy());
  request.pipe(onwards);
}
