import type { FunctionsCore, RegisteredFunction } from './functions-core';
import { invokeFunction, type Invocation, type InvocationLog } from './invoke-function';
import { logCategory, type Log } from './log';
import type { RpcTypedData } from './rpc';

/** How a call ended: with a value, or in failure. What went wrong is in the log only. */
export type RunResult =
  { readonly ok: true; readonly value: RpcTypedData | null | undefined } | { readonly ok: false };

/** What running a function needs. */
export interface RunParts {
  readonly core: FunctionsCore;
  /** `functionTimeout` of host.json, in seconds; undefined: a function may take as long as it likes. */
  readonly timeoutSeconds: number | undefined;
  readonly log: Log;
}

/**
 * Calls a function, its log lines marked with its name and the start of the invocation's id. One that
 * takes longer than `timeoutSeconds` has failed; what it does after that is nobody's any more.
 */
export async function runFunction(
  { core, timeoutSeconds, log }: RunParts,
  registered: RegisteredFunction,
  invocation: Invocation,
): Promise<RunResult> {
  const { name } = registered.metadata;
  const mark = `${name} ${invocation.invocationId.slice(0, 8)}`;
  const marked: InvocationLog = (level, category, message) => {
    log(level, category, `  ${mark}: ${message}`);
  };
  const work = invokeFunction(core, registered, invocation, marked);
  try {
    const value = await (timeoutSeconds === undefined ? work : within(timeoutSeconds, work));
    return { ok: true, value };
  } catch (error) {
    log('error', logCategory.function(name), `  ${mark} failed. ${describeError(error)}`);
    return { ok: false };
  }
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Timeout value of ${seconds} s (functionTimeout) was exceeded.`));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error for the log: its stack, and its causes' stacks. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}
