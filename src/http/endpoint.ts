import type {
  Cookie,
  HttpHandler,
  HttpMethod,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import { AppError } from '../errors';
import type { FindServices, Handler, RequestContext, Services } from './context';
import { answerError, answerFaultySettings } from './error-response';
import { isOffice, readRequest } from './request';
import { securityHeaders } from './responses';

/** A function of ours, as it is registered with the Functions host. */
export interface HttpFunction extends EndpointOptions {
  readonly name: string;
  /** Below the base path, `admin/end` for instance; with a slash in front, below the app's route prefix alone. */
  readonly route: string;
  /** Answers GET, and so HEAD and OPTIONS too. */
  readonly get?: Handler;
  readonly post?: Handler;
}

/** What a function is registered with: its methods, and a handler that answers each of them. */
export interface ServedFunction {
  readonly methods: HttpMethod[];
  readonly authLevel: 'anonymous';
  readonly handler: HttpHandler;
}

/**
 * Makes a function of ours one that the Functions host can call. The host answers 404 to a method that is not listed, and
 * monitors, Front Door's probes and Office ask by HEAD (RFC 9110 section 9.1 wants it wherever there is GET), Office by
 * OPTIONS too. The host cuts the body of an answer to HEAD. Function keys open nothing: people sign in.
 */
export function serve(
  findServices: FindServices,
  { get, post, ...options }: HttpFunction,
): ServedFunction {
  const methods: HttpMethod[] = [
    ...(get === undefined ? [] : (['GET', 'HEAD', 'OPTIONS'] as const)),
    ...(post === undefined ? [] : (['POST'] as const)),
  ];
  const read = get === undefined ? undefined : withOptions(get, methods);
  const handler: Handler = (context) => {
    const chosen = context.request.method === 'POST' ? post : read;
    // The host lets no other method in than those listed.
    return chosen === undefined ? { status: 405 } : chosen(context);
  };
  return { methods, authLevel: 'anonymous', handler: endpoint(findServices, handler, options) };
}

/** OPTIONS lists the methods (RFC 9110 section 9.3.7) and gives other origins no rights. */
function withOptions(get: Handler, methods: readonly HttpMethod[]): Handler {
  return (context): Promise<HttpResponseInit> | HttpResponseInit => {
    const { request } = context;
    if (request.method !== 'OPTIONS' || isOffice(request)) return get(context);
    return { status: 204, headers: { Allow: methods.join(', ') } };
  };
}

/** Callers give up after ten seconds; this leaves time to answer. */
const deadlineMs = 8_500;

/** 1 MiB: forms and JSON of people, no files. */
const usualMaxBodyBytes = 1_048_576;

export interface EndpointOptions {
  /** What to answer while the settings have faults. */
  readonly answerFaults?: typeof answerFaultySettings;
  /** For a function that takes more, or should take less, than 1 MiB; longer bodies are ERR_BODY_TOO_LARGE. */
  readonly maxBodyBytes?: number;
}

/**
 * Makes a handler a function that Azure can call: gives it a `RequestContext`, turns its errors into answers, adds
 * security headers and cookies, and answers 503 when the deadline passes, whatever the handler waits for.
 */
export function endpoint(
  findServices: FindServices,
  handler: Handler,
  options: EndpointOptions = {},
): HttpHandler {
  const { answerFaults = answerFaultySettings, maxBodyBytes = usualMaxBodyBytes } = options;
  return async (request, invocation) => {
    const services = findServices();
    if ('faults' in services) {
      const answer = answerFaults(services, request, invocation);
      // The setting that would tell may be the faulty one; a wrong guess does no harm, since browsers
      // heed HSTS over https alone (RFC 6797 section 8.1).
      return finishAnswer(answer, request.url.startsWith('https:'), []);
    }
    const deadline = startDeadline(deadlineMs);
    const context = createContext(request, invocation, services, deadline.signal);
    const isRead = request.method === 'HEAD' || request.method === 'OPTIONS';
    const finish = (answer: HttpResponseInit): HttpResponseInit =>
      // Clients that only ask about a page keep no cookies: link checkers, probes, Office.
      finishAnswer(answer, services.settings.isHttps, isRead ? [] : context.cookies);
    try {
      return finish(await deadline.race(callHandler(handler, context, maxBodyBytes)));
    } catch (error) {
      // Also for an answer with a header that cannot be sent.
      return finish(answerError(error, context));
    }
  };
}

/**
 * Looks at the length in the header before the body is read, since reading copies it several times. A body without a
 * length arrives empty (the Functions host requires one).
 */
function refuseLargeBody(request: HttpRequest, maxBodyBytes: number): void {
  const length = Number(request.headers.get('content-length') ?? 0);
  if (!(length <= maxBodyBytes)) throw new AppError('ERR_BODY_TOO_LARGE');
}

function createContext(
  request: HttpRequest,
  invocation: InvocationContext,
  services: Services,
  signal: AbortSignal,
): RequestContext {
  return {
    ...readRequest(request, services.settings.baseUrl),
    services,
    now: services.clock(),
    signal,
    invocation,
    correlationId: invocation.invocationId,
    cookies: [],
    visitor: { user: undefined },
    log: (level, message) => {
      invocation[level](message);
    },
  };
}

/** Asynchronous, so that what is thrown at once ends the request's time too. */
async function callHandler(
  handler: Handler,
  context: RequestContext,
  maxBodyBytes: number,
): Promise<HttpResponseInit> {
  refuseLargeBody(context.request, maxBodyBytes);
  return handler(context);
}

/** Adds security headers (a handler's own value wins) and the cookies gathered on the way. */
export function finishAnswer(
  answer: HttpResponseInit,
  isHttps: boolean,
  cookies: readonly Cookie[],
): HttpResponseInit {
  const headers = new Headers(answer.headers);
  const isHtml = headers.get('content-type')?.startsWith('text/html') === true;
  for (const [name, value] of Object.entries(securityHeaders({ isHtml, isHttps }))) {
    if (!headers.has(name)) headers.set(name, value);
  }
  return { ...answer, headers, cookies: [...(answer.cookies ?? []), ...cookies] };
}

/** A request's time, running. */
interface Deadline {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** What `work` gives, which ends the time; or ERR_DEADLINE when `work` turns out to be deaf to the signal. */
  race<T>(work: Promise<T>): Promise<T>;
}

/** What waits learns of the deadline first, so that it can say which service did not answer. */
const lastResortMs = 500;

/**
 * Starts a request's time. Not by `AbortSignal.timeout`: that cannot be taken back, and so keeps every request that was
 * answered, and all that listened to its signal, in memory until its time is over.
 */
function startDeadline(milliseconds: number): Deadline {
  const controller = new AbortController();
  const lastResort = Promise.withResolvers<never>();
  // Node ends the process, with all its requests, for a rejection that nobody handles.
  lastResort.promise.catch(() => undefined);
  let lastResortTimer: NodeJS.Timeout | undefined;
  let isWaitedFor = true;
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The time of the request is over.', 'TimeoutError'));
    if (!isWaitedFor) return;
    lastResortTimer = setTimeout(() => {
      lastResort.reject(new AppError('ERR_DEADLINE'));
    }, lastResortMs);
  }, milliseconds).unref();
  return {
    signal: controller.signal,
    race: async (work) => {
      try {
        const result = await Promise.race([work, lastResort.promise]);
        // Not after a failure: what was begun beside what failed ends by the signal.
        clearTimeout(timer);
        return result;
      } finally {
        isWaitedFor = false;
        clearTimeout(lastResortTimer);
      }
    },
  };
}
