import { setTimeout as sleep } from 'node:timers/promises';
import { parseClaimsChallenge } from '../entra/claims-challenge';
import { AppError, StepUpError } from '../errors';
import { watchBody } from '../streams';
import { readRetryAfter } from '../waiting';
import type { Api } from './apis';

/** A longer wait would not leave enough time for the request, so the client gets a 503. */
const maxWaitSeconds = 3;

/** Where the API names no time. */
const usualWaitSeconds = 0.5;

/** The answer; where the API is busy and names a short time or none, that of a second try. A stream is sent once only. */
export async function sendWithRetry(
  send: () => Promise<Response>,
  { body }: { readonly body: unknown },
  signal: AbortSignal,
): Promise<Response> {
  const first = await send();
  const wait = readRetryAfter(first.headers) ?? usualWaitSeconds;
  if (!isBusy(first) || wait > maxWaitSeconds || body instanceof ReadableStream) return first;
  try {
    await sleep(wait * 1000, undefined, { signal });
  } catch {
    // The deadline came first, so the first answer counts.
    return first;
  }
  // Nobody reads it any more, and its connection can be used again.
  await first.body?.cancel();
  return send();
}

/** True for an answer that asks to wait. */
export function isBusy({ status }: Response): boolean {
  return status === 429 || status === 503;
}

/** @throws a StepUpError for an answer with a claims challenge */
export function throwIfChallenged(
  { name }: Pick<Api, 'name'>,
  { status, headers }: Response,
  scopes: readonly string[],
): void {
  // The documentation says 401. An API that knows the user may also answer 403.
  if (status !== 401 && status !== 403) return;
  const claims = parseClaimsChallenge(headers.get('www-authenticate'));
  if (claims === undefined) return;
  throw new StepUpError({ scopes, claims }, { note: `${name} sent a claims challenge`, api: name });
}

/** As long as the deadline of a request. */
const stallMs = 8_500;

/**
 * The same answer, whose body ends with ERR_API_REFUSED when it is too long, and with ERR_API_UNAVAILABLE when it comes to a halt or
 * breaks off. A body that nobody reads keeps no connection.
 * @param usualBytes the longest body where the declaration of the API does not say it; no limit unless given
 * @throws ERR_API_REFUSED for a length that is too much already, and for a status above 599
 */
export async function watchAnswer(
  { name, maxAnswerBytes }: Pick<Api, 'name' | 'maxAnswerBytes'>,
  response: Response,
  usualBytes = Infinity,
): Promise<Response> {
  const { body, status, statusText, headers, url } = response;
  const max = maxAnswerBytes ?? usualBytes;
  const fail = (code: 'ERR_API_UNAVAILABLE' | 'ERR_API_REFUSED', note: string, cause?: unknown) =>
    new AppError(code, { note: `${name} ${note}`, api: name, cause });
  const tooLong = (): AppError => fail('ERR_API_REFUSED', `answered more than ${max} bytes`);
  // `fetch` takes such an answer, but nobody can make one or give one on.
  if (status > 599) {
    await body?.cancel();
    throw fail('ERR_API_REFUSED', `answered with the status ${status}`);
  }
  if (body === null) return response;
  if (Number(headers.get('content-length') ?? 0) > max) {
    await body.cancel();
    throw tooLong();
  }
  // It also keeps the response: when that is forgotten, `fetch` ends its body.
  const source = { getReader: () => (response.body ?? body).getReader() };
  const watched = watchBody(source, {
    max: { bytes: max, error: tooLong },
    stall: {
      ms: stallMs,
      error: () => fail('ERR_API_UNAVAILABLE', 'let its answer come to a halt'),
    },
    broken: (cause) => fail('ERR_API_UNAVAILABLE', 'broke off its answer', cause),
  });
  return answerFrom(url, new Response(watched, { status, statusText, headers }));
}

/**
 * A response that is made by hand has no address. Ours and its copies say where they come from, as those of `fetch` do. Without
 * it, all headers of the API would be passed on.
 */
function answerFrom(url: string, made: Response): Response {
  const clone = (): Response => answerFrom(url, Response.prototype.clone.call(made));
  return Object.defineProperties(made, { url: { value: url }, clone: { value: clone } });
}
