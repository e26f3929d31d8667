import type { ChildProcess } from 'node:child_process';

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
