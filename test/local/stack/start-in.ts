import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

interface Surroundings {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** `npm start`, running. */
export interface Started {
  readonly exit: Promise<number | null>;
  output(): string;
  /** Until it has said the text, so many times. */
  saw(text: string, times?: number): Promise<void>;
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** As the terminal does it: every process of the group gets the signal. */
  pressCtrlC(): Promise<number | null>;
}

/** The same with variables of the environment. */
export function startWith(env: Readonly<Record<string, string>>, ...args: string[]): Started {
  return startIn({ folder: join(__dirname, 'app'), env }, ...args);
}

/** `npm start` without the build, in the folder of the stack's test app. */
export function start(...args: string[]): Started {
  return startIn(join(__dirname, 'app'), ...args);
}

const running = new Map<ChildProcess, Promise<unknown>>();

// A test that fails before it ends its stack would leave it, and jest would wait for it.
afterAll(async () => {
  for (const child of running.keys()) child.kill('SIGTERM');
  await Promise.all(running.values());
});

/** The same, in a folder of the test's own. */
export function startIn(place: string | Surroundings, ...args: string[]): Started {
  const { folder, env } = typeof place === 'string' ? { folder: place, env: {} } : place;
  const child = spawn(
    process.execPath,
    [join(__dirname, '../../../local/bin/anteroom-local.mjs'), ...args],
    // A process group of its own, as a terminal gives each command.
    { cwd: folder, detached: true, env: { ...process.env, npm_lifecycle_event: 'start', ...env } },
  );
  let output = '';
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const look of looks) look();
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  running.set(
    child,
    exit.finally(() => running.delete(child)),
  );
  return {
    exit,
    output: () => output,
    saw: (text, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (output.split(text).length > times) resolve();
        };
        looks.add(look);
        look();
        void exit.then(() => {
          reject(new Error(`It ended without saying "${text}":\n${output}`));
        });
      }),
    end: (signal) => {
      child.kill(signal);
      return exit;
    },
    pressCtrlC: () => {
      process.kill(-(child.pid ?? NaN), 'SIGINT');
      return exit;
    },
  };
}
