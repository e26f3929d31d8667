import type {
  HttpHandler,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import type { Services } from '../services';
import { AppError } from '../errors';
import { getServices } from '../services';
import { answerError } from './answer-error';
import { answerFaultySettings } from './answer-faulty-settings';
import type { Exchange, Handler } from './exchange';
import { readRequest } from './exchange';
import { finishAnswer } from './finish-answer';
import { startDeadline } from './start-deadline';

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
 * Makes a handler a function that Azure can call: gives it an `Exchange`, turns its errors into answers, adds
 * security headers and cookies, and answers 503 when the deadline passes, whatever the handler waits for.
 *
 * ```ts
 * app.http('reports', { route: 'reports', handler: endpoint(withRole('reader', async ({ user }) => …)) });
 * ```
 */
export function endpoint(handler: Handler, options: EndpointOptions = {}): HttpHandler {
  const { answerFaults = answerFaultySettings, maxBodyBytes = usualMaxBodyBytes } = options;
  return async (request, context) => {
    const services = getServices();
    if ('faults' in services) {
      const answer = answerFaults(services.faults, request, context);
      // The setting that would tell may be the faulty one; a wrong guess does no harm, since browsers
      // heed HSTS over https alone (RFC 6797 section 8.1).
      return finishAnswer(answer, request.url.startsWith('https:'), []);
    }
    const deadline = startDeadline(deadlineMs);
    const exchange = createExchange(request, context, services, deadline.signal);
    const isRead = request.method === 'HEAD' || request.method === 'OPTIONS';
    const finish = (answer: HttpResponseInit): HttpResponseInit =>
      // Clients that only ask about a page keep no cookies: link checkers, probes, Office.
      finishAnswer(answer, services.settings.isHttps, isRead ? [] : exchange.cookies);
    try {
      return finish(await deadline.race(callHandler(handler, exchange, maxBodyBytes)));
    } catch (error) {
      // Also for an answer with a header that cannot be sent.
      return finish(answerError(error, exchange));
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

function createExchange(
  request: HttpRequest,
  context: InvocationContext,
  services: Services,
  signal: AbortSignal,
): Exchange {
  return {
    ...readRequest(request, services.settings.baseUrl),
    services,
    now: services.clock(),
    signal,
    correlationId: context.invocationId,
    cookies: [],
    visitor: { user: undefined },
    log: (level, message) => {
      context[level](message);
    },
  };
}

/** Asynchronous, so that what is thrown at once ends the request's time too. */
async function callHandler(
  handler: Handler,
  exchange: Exchange,
  maxBodyBytes: number,
): Promise<HttpResponseInit> {
  refuseLargeBody(exchange.request, maxBodyBytes);
  return handler(exchange);
}
