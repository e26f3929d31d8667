import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodePath } from './decode-path';
import { findRoute, type HttpFunction } from './create-routes';
import { hostPage } from './host-page';
import { createInvocationId, type Invocation } from './invoke-function';
import { BodyTooLargeError, readBody } from './read-body';
import type { HostJson } from './read-host-json';
import { readRequestLine, toRpcRequest, type RequestLine } from './read-http-request';
import { describeError, runFunction, type RunParts } from './run-function';
import { startOnDemand } from './start-on-demand';
import type { TimerFunction } from './timers';
import {
  emptyResponse,
  toHostResponse,
  writeHttpResponse,
  type HostResponse,
} from './write-http-response';

/** What answering needs. */
export interface AnswerParts extends RunParts {
  readonly routes: readonly HttpFunction[];
  readonly timers: readonly TimerFunction[];
  readonly runTimer: (timer: TimerFunction) => Promise<void>;
  readonly hostJson: HostJson;
  readonly isHttps: boolean;
  /** AzureWebJobsDisableHomepage: `/` without a function is 204. */
  readonly hidesHostPage: boolean;
  /** `--enableAuth`: functions that want a key answer 401. Else, as under `func start`, none is asked for. */
  readonly wantsKeys: boolean;
  readonly mostBodyBytes: number;
}

/** The longest body the real host takes; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT changes it. */
export const usualMostBodyBytes = 104_857_600;

// ASP.NET Core leaves HSTS out for these, or a developer's browser would remember it.
const hostsWithoutHsts = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** Answers one request and logs it in one line, without query and cookies: they hold secrets. */
export async function answerRequest(
  parts: AnswerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const started = performance.now();
  const line = readRequestLine(request);
  if (typeof line === 'number') {
    request.resume();
    writeHttpResponse(response, emptyResponse(line, true), {});
    parts.log('information', `${request.method ?? ''} (refused) ${line}`);
    return;
  }
  const { answer, by } = await findAnswer(parts, request, line);
  const withHsts = parts.isHttps && !hostsWithoutHsts.test(line.host);
  writeHttpResponse(response, answer, {
    ...(withHsts &&
      parts.hostJson.hsts !== undefined && { 'strict-transport-security': parts.hostJson.hsts }),
    ...parts.hostJson.customHeaders,
  });
  const ms = Math.round(performance.now() - started);
  parts.log(
    'information',
    `${line.method} ${encodePath(line.path)} ${answer.status} ${ms}ms (${by})`,
  );
}

interface Found {
  readonly answer: HostResponse;
  /** Who answered, for the log. */
  readonly by: string;
}

async function findAnswer(
  parts: AnswerParts,
  request: IncomingMessage,
  line: RequestLine,
): Promise<Found> {
  const onDemand = await startOnDemand(parts, request, line);
  if (onDemand !== undefined) {
    return { answer: onDemand, by: 'host' };
  }
  const found = findRoute(parts.routes, line.method, line.path);
  if (found === undefined) {
    request.resume();
    return { answer: answerWithoutRoute(parts, line), by: 'host' };
  }
  if (parts.wantsKeys && !found.route.isAnonymous) {
    request.resume();
    parts.log('warning', `'${found.route.name}' wants a function key: there are none here.`);
    return { answer: emptyResponse(401), by: 'host' };
  }
  return callFunction(parts, request, line, found);
}

function answerWithoutRoute(parts: AnswerParts, line: RequestLine): HostResponse {
  if (line.path !== '/') {
    return emptyResponse(404);
  }
  if (parts.hidesHostPage) {
    return emptyResponse(204);
  }
  const body = Buffer.from(hostPage);
  return {
    status: 200,
    headers: [
      ['content-type', 'text/html'],
      ['content-length', String(body.length)],
    ],
    body,
  };
}

async function callFunction(
  parts: AnswerParts,
  request: IncomingMessage,
  line: RequestLine,
  { route, params }: NonNullable<ReturnType<typeof findRoute>>,
): Promise<Found> {
  const invocationId = createInvocationId();
  const by = `${route.name} ${invocationId.slice(0, 8)}`;
  try {
    const body = await readBody(request, parts.mostBodyBytes);
    const http = toRpcRequest(request, line, parts.isHttps, params, body);
    const traceContext = readTraceContext(request);
    const invocation: Invocation = {
      invocationId,
      inputName: route.bindingName,
      input: { http },
      ...(traceContext && { traceContext }),
    };
    const result = await runFunction(parts, route.registered, invocation);
    return { answer: result.ok ? toHostResponse(result.value) : emptyResponse(500), by };
  } catch (error) {
    parts.log('error', `  ${by} failed. ${describeError(error)}`);
    return { answer: emptyResponse(500, error instanceof BodyTooLargeError), by };
  }
}

// https://www.w3.org/TR/trace-context/#traceparent-header
function readTraceContext(request: IncomingMessage): Invocation['traceContext'] {
  const [traceParent, ...others] = request.headersDistinct['traceparent'] ?? [];
  if (
    traceParent === undefined ||
    others.length > 0 ||
    !/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceParent)
  ) {
    return undefined;
  }
  const traceState = request.headersDistinct['tracestate']?.join(',');
  return { traceParent, ...(traceState !== undefined && { traceState }) };
}
