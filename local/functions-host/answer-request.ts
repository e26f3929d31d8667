import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerBuiltIn, answerWithoutFunction, hasKey, type BuiltInParts } from './built-in-routes';
import { findRoute, type HttpFunction } from './create-routes';
import { encodePath } from './decode-path';
import { createInvocationId, createTraceContext } from './invoke-function';
import { logCategory } from './log';
import { BodyTooLargeError, readBody } from './read-body';
import type { HostJson } from './read-host-json';
import { readRequestLine, toRpcRequest, type RequestLine } from './read-http-request';
import { describeError, runFunction, type RunParts } from './run-function';
import {
  emptyResponse,
  toHostResponse,
  writeHttpResponse,
  type HostResponse,
} from './write-http-response';

/** What answering needs. */
export interface AnswerParts extends RunParts, BuiltInParts {
  readonly routes: readonly HttpFunction[];
  readonly hostJson: HostJson;
  readonly isHttps: boolean;
  /** The longest body that is taken: FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. */
  readonly mostBodyBytes: number;
}

// ASP.NET Core leaves HSTS out for these, or a developer's browser would remember it.
const hostsWithoutHsts = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/** Answers one request and logs it in one line, without query and cookies: they hold secrets. */
export async function answerRequest(
  parts: AnswerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { log } = parts;
  const started = performance.now();
  const line = readRequestLine(request);
  if ('refusedWith' in line) {
    const { refusedWith, why } = line;
    request.resume();
    writeHttpResponse(response, emptyResponse(refusedWith, true), {});
    log('information', logCategory.results, `${request.method ?? ''} ${refusedWith} (${why})`);
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

async function findAnswer(
  parts: AnswerParts,
  request: IncomingMessage,
  line: RequestLine,
): Promise<Found> {
  const builtIn = await answerBuiltIn(parts, request, line);
  if (builtIn !== undefined) {
    return { answer: builtIn, by: 'host' };
  }
  const found = findRoute(parts.routes, line.method, line.path);
  if (found === undefined) {
    request.resume();
    return { answer: answerWithoutFunction(parts, line.path), by: 'host' };
  }
  const { key } = parts;
  if (key !== undefined && !found.route.isAnonymous && !hasKey(key, request, line)) {
    request.resume();
    return { answer: emptyResponse(401), by: 'host' };
  }
  return callFunction(parts, request, line, found);
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
    const invocation = {
      invocationId,
      inputName: route.bindingName,
      input: { http },
      traceContext: createTraceContext(request.headersDistinct),
    };
    const result = await runFunction(parts, route.registered, invocation);
    return { answer: result.ok ? toHostResponse(result.value) : emptyResponse(500), by };
  } catch (error) {
    parts.log('error', logCategory.function(route.name), `  ${by} failed. ${describeError(error)}`);
    return { answer: emptyResponse(500, error instanceof BodyTooLargeError), by };
  }
}
