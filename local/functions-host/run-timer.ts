import { createInvocationId, createTraceContext } from './invoke-function';
import { logCategory } from './log';
import { runFunction, type RunParts } from './run-function';
import { toRpcTimer, type TimerFunction } from './timers';

/** Calls a timer function once and logs how that went; never throws. */
export async function runTimer(parts: RunParts, timer: TimerFunction): Promise<void> {
  const started = performance.now();
  const invocationId = createInvocationId();
  const input = toRpcTimer(timer, Date.now() / 1000);
  const traceContext = createTraceContext();
  const invocation = { invocationId, inputName: timer.bindingName, input, traceContext };
  const { ok } = await runFunction(parts, timer.registered, invocation);
  const ms = Math.round(performance.now() - started);
  const how = ok ? 'succeeded' : 'failed';
  parts.log(
    'information',
    logCategory.results,
    `timer ${how} ${ms}ms (${timer.name} ${invocationId.slice(0, 8)})`,
  );
}
