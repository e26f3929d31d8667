import type {
  HttpHandler,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import type { Services } from '../services';
import { getServices } from '../services';
import { answerError } from './answer-error';
import { answerFaultySettings } from './answer-faulty-settings';
import type { Exchange, Handler } from './exchange';
import { readRequest } from './exchange';
import { finishAnswer } from './finish-answer';
import { startDeadline } from './start-deadline';

/** Callers give up after ten seconds; this leaves time to answer. */
const deadlineMs = 8_500;

/**
 * Makes a handler a function that Azure can call: gives it an `Exchange`, turns its errors into answers, adds
 * security headers and cookies, and answers 503 when the deadline passes, whatever the handler waits for.
 *
 * ```ts
 * app.http('reports', { route: 'reports', handler: endpoint(withRole('reader', async ({ user }) => …)) });
 * ```
 * @param answerFaults what to answer while the settings have faults
 */
export function endpoint(
  handler: Handler,
  answerFaults: typeof answerFaultySettings = answerFaultySettings,
): HttpHandler {
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
    let answer: HttpResponseInit;
    try {
      answer = await deadline.race(callHandler(handler, exchange));
    } catch (error) {
      answer = answerError(error, exchange);
    }
    return finishAnswer(answer, services.settings.isHttps, exchange.cookies);
  };
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

/** What a handler throws at once is caught like what it throws later. */
async function callHandler(handler: Handler, exchange: Exchange): Promise<HttpResponseInit> {
  return handler(exchange);
}
