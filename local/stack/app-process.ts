import { fork } from 'node:child_process';
import type { HostMessage } from '../functions-host/run-host';
import { endProcess, onDeath } from './end-process';

/** The app on a local Functions host, in a process of its own. */
export interface AppProcess {
  /** `http://localhost:7071`, where it listens. */
  readonly url: string;
  readonly port: number;
  /** Of the process, for tests that kill it as Azure would. */
  readonly pid: number;
  /** PEM, with https: what a client must trust. */
  readonly certificate: string | undefined;
  /** The last of what it has written: the log. */
  output(): string;
  stop(): Promise<void>;
}

export interface AppProcessOptions {
  readonly port: number;
  readonly scriptRoot: string;
  readonly https: boolean;
  /** Stands over `local.settings.json`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets the log as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Told when the app ends though nobody asked it to. */
  readonly onDeath?: (() => void) | undefined;
}

/** The app could not be started; the message is for people. */
export class AppStartError extends Error {
  readonly isPortTaken: boolean;

  constructor(reason: string, isPortTaken: boolean) {
    super(reason);
    this.isPortTaken = isPortTaken;
  }
}

const mostOutput = 1_000_000;

/**
 * Starts the built app (`dist/main.js`) and waits until it answers.
 * @throws AppStartError when the port is taken, the build missing, or an entry file throws
 */
export async function startAppProcess(options: AppProcessOptions): Promise<AppProcess> {
  const child = fork(
    new URL('./host.mjs', import.meta.url),
    [
      ...['--port', String(options.port), '--script-root', options.scriptRoot],
      ...(options.https ? ['--https'] : []),
    ],
    // The log is shown on our terminal, if that is where our output goes.
    { silent: true, env: { ...options.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) } },
  );
  let output = '';
  const listen = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-mostOutput);
    options.onOutput?.(chunk.toString());
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const message = await new Promise<HostMessage>((resolve) => {
    child.once('message', (sent) => {
      resolve(sent as HostMessage);
    });
    child.once('exit', () => {
      resolve({ type: 'failed', reason: `The app ended:\n${output}`, isPortTaken: false });
    });
  });
  if (message.type === 'failed' || message.loadError !== undefined) {
    await endProcess(child);
    throw message.type === 'failed'
      ? new AppStartError(message.reason, message.isPortTaken)
      : new AppStartError(message.loadError ?? 'The app did not load.', false);
  }
  onDeath(child, options.onDeath);
  return {
    url: message.url,
    port: message.port,
    pid: child.pid ?? 0,
    certificate: message.certificate,
    output: () => output,
    stop: () => endProcess(child),
  };
}
