import type { FunctionsCore } from './functions-core';
import { createInvocationId } from './invoke-function';
import type { Log } from './log';
import { runFunction } from './run-function';
import { toRpcTimer, type TimerFunction } from './timers';

/** Calls a timer function once and logs how that went; never throws. */
export async function runTimer(core: FunctionsCore, timer: TimerFunction, log: Log): Promise<void> {
  const started = performance.now();
  const invocationId = createInvocationId();
  const input = toRpcTimer(timer, Date.now() / 1000);
  const invocation = { invocationId, inputName: timer.bindingName, input };
  const { ok } = await runFunction(core, timer.registered, invocation, log);
  const ms = Math.round(performance.now() - started);
  const how = ok ? 'succeeded' : 'failed';
  log('information', `timer ${how} ${ms}ms (${timer.name} ${invocationId.slice(0, 8)})`);
}
