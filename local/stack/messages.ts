import type { ChildProcess } from 'node:child_process';
import type { StartAppOptions } from './options';
import type { StackFacts } from './stack';

/** A step of starting the stack, as it begins and again as it ends. */
export interface StackStep {
  readonly name: string;
  /** Undefined as it begins. */
  readonly seconds?: number;
  /** Where it stands now: an address. */
  readonly place?: string;
}

/** A step's line: one as it begins, one as it ends. */
export function describeStep({ name, seconds, place }: StackStep): string {
  if (seconds === undefined) {
    return `  \u2026 ${name}`;
  }
  const line = `  \u2713 ${name.padEnd(36)} ${seconds.toFixed(1).padStart(4)} s`;
  return place === undefined ? line : `${line}   ${place}`;
}

/** Who wants to see the steps, and the apps' log. */
export interface StackListener {
  onStep?(step: StackStep): void;
  onOutput?(text: string): void;
  /** A part of the running stack has ended though nobody asked it to. */
  onDeath?(part: string): void;
}

/** Does `work` and tells the listener when it begins and when it is done; `placeOf` says where it stands. */
export async function tellStep<T>(
  listener: StackListener,
  name: string,
  work: () => Promise<T>,
  placeOf: (done: T) => string | undefined = () => undefined,
): Promise<T> {
  const begun = performance.now();
  listener.onStep?.({ name });
  const done = await work();
  const place = placeOf(done);
  const seconds = (performance.now() - begun) / 1000;
  listener.onStep?.({ name, seconds, ...(place !== undefined && { place }) });
  return done;
}

/** An instance of the app, as a test sees it. */
export interface AppFacts {
  /** Place among the stack's apps: what `stop-app` and `output` name. */
  readonly index: number;
  readonly url: string;
  readonly port: number;
  /** Of the process: a test may kill it. */
  readonly pid: number;
  /** PEM, with https: what a client must trust. */
  readonly certificate?: string;
}

/** What a stack process is told. Every message but `stop` is answered with a `reply` of its `id`. */
export type StackCommand =
  | { readonly type: 'start-app'; readonly id: number; readonly options: StartAppOptions }
  | { readonly type: 'stop-app'; readonly id: number; readonly index: number }
  | { readonly type: 'output'; readonly id: number; readonly index: number }
  | { readonly type: 'stop' };

/** What a stack process tells. */
export type StackMessage =
  | { readonly type: 'ready'; readonly facts: StackFacts; readonly apps: readonly AppFacts[] }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'reply'; readonly id: number; readonly error: string }
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly app?: AppFacts;
      readonly output?: string;
    };

const asked = new WeakSet<ChildProcess>();

/** Calls `tell` when a process that we started ends though nobody asked it to. */
export function onDeath(child: ChildProcess, tell: (() => void) | undefined): void {
  child.once('exit', () => {
    if (!asked.has(child)) tell?.();
  });
}

/**
 * Ends a process that we started: asks (by SIGTERM, or as `ask` does it), and after `graceMs` does not
 * ask any more.
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
