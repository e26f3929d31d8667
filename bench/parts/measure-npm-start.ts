import { spawn } from 'node:child_process';
import { freePort } from '../../local/loopback/processes';
import type { Send } from './http-client';
import { repository } from './server-process';

export interface NpmStartTimes {
  /** From the command until it said that all is ready, the build included. */
  readonly readyMs: number;
  /** Until the app's home page was there. */
  readonly answeredMs: number;
  /** From Ctrl-C until the command had ended. */
  readonly endedMs: number;
}

/** Runs `npm start` as a person does, on a port of its own, and ends it as Ctrl-C does. */
export async function measureNpmStart(send: Send): Promise<NpmStartTimes> {
  const port = await freePort();
  const begun = performance.now();
  // A group of its own, so that the signal reaches all of it, as Ctrl-C at a terminal does.
  const child = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: repository,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ready in ')) resolve();
    });
    void ended.then(() => {
      reject(new Error(`npm start ended:\n${said}`));
    });
  });
  const readyMs = performance.now() - begun;
  await send(`http://localhost:${port}/`);
  const answeredMs = performance.now() - begun;
  const asked = performance.now();
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
  await ended;
  return { readyMs, answeredMs, endedMs: performance.now() - asked };
}
