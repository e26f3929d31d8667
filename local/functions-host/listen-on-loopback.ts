import type { Server } from 'node:net';

/** Somebody else listens there. */
export class PortTakenError extends Error {
  readonly port: number;

  constructor(port: number, cause: unknown) {
    super(`Port ${port} is taken.`, { cause });
    this.port = port;
  }
}

/**
 * Listens on this machine's own addresses, 127.0.0.1 and, where there is one, ::1: `localhost` may
 * be either. A port of 0 becomes a free one.
 * @param createServer makes one server an address; all answer alike
 * @returns the port and the servers
 * @throws PortTakenError
 */
export async function listenOnLoopback<T extends Server>(
  createServer: () => T,
  port: number,
): Promise<{ readonly port: number; readonly servers: readonly T[] }> {
  const first = createServer();
  const given = await listen(first, '127.0.0.1', port);
  const second = createServer();
  try {
    await listen(second, '::1', given);
    return { port: given, servers: [first, second] };
  } catch (error) {
    if (!(error instanceof PortTakenError)) {
      // A machine without IPv6.
      return { port: given, servers: [first] };
    }
    first.close();
    if (port !== 0) {
      throw error;
    }
    return listenOnLoopback(createServer, 0);
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTakenError(port, error) : error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
