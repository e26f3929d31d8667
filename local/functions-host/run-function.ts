import type { FunctionsCore, RegisteredFunction } from './functions-core';
import { invokeFunction, type Invocation } from './invoke-function';
import type { Log } from './log';
import type { RpcTypedData } from './rpc';

/** How a call ended: with a value, or in failure. What went wrong is in the log only. */
export type RunResult =
  { readonly ok: true; readonly value: RpcTypedData | null | undefined } | { readonly ok: false };

/** Calls a function, its log lines marked with its name and the start of the invocation's id. */
export async function runFunction(
  core: FunctionsCore,
  registered: RegisteredFunction,
  invocation: Invocation,
  log: Log,
): Promise<RunResult> {
  const mark = `${registered.metadata.name} ${invocation.invocationId.slice(0, 8)}`;
  try {
    const value = await invokeFunction(core, registered, invocation, (level, message) => {
      log(level, `  ${mark}: ${message}`);
    });
    return { ok: true, value };
  } catch (error) {
    log('error', `  ${mark} failed. ${describeError(error)}`);
    return { ok: false };
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
