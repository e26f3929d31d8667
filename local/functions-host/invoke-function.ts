import { randomBytes, randomUUID } from 'node:crypto';
import type { FunctionsCore, RegisteredFunction } from './functions-core';
import { logCategory } from './log';
import type {
  CoreInvocationContext,
  HookCallback,
  RpcInvocationRequest,
  RpcTypedData,
} from './rpc';

/** Takes what a function logs, by level and category. */
export type InvocationLog = CoreInvocationContext['log'];

/** One call: what the function gets, under its trigger binding's name. */
export interface Invocation {
  readonly invocationId: string;
  readonly inputName: string;
  readonly input: RpcTypedData;
  readonly traceContext: TraceContext;
}

/** The W3C trace that an invocation belongs to. */
export interface TraceContext {
  readonly traceParent: string;
  readonly traceState?: string;
}

/** A new invocation's id, a GUID. */
export function createInvocationId(): string {
  return randomUUID();
}

/**
 * The trace of a new invocation: the trace that the caller sent in `traceparent`, under a span of its own, or else a
 * new one. As in ASP.NET Core, a header that is repeated or not well formed is no trace, and its state goes with it.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function createTraceContext(
  headers: Readonly<Record<string, readonly string[] | undefined>> = {},
): TraceContext {
  const span = randomBytes(8).toString('hex');
  const [sent, ...others] = headers['traceparent'] ?? [];
  const [, traceId, flags] =
    /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/.exec(sent ?? '') ??
    [];
  if (traceId === undefined || flags === undefined || others.length > 0) {
    return { traceParent: `00-${randomBytes(16).toString('hex')}-${span}-00` };
  }
  const traceState = headers['tracestate']?.join(',');
  return {
    traceParent: `00-${traceId}-${span}-${flags}`,
    ...(traceState !== undefined && { traceState }),
  };
}

/**
 * Calls a function the way the Node worker does: the library makes the arguments, hooks may change
 * them, the library runs the handler and turns its result into RPC data.
 * @throws what the handler or a hook threw
 */
export async function invokeFunction(
  core: FunctionsCore,
  registered: RegisteredFunction,
  invocation: Invocation,
  log: InvocationLog,
): Promise<RpcTypedData | null | undefined> {
  const programmingModel = core.programmingModel();
  if (programmingModel === undefined) {
    throw new Error('The app has not registered a programming model.');
  }
  const coreContext = createCoreContext(registered, invocation, log);
  const model = await programmingModel.getInvocationModel(coreContext);
  const { context, inputs } = await model.getArguments();
  const shared = { hookData: {}, appHookData: core.appHookData, invocationContext: context };

  const before = { ...shared, functionCallback: registered.callback, inputs };
  coreContext.state = 'preInvocationHooks';
  await runHooks(core.hooks.preInvocation, before);

  const after: Outcome = { ...shared, inputs: before.inputs, result: null, error: null };
  coreContext.state = 'invocation';
  try {
    after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error;
  }
  coreContext.state = 'postInvocationHooks';
  await runHooks(core.hooks.postInvocation, after);
  coreContext.state = undefined;

  if (after.error !== undefined && after.error !== null) {
    throw asError(after.error);
  }
  return (await model.getResponse(context, after.result)).returnValue;
}

interface Outcome {
  inputs: unknown[];
  result: unknown;
  error: unknown;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('The function threw.', { cause: thrown });
}

/** Runs hooks one after the other, in the order they were registered. */
export async function runHooks(hooks: readonly HookCallback[], context: object): Promise<void> {
  for (const hook of hooks) {
    await hook(context);
  }
}

function createCoreContext(
  registered: RegisteredFunction,
  invocation: Invocation,
  log: InvocationLog,
): CoreInvocationContext {
  const { metadata } = registered;
  const request: RpcInvocationRequest = {
    invocationId: invocation.invocationId,
    functionId: metadata.functionId ?? metadata.name,
    inputData: [{ name: invocation.inputName, data: invocation.input }],
    traceContext: invocation.traceContext,
  };
  return {
    invocationId: invocation.invocationId,
    request,
    metadata,
    log: (level, category, message) => {
      const isUsers = category.toLowerCase() === 'user';
      log(level, isUsers ? logCategory.user(metadata.name) : logCategory.worker, message);
    },
  };
}
