import { AppError } from '../errors';
import { isObject, parseJson, readBounded } from '../json';
import { AskedToWaitError, readRetryAfter } from '../waiting';

/** A whole answer of Microsoft Graph with status 200. */
export interface GraphAnswer {
  /** Without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Reads a whole answer of Microsoft Graph; `undefined` for 404.
 * @param request what was asked, for the log: `GET /me`, for example
 * @throws ERR_API_UNAVAILABLE when Graph is busy or has a fault of its own; ERR_API_REFUSED for any other answer than 200
 *   and 404, and for one that is too long
 */
export async function readGraphAnswer(
  response: Response,
  { request, maxBytes }: { readonly request: string; readonly maxBytes: number },
): Promise<GraphAnswer | undefined> {
  const { status, headers } = response;
  const reading = readBody(response, request, maxBytes);
  if (status === 200) {
    const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { contentType, body: await reading };
  }
  // The body of any other answer is only for the log. The status counts, even where the body cannot be read.
  const body = await reading.catch(() => new Uint8Array());
  if (status === 404) return undefined;
  const note = `Graph answered ${status}${graphErrorCode(body)} to ${request}`;
  if (status !== 429 && status !== 408 && status < 500) throw graphRefused(note);
  const wait = readRetryAfter(headers);
  throw wait === undefined
    ? new AppError('ERR_API_UNAVAILABLE', { note, api })
    : new AskedToWaitError('ERR_API_UNAVAILABLE', wait, { note, api });
}

async function readBody(
  response: Response,
  request: string,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    return await readBounded(response, maxBytes);
  } catch (cause) {
    if (cause instanceof RangeError) throw graphRefused(`the answer to ${request} is too long`);
    throw cause;
  }
}

/** `error.code` of a Graph error answer, for the log; never its message. */
function graphErrorCode(body: Uint8Array): string {
  const answer = parseJson(body);
  const error = isObject(answer) ? answer['error'] : undefined;
  const code = isObject(error) ? error['code'] : undefined;
  return typeof code === 'string' && /^[A-Za-z_]{1,64}$/.test(code) ? ` ${code}` : '';
}

const api = 'graph';

/** For an answer of Graph that cannot be used. */
export function graphRefused(note: string): AppError {
  return new AppError('ERR_API_REFUSED', { note, api });
}
