import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const asked = new WeakSet<ChildProcess>();

/** Calls `tell` when a process that we started ends by itself. */
export function onDeath(child: ChildProcess, tell: (() => void) | undefined): void {
  child.once('exit', () => {
    if (!asked.has(child)) tell?.();
  });
}

/**
 * Ends a process that we started. `ask` asks it to end (SIGTERM). After `graceMs` it is killed.
 */
export async function endProcess(
  child: ChildProcess,
  ask: () => void = () => void child.kill('SIGTERM'),
  graceMs = 900,
): Promise<void> {
  asked.add(child);
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  ask();
  const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(kill);
}

const ours = new Set<ChildProcess>();
let isWatching = false;

/**
 * Kills a process that we started when this one ends, however it ends, unless it is killed itself. A child that is busy would not
 * notice that its parent has gone.
 */
export function killWithUs(child: ChildProcess): void {
  ours.add(child);
  child.once('exit', () => ours.delete(child));
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const each of ours) each.kill('SIGKILL');
  });
}

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

/** Somebody else listens there. */
export class PortTakenError extends Error {
  readonly port: number;

  constructor(port: number, cause: unknown) {
    super(`Port ${port} is taken.`, { cause });
    this.port = port;
  }
}

/**
 * Listens on this machine's own addresses, 127.0.0.1 and, if there is one, ::1: `localhost` may be either. A port of 0
 * becomes a free one.
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
