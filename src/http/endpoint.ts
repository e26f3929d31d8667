import type {
  Cookie,
  HttpHandler,
  HttpMethod,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import { watchBody } from '../bodies';
import { readCookies } from '../cookies';
import { AppError } from '../errors';
import type { FindServices, Handler, RequestContext, Services } from './context';
import { answerError, answerFaultySettings } from './error-response';
import {
  isForeignSubresource,
  isNavigation,
  isOffice,
  prefersHtml,
  type RequestFacts,
} from './request';
import { plainHeaders, securityHeaders } from './responses';

/** One of our functions, before it is registered with the Functions host. */
export interface HttpFunction extends EndpointOptions {
  readonly name: string;
  /** Below the base path, for example `admin/end`. With a slash in front it stands directly below the app's route prefix. */
  readonly route: string;
  /** Answers GET and HEAD, and Office's OPTIONS. */
  readonly get?: Handler;
  readonly post?: Handler;
  /** Answers every method of `methods`, and nothing else answers. */
  readonly any?: Handler;
  readonly methods?: readonly HttpMethod[];
}

/** The options with which a function is registered: its methods, and one handler for all of them. */
export interface ServedFunction {
  readonly methods: HttpMethod[];
  readonly authLevel: 'anonymous';
  readonly handler: HttpHandler;
}

/**
 * Makes one of our functions ready for the Functions host.
 *
 * The host answers 404 to a method that is not listed. So HEAD and OPTIONS are listed wherever there is GET: monitors,
 * Front Door's probes and Office send HEAD, and Office sends OPTIONS too. The host removes the body of an answer to HEAD.
 * No function key is needed, because people sign in.
 * @see RFC 9110 section 9.1
 */
export function serve(
  findServices: FindServices,
  { get, post, any, methods: anyMethods = [], ...options }: HttpFunction,
): ServedFunction {
  if (any !== undefined) {
    const handler = endpoint(findServices, any, options);
    return { methods: [...anyMethods], authLevel: 'anonymous', handler };
  }
  const methods: HttpMethod[] = [
    ...(get === undefined ? [] : (['GET', 'HEAD', 'OPTIONS'] as const)),
    ...(post === undefined ? [] : (['POST'] as const)),
  ];
  const read = get === undefined ? undefined : withOptions(get, methods);
  const handler: Handler = (context) => {
    const chosen = context.request.method === 'POST' ? post : read;
    // The host lets in only the methods that are listed.
    return chosen === undefined ? { status: 405 } : chosen(context);
  };
  return { methods, authLevel: 'anonymous', handler: endpoint(findServices, handler, options) };
}

/** The answer to OPTIONS lists the methods (RFC 9110 section 9.3.7). It gives other origins no rights. */
function withOptions(get: Handler, methods: readonly HttpMethod[]): Handler {
  return (context): Promise<HttpResponseInit> | HttpResponseInit => {
    const { request } = context;
    if (request.method !== 'OPTIONS' || isOffice(request)) return get(context);
    return { status: 204, headers: { Allow: methods.join(', ') } };
  };
}

/** Callers give up after ten seconds. This leaves time for the answer. */
const deadlineMs = 8_500;

/** 1 MiB: enough for forms and JSON, but not for files. */
const defaultMaxBodyBytes = 1_048_576;

export interface EndpointOptions {
  /** Makes the answer while the settings have faults. */
  readonly answerFaults?: typeof answerFaultySettings;
  /** A longer body is refused with ERR_BODY_TOO_LARGE. 1 MiB unless given. */
  readonly maxBodyBytes?: number;
}

/**
 * Makes a handler that the Functions host can call. It gives `handler` a `RequestContext`, turns errors into answers, and
 * adds security headers and cookies. When the deadline passes it answers 503, even if the handler still waits.
 */
export function endpoint(
  findServices: FindServices,
  handler: Handler,
  options: EndpointOptions = {},
): HttpHandler {
  const { answerFaults = answerFaultySettings, maxBodyBytes = defaultMaxBodyBytes } = options;
  return async (request, invocation) => {
    const services = findServices();
    if ('faults' in services) {
      const answer = answerFaults(services, request, invocation);
      // APP_BASE_URL may be the faulty setting, so the request's own scheme decides. A wrong guess does no harm:
      // browsers ignore HSTS in an answer over http (RFC 6797 section 8.1).
      return finishAnswer(answer, request.url.startsWith('https:'), []);
    }
    const deadline = startDeadline(deadlineMs);
    const stream = services.hostStreams.find(invocation.invocationId);
    stream?.onGone(deadline.abandon);
    const context = createContext(request, invocation, services, deadline);
    const isRead = request.method === 'HEAD' || request.method === 'OPTIONS';
    // Link checkers, probes and Office only ask about a page. They keep no cookies.
    const finish = (answer: HttpResponseInit): HttpResponseInit =>
      finishAnswer(answer, services.settings.isHttps, isRead ? [] : context.cookies);
    const work = async (): Promise<HttpResponseInit> => {
      const answer = withoutBody(await callHandler(handler, context, maxBodyBytes), request.method);
      return stream === undefined ? wholeAnswer(answer, context) : answer;
    };
    try {
      const answer = finish(await services.events.during(invocation, () => deadline.race(work())));
      const { body } = answer;
      // A stream may be silent for long before its first part, so the deadline does not count here.
      return stream !== undefined && body instanceof ReadableStream
        ? { ...answer, body: await stream.follow(body) }
        : answer;
    } catch (error) {
      // `finish` may have failed too, when a header of the answer cannot be sent.
      return finish(answerError(error, context));
    } finally {
      services.activity.flushSoon();
    }
  };
}

function createContext(
  request: HttpRequest,
  invocation: InvocationContext,
  services: Services,
  { signal, extend }: Deadline,
): RequestContext {
  const visitor: RequestContext['visitor'] = { user: undefined };
  return {
    ...readRequest(request, services.settings.baseUrl),
    services,
    now: services.clock(),
    signal,
    extendDeadline: extend,
    isStreamed: services.hostStreams.find(invocation.invocationId) !== undefined,
    invocation,
    correlationId: invocation.invocationId,
    cookies: [],
    visitor,
    tell: (event) => {
      services.events.tell(event, invocation, visitor.person);
    },
  };
}

/** It is asynchronous, so that an error that is thrown at once becomes a rejection too, and stops the deadline. */
async function callHandler(
  handler: Handler,
  context: RequestContext,
  maxBodyBytes: number,
): Promise<HttpResponseInit> {
  refuseLargeBody(context.request, maxBodyBytes);
  limitBody(context.request, maxBodyBytes);
  return handler(context);
}

/**
 * Checks the length in the header before anybody reads the body, because reading copies it several times. A body without a
 * length arrives empty, because the Functions host requires the header; in stream mode `limitBody` counts it.
 */
function refuseLargeBody(request: HttpRequest, maxBodyBytes: number): void {
  const length = Number(request.headers.get('content-length') ?? 0);
  if (!(length <= maxBodyBytes)) throw new AppError('ERR_BODY_TOO_LARGE');
}

/**
 * Makes the body of a request end with ERR_BODY_TOO_LARGE when more than `maxBytes` of it come. A body with a length was
 * checked by its header, and the host lets no more come. In stream mode (`enableHttpStream`) a body may have no length.
 */
function limitBody(request: HttpRequest, maxBytes: number): void {
  const { body, bodyUsed, headers } = request;
  if (body === null || bodyUsed || headers.has('content-length')) return;
  const watched = watchBody(body, {
    max: { bytes: maxBytes, error: () => new AppError('ERR_BODY_TOO_LARGE') },
  });
  const type = headers.get('content-type');
  // It reads a stream in each of the ways in which a request does.
  const limited = new Response(watched, { headers: type === null ? {} : { 'content-type': type } });
  // The library's own members would read the body without its limit.
  for (const name of ['body', 'bodyUsed'] as const) {
    Object.defineProperty(request, name, { get: () => limited[name] });
  }
  for (const name of ['arrayBuffer', 'blob', 'formData', 'json', 'text'] as const) {
    Object.defineProperty(request, name, { value: () => limited[name]() });
  }
}

/** An answer to HEAD has no body. A stream ends at once, since nobody reads it and it may have no end. */
function withoutBody(answer: HttpResponseInit, method: string): HttpResponseInit {
  const { body } = answer;
  if (method !== 'HEAD' || !(body instanceof ReadableStream)) return answer;
  void body.cancel().catch(() => undefined);
  return { ...answer, body: undefined };
}

/** In front of Azure's host a load balancer ends what takes 230 seconds. This leaves time for the answer. */
const maxWholeSeconds = 200;

/**
 * The same answer with its body in memory. Unless in stream mode, the host sends nothing before the body is there, and answers an
 * empty 500 when that fails. Read here, a body that breaks off or comes to a halt becomes an answer that says so.
 */
async function wholeAnswer(
  answer: HttpResponseInit,
  { now, services, extendDeadline }: RequestContext,
): Promise<HttpResponseInit> {
  const { body } = answer;
  if (!(body instanceof ReadableStream) || body.locked) return answer;
  const onPart = (): void => {
    if (services.clock() < now + maxWholeSeconds) extendDeadline();
  };
  const whole = new Response(watchBody(body, { onPart }));
  return { ...answer, body: new Uint8Array(await whole.arrayBuffer()) };
}

/** Adds the security headers, unless the answer has them already, and the cookies of the context. */
export function finishAnswer(
  answer: HttpResponseInit,
  isHttps: boolean,
  cookies: readonly Cookie[],
): HttpResponseInit {
  return {
    ...answer,
    headers: finishHeaders(answer.headers, isHttps),
    cookies: [...(answer.cookies ?? []), ...cookies],
  };
}

function finishHeaders(given: HttpResponseInit['headers'], isHttps: boolean): HeadersInit {
  const plain = plainHeaders(given);
  if (plain !== undefined) {
    const isHtml = plain['content-type']?.startsWith('text/html') === true;
    return { ...securityHeaders({ isHtml, isHttps }), ...plain };
  }
  const headers = new Headers(given);
  const isHtml = headers.get('content-type')?.startsWith('text/html') === true;
  for (const [name, value] of Object.entries(securityHeaders({ isHtml, isHttps }))) {
    if (!headers.has(name)) headers.set(name, value);
  }
  for (const [name, value] of headers) requireSendable(name, value);
  return headers;
}

/** The Functions host answers an empty 500 otherwise, and the app's log has nothing of it. `filename*=UTF-8''…` has room for all names (RFC 6266). */
function requireSendable(name: string, value: string): void {
  if (/^[\t -~]*$/.test(value)) return;
  const note = `the header ${name} has characters outside ASCII, which the Functions host does not send`;
  throw new AppError('ERR_INTERNAL', { note });
}

/** The running deadline of a request. */
interface Deadline {
  /** Aborted when the deadline has passed. */
  readonly signal: AbortSignal;
  /** Starts it again, if it has not passed yet. */
  readonly extend: () => void;
  /** Aborts the signal at once: nobody waits for the answer any more. */
  readonly abandon: () => void;
  /**
   * The result of `work`, which also stops the deadline.
   * @throws ERR_DEADLINE when `work` goes on waiting after the signal was aborted
   */
  race<T>(work: Promise<T>): Promise<T>;
}

/** The time between the signal and ERR_DEADLINE. A call that obeys the signal can still say which service did not answer. */
const lastResortMs = 500;

/**
 * Starts the deadline of a request. `AbortSignal.timeout` does not fit: nothing can stop it, so every answered request and
 * all listeners of its signal would stay in memory until the timeout.
 */
function startDeadline(milliseconds: number): Deadline {
  const controller = new AbortController();
  const lastResort = Promise.withResolvers<never>();
  // Node.js ends the process, and all its requests with it, when nobody handles a rejection.
  lastResort.promise.catch(() => undefined);
  let lastResortTimer: NodeJS.Timeout | undefined;
  let isWaitedFor = true;
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The deadline of the request has passed.', 'TimeoutError'));
    if (!isWaitedFor) return;
    lastResortTimer = setTimeout(() => {
      lastResort.reject(new AppError('ERR_DEADLINE'));
    }, lastResortMs);
  }, milliseconds).unref();
  return {
    signal: controller.signal,
    extend: () => {
      if (isWaitedFor && !controller.signal.aborted) timer.refresh();
    },
    abandon: () => {
      controller.abort(new DOMException('The caller has gone.', 'AbortError'));
    },
    race: async (work) => {
      try {
        const result = await Promise.race([work, lastResort.promise]);
        // After a failure the deadline goes on: other calls that the handler began still end by the signal.
        clearTimeout(timer);
        return result;
      } finally {
        isWaitedFor = false;
        clearTimeout(lastResortTimer);
      }
    },
  };
}

/**
 * Reads the facts about a request.
 * @param baseUrl the app's own origin
 */
export function readRequest(request: HttpRequest, baseUrl: string): RequestFacts {
  const url = new URL(request.url);
  return {
    request,
    path: url.pathname + url.search,
    query: url.searchParams,
    isNavigation: isNavigation(request),
    prefersHtml: prefersHtml(request.headers.get('accept')),
    requestCookies: readCookies(
      isForeignSubresource(request, baseUrl) ? null : request.headers.get('cookie'),
    ),
  };
}
