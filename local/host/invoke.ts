import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answerBuiltIn,
  answerWithoutFunction,
  type BuiltInContext,
  type FrontEndServer,
  hasKey,
} from './beside-functions';
import type {
  CoreInvocationContext,
  FunctionsCore,
  HookCallback,
  RegisteredFunction,
  RpcHttpData,
  RpcInvocationRequest,
  RpcTypedData,
} from './functions-core';
import { type HostJson, type Log, logCategory } from './host-files';
import {
  BodyTooLargeError,
  encodePath,
  readBody,
  readRequestLine,
  type RequestLine,
  toRpcRequest,
} from './http-request';
import {
  emptyResponse,
  forward,
  type HostResponse,
  streamMetadata,
  toHostResponse,
  writeHttpResponse,
} from './http-response';
import { findRoute, type HttpFunction } from './routes';
import { type TimerFunction, toRpcTimer } from './timers';

/** What answering a request needs. */
export interface HostContext extends RunContext, BuiltInContext {
  readonly routes: readonly HttpFunction[];
  readonly hostJson: HostJson;
  readonly isHttps: boolean;
  /** In stream mode, where the library takes requests. */
  readonly streamUri: string | undefined;
  /** What answers where no function does, while a front end is developed. */
  readonly frontEnd: FrontEndServer | undefined;
  /** FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. */
  readonly maxBodyBytes: number;
}

// ASP.NET Core sends no HSTS for these, since a developer's browser would remember it.
const hostsWithoutHsts = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** Answers one request, and logs one line about it. Query and cookies are not logged: they hold secrets. */
export async function answerRequest(
  host: HostContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { log } = host;
  const started = performance.now();
  const line = readRequestLine(request);
  if ('refusedWith' in line) {
    const { refusedWith, why } = line;
    request.resume();
    writeHttpResponse(response, emptyResponse(refusedWith, true), {});
    log('information', logCategory.results, `${request.method ?? ''} ${refusedWith} (${why})`);
    return;
  }
  const found = await findAnswer(host, request, line);
  if (found === undefined) {
    await host.frontEnd?.pass(request, response);
    return;
  }
  const { answer, by } = found;
  const withHsts = host.isHttps && !hostsWithoutHsts.test(line.host);
  writeHttpResponse(response, answer, {
    ...(withHsts &&
      host.hostJson.hsts !== undefined && { 'strict-transport-security': host.hostJson.hsts }),
    ...host.hostJson.customHeaders,
  });
  const ms = Math.round(performance.now() - started);
  log(
    'information',
    logCategory.results,
    `${line.method} ${encodePath(line.path)} ${answer.status} ${ms}ms (${by})`,
  );
}

interface Found {
  readonly answer: HostResponse;
  /** Who answered, for the log. */
  readonly by: string;
}

/** Undefined: the development server of the front end answers. */
async function findAnswer(
  host: HostContext,
  request: IncomingMessage,
  line: RequestLine,
): Promise<Found | undefined> {
  const builtIn = await answerBuiltIn(host, request, line);
  if (builtIn !== undefined) {
    return { answer: builtIn, by: 'host' };
  }
  const found = findRoute(host.routes, line.method, line.path);
  if (found === undefined && host.frontEnd !== undefined) {
    return undefined;
  }
  if (found === undefined) {
    request.resume();
    return { answer: answerWithoutFunction(host, line.path), by: 'host' };
  }
  const { key } = host;
  if (key !== undefined && !found.route.isAnonymous && !hasKey(key, request, line)) {
    request.resume();
    return { answer: emptyResponse(401), by: 'host' };
  }
  return callFunction(host, request, line, found);
}

