/** Whether parsed JSON is an object, so that its members can be read. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The value of a JSON text, or of one in UTF-8; `undefined` when it is not JSON. It never throws: the message of the
 * parser's own error quotes the text, which may be a token or a key.
 */
export function parseJson(json: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof json === 'string' ? json : utf8.decode(json));
  } catch {
    return undefined;
  }
}

/** An answer over HTTP with its whole body. */
export interface FetchedAnswer {
  readonly response: Response;
  readonly body: Uint8Array;
}

interface FetchOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A longer answer is not read to its end: it must not fill the memory that all requests share. */
  readonly maxBytes: number;
}

/**
 * Sends one request and reads its whole answer, whatever its status.
 * @throws RangeError when the body is longer than `maxBytes`; whatever `fetch` throws when the connection breaks or
 *   `signal` aborts
 */
export async function fetchWhole(
  url: string,
  { maxBytes, ...options }: FetchOptions,
  signal: AbortSignal,
): Promise<FetchedAnswer> {
  // Following a redirect would send the request's tokens to another host.
  const response = await fetch(url, { ...options, redirect: 'error', signal });
  return { response, body: await readBounded(response, maxBytes) };
}

/**
 * The body of an answer to its end.
 * @throws RangeError when it is longer than `maxBytes`; whatever `fetch` throws when the connection breaks
 */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // An error that leaves the loop cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new RangeError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
