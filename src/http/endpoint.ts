import type {
  HttpHandler,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import { AppError } from '../errors';
import type { Services } from '../services';
import { getServices } from '../services';
import { answerError } from './answer-error';
import { answerFaultySettings } from './answer-faulty-settings';
import type { Exchange, Handler } from './exchange';
import { finishAnswer } from './finish-answer';
import { prefersHtml } from './prefers-html';

/** Callers give up after ten seconds; this leaves time to answer. */
const deadlineMs = 8_500;

/** What waits learns of the deadline first, so that it can say which service did not answer. */
const lastResortMs = 500;

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
    const exchange = createExchange(request, context, services);
    let answer: HttpResponseInit;
    try {
      answer = await withLastResort(async () => handler(exchange));
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
): Exchange {
  const url = new URL(request.url);
  return {
    request,
    path: url.pathname + url.search,
    query: url.searchParams,
    services,
    now: services.clock(),
    signal: AbortSignal.timeout(deadlineMs),
    correlationId: context.invocationId,
    prefersHtml: prefersHtml(request.headers.get('accept')),
    cookies: [],
    log: (level, message) => {
      context[level](message);
    },
  };
}

/** Answers although something waits on, deaf to its signal. */
async function withLastResort<T>(work: () => Promise<T>): Promise<T> {
  const lastResort = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    lastResort.reject(new AppError('ERR_DEADLINE'));
  }, deadlineMs + lastResortMs);
  try {
    return await Promise.race([work(), lastResort.promise]);
  } finally {
    clearTimeout(timer);
  }
}
