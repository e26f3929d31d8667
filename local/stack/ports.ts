import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The port is taken, and nobody chose another one. The message says what to type. */
export class PortChoiceError extends Error {}

/** How to find a port for the app. */
export interface PortChoice {
  readonly wanted: number;
  /** The command line's arguments, for the command that would work. */
  readonly args: readonly string[];
  isFree(port: number): Promise<boolean>;
  /** Asks the person at the terminal; left out where there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

const maxTries = 50;

/**
 * The port to use: the one that is wanted, or the next free one if the person says so.
 * @throws PortChoiceError
 */
export async function settlePort(choice: PortChoice): Promise<number> {
  const { wanted, args, ask } = choice;
  if (await choice.isFree(wanted)) {
    return wanted;
  }
  const next = await nextFree(choice);
  const taken = `Port ${wanted} is taken, perhaps by another \`npm start\` or \`func start\`.`;
  if (next === undefined) {
    throw new PortChoiceError(`${taken} So are the ${maxTries} after it: choose one with --port.`);
  }
  const answer = await ask?.(`${taken}\nUse ${next} instead? [Y/n] `);
  if (answer !== undefined && /^\s*(y|yes)?\s*$/i.test(answer)) {
    return next;
  }
  throw new PortChoiceError(
    `${taken}\nEnd that, or choose another port: npm start -- ${withPort(args, next)}`,
  );
}

async function nextFree(choice: PortChoice): Promise<number | undefined> {
  const { wanted } = choice;
  for (let port = wanted + 1; port <= Math.min(wanted + maxTries, 65_535); port += 1) {
    if (await choice.isFree(port)) {
      return port;
    }
  }
  return undefined;
}

/** The arguments with another port, quoted where a shell would take them apart. */
function withPort(args: readonly string[], port: number): string {
  const others = args.filter(
    (arg, index) => !arg.startsWith('--port') && args[index - 1] !== '--port',
  );
  const quoted = others.map((arg) =>
    /^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`,
  );
  return ['--port', String(port), ...quoted].join(' ');
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
