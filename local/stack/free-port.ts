import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const given = new Set<number>();

/**
 * A port that nothing uses now, on 127.0.0.1 or ::1. It lies below the range from which systems take
 * ports for outgoing connections, so that none of those takes it before its server listens.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (!given.has(port) && (await isPortFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error('No free port was found between 20000 and 32000.');
}

/** Whether nothing listens on the port, on either loopback address. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'));
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has nothing on ::1 either.
      resolve(error.code !== 'EADDRINUSE');
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