async function callFunction(
  host: HostContext,
  request: IncomingMessage,
  line: RequestLine,
  { route, params }: NonNullable<ReturnType<typeof findRoute>>,
): Promise<Found> {
  const invocationId = createInvocationId();
  const by = `${route.name} ${invocationId.slice(0, 8)}`;
  try {
    const { isHttps, maxBodyBytes, streamUri: uri } = host;
    const body = uri === undefined ? await readBody(request, maxBodyBytes) : new Uint8Array();
    const http = toRpcRequest(request, line, isHttps, params, body);
    const invocation = {
      invocationId,
      inputName: route.bindingName,
      input: uri === undefined ? { http } : {},
      ...(uri !== undefined && { triggerMetadata: streamMetadata(headersOf(http), params) }),
      traceContext: createTraceContext(request.headersDistinct),
    };
    const running = runFunction(host, route.registered, invocation);
    if (uri !== undefined) {
      const streamed = forward(request, line, { uri, invocationId, isHttps, maxBodyBytes });
      const failed = running.then(({ ok }) => (ok ? streamed : emptyResponse(500)));
      return { answer: await Promise.race([streamed, failed]), by };
    }
    const result = await running;
    return { answer: result.ok ? toHostResponse(result.value) : emptyResponse(500), by };
  } catch (error) {
    host.log('error', logCategory.function(route.name), `  ${by} failed. ${describeError(error)}`);
    return { answer: emptyResponse(500, error instanceof BodyTooLargeError), by };
  }
}

function headersOf({ nullableHeaders = {} }: RpcHttpData): Record<string, string> {
  const values = Object.entries(nullableHeaders);
  return Object.fromEntries(values.map(([name, { value }]) => [name, value ?? '']));
}

/** Calls a timer function once and logs how that went; never throws. */
export async function runTimer(host: RunContext, timer: TimerFunction): Promise<void> {
  const started = performance.now();
  const invocationId = createInvocationId();
  const input = toRpcTimer(timer, Date.now() / 1000);
  const traceContext = createTraceContext();
  const invocation = { invocationId, inputName: timer.bindingName, input, traceContext };
  const { ok } = await runFunction(host, timer.registered, invocation);
  const ms = Math.round(performance.now() - started);
  const how = ok ? 'succeeded' : 'failed';
  host.log(
    'information',
    logCategory.results,
    `timer ${how} ${ms}ms (${timer.name} ${invocationId.slice(0, 8)})`,
  );
}

/** How a call ended: with a value, or in failure. What went wrong is in the log only. */
type RunResult =
  { readonly ok: true; readonly value: RpcTypedData | null | undefined } | { readonly ok: false };

/** What running a function needs. */
export interface RunContext {
  readonly core: FunctionsCore;
  /** `functionTimeout` of host.json, in seconds. Undefined: there is no limit. */
  readonly timeoutSeconds: number | undefined;
  readonly log: Log;
}

/**
 * Calls a function. Its log lines begin with its name and the first characters of the invocation's id. After
 * `timeoutSeconds` it has failed, and its result is ignored.
 */
async function runFunction(
  { core, timeoutSeconds, log }: RunContext,
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

/** An error for the log: its stack, and the stacks of its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}

/** Takes what a function logs, by level and category. */
type InvocationLog = CoreInvocationContext['log'];

/** One call: what the function gets, under its trigger binding's name. */
interface Invocation {
  readonly invocationId: string;
  readonly inputName: string;
  readonly input: RpcTypedData;
  /** In stream mode only. */
  readonly triggerMetadata?: Readonly<Record<string, RpcTypedData>>;
  readonly traceContext: TraceContext;
}

/** The W3C trace that an invocation belongs to. */
interface TraceContext {
  readonly traceParent: string;
  readonly traceState?: string;
}

/** A new invocation's id, a GUID. */
function createInvocationId(): string {
  return randomUUID();
}

/**
 * The trace of a new invocation: the caller's trace (`traceparent`) with a new span, otherwise a new trace. As in ASP.NET
 * Core, a repeated or malformed header is ignored, and `tracestate` with it.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
function createTraceContext(
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
async function invokeFunction(
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
    ...(invocation.triggerMetadata && { triggerMetadata: invocation.triggerMetadata }),
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
