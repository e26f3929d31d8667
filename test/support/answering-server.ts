import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';

/** Runs `work` while a server on a free loopback port answers with `listener`. */
export async function whileAnswering<Result>(
  listener: RequestListener,
  work: (port: number) => Promise<Result>,
): Promise<Result> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  try {
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return await work(address.port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
