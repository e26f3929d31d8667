import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { RpcHttpCookie, RpcTypedData } from './functions-core';
import { BodyTooLargeError, encodePath, type RequestLine } from './http-request';

/** An answer, ready to be written. */
export interface HostResponse {
  readonly status: number;
  /** In the order they are sent; a name may come twice (`set-cookie`). */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** The body in stream mode: it is passed on while it comes, and `body` is empty. */
  readonly stream?: Readable;
  /** The connection ends with this answer. */
  readonly closes?: boolean;
}

/** An answer of the host itself: no body, no content type. */
export function emptyResponse(status: number, closes = false): HostResponse {
  return { status, headers: [], body: new Uint8Array(), closes };
}

/**
 * The answer of a function, from the worker's `http` data. No data is 204.
 * @throws Error when the host cannot send it: a header that is not ASCII, a faulty cookie, a length that is not that of the
 * body. The caller answers 500 then, as the real host does.
 */
export function toHostResponse(value: RpcTypedData | null | undefined): HostResponse {
  const http = value?.http;
  if (http === null || http === undefined) {
    return emptyResponse(204);
  }
  const body = http.body?.bytes ?? new Uint8Array();
  const headers = Object.entries(http.headers ?? {});
  for (const [name, content] of headers) {
    if (!/^[\t\u0020-\u007e]*$/.test(content)) {
      throw new Error(`Invalid non-ASCII or control character in header ${name}.`);
    }
    if (name.toLowerCase() === 'content-length' && Number(content) !== body.length) {
      throw new Error(`Response Content-Length mismatch: ${content} told, ${body.length} given.`);
    }
  }
  const cookies = (http.cookies ?? []).map((cookie): [string, string] => [
    'set-cookie',
    formatSetCookie(cookie),
  ]);
  return { status: Number(http.statusCode ?? 200), headers: [...headers, ...cookies], body };
}

/**
 * Writes an answer as Kestrel does: its name in `Server`, no body for HEAD, chunked unless the body is empty or the function
 * gave a length. `extra` are the `customHeaders` of host.json. A header that the function sets wins over them.
 */
export function writeHttpResponse(
  response: ServerResponse,
  answer: HostResponse,
  extra: Readonly<Record<string, string>>,
): void {
  const own = new Set(answer.headers.map(([name]) => name.toLowerCase()));
  const added = Object.entries(extra).filter(([name]) => !own.has(name.toLowerCase()));
  response.statusCode = answer.status;
  if (answer.closes === true) {
    response.setHeader('Connection', 'close');
  } else {
    // Kestrel sends no header for a connection that stays open.
    response.removeHeader('Connection');
  }
  response.setHeader('Server', 'Kestrel');
  for (const [name, content] of [...answer.headers, ...added]) {
    response.appendHeader(name, content);
  }
  const isBodiless = [204, 205, 304].includes(answer.status);
  if (answer.stream !== undefined) {
    passOn(answer.stream, response);
  } else if (response.req.method === 'HEAD' || isBodiless) {
    response.end();
  } else if (answer.body.length === 0) {
    response.setHeader('Content-Length', '0');
    response.end();
  } else {
    // Not with `end`, or Node would send the length.
    response.write(answer.body);
    response.end();
  }
}

/** A body that breaks off breaks the answer off too: its status is sent already. */
function passOn(stream: Readable, response: ServerResponse): void {
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  response.flushHeaders();
  stream.pipe(response);
}

/**
 * A `Set-Cookie` line as ASP.NET Core writes it: attributes in lower case and in a fixed order, the path `/` when none is
 * given, the value percent-escaped. With other characters than base64url and dots, the browser sends back another value
 * than the app has set.
 * @throws Error when the name, path or domain is not one a cookie may have
 */
export function formatSetCookie(cookie: RpcHttpCookie): string {
  const name = cookie.name ?? '';
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new Error('The cookie has an invalid name.');
  }
  const expires = cookie.expires?.value?.seconds;
  const maxAge = cookie.maxAge?.value;
  const domain = cookie.domain?.value ?? '';
  const path = cookie.path?.value ?? '/';
  if (/[;,\u0000-\u001f\u007f-\uffff]/.test(domain) || /[;\u0000-\u001f\u007f-\uffff]/.test(path)) {
    throw new Error(`The cookie ${name} has an invalid domain or path.`);
  }
  return [
    `${name}=${escapeValue(cookie.value ?? '')}`,
    isNumber(expires) && `expires=${new Date(expires * 1000).toUTCString()}`,
    isNumber(maxAge) && `max-age=${Math.trunc(maxAge)}`,
    domain !== '' && `domain=${domain}`,
    path !== '' && `path=${path}`,
    cookie.secure?.value === true && 'secure',
    sameSite(cookie.sameSite),
    cookie.httpOnly?.value === true && 'httponly',
  ]
    .filter((part) => typeof part === 'string')
    .join('; ');
}

// Like Uri.EscapeDataString of .NET, it escapes everything except the unreserved characters of RFC 3986.
function escapeValue(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sameSite(sent: RpcHttpCookie['sameSite']): string | false {
  switch (sent) {
    case 'lax':
    case 'strict':
      return `samesite=${sent}`;
    case 'explicitNone':
      return 'samesite=none';
    case 'none':
    case null:
    case undefined:
      return false;
  }
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}

/**
 * Stream mode: with `app.setup({ enableHttpStream: true })` the library serves HTTP inside the worker, at an address that
 * only the host uses. The host sends each request on to it and passes the answer on, both while they come. The call itself
 * goes the usual way beside that, without request and answer.
 * https://github.com/Azure/azure-functions-nodejs-library/blob/v4.x/src/http/httpProxy.ts
 */
interface StreamedRequest {
  /** Where the library listens. */
  readonly uri: string;
  readonly invocationId: string;
  readonly isHttps: boolean;
  readonly maxBodyBytes: number;
}

/** Of one connection, so they are not passed on (RFC 9110 section 7.6.1). */
const ofTheConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Sends a request on to the library. When the caller goes, so does the connection to the library, as with the real host.
 * @throws BodyTooLargeError when the body says that it is above the limit; an error when the library gives no answer
 */
export async function forward(
  request: IncomingMessage,
  line: RequestLine,
  { uri, invocationId, isHttps, maxBodyBytes }: StreamedRequest,
): Promise<HostResponse> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > maxBodyBytes) {
    throw new BodyTooLargeError(`Request body too large: the limit is ${maxBodyBytes} bytes.`);
  }
  const answer = Promise.withResolvers<IncomingMessage>();
  // A connection of its own, which stays open until the answer has been read: the library may answer before it has read the
  // whole body. It is used for nothing else, since the rest of that body may still be in it.
  const agent = new http.Agent({ keepAlive: true });
  const outgoing = http.request(
    new URL(`${encodePath(line.path)}${line.query}`, uri),
    {
      method: line.method,
      agent,
      headers: {
        ...passed(request.headers),
        // Node would send no body for some methods otherwise.
        ...(request.headers['transfer-encoding'] === undefined
          ? {}
          : { 'transfer-encoding': 'chunked' }),
        'x-forwarded-host': line.host,
        'x-forwarded-proto': isHttps ? 'https' : 'http',
        'x-ms-invocation-id': invocationId,
      },
    },
    answer.resolve,
  );
  outgoing.on('error', answer.reject);
  const leave = (): void => void outgoing.destroy();
  // One connection brings many requests.
  request.socket.once('close', leave);
  outgoing.once('close', () => request.socket.off('close', leave));
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) outgoing.destroy();
  });
  request.pipe(outgoing);
  const stream = await answer.promise;
  stream.once('close', () => {
    agent.destroy();
  });
  return {
    status: stream.statusCode ?? 500,
    headers: answerHeaders(stream),
    body: new Uint8Array(),
    stream,
  };
}

function answerHeaders(stream: IncomingMessage): [string, string][] {
  const { 'set-cookie': cookies = [], ...headers } = passed(stream.headers);
  return [
    ...Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...[cookies].flat().map((cookie): [string, string] => ['set-cookie', cookie]),
  ].filter(([name]) => name !== 'x-ms-invocation-id' && name !== 'date');
}

function passed(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== 'host' && !ofTheConnection.has(name)),
  );
}

/** What the host tells the worker of a request beside its stream: headers and parameters of the route. */
export function streamMetadata(
  headers: Readonly<Record<string, string>>,
  params: Readonly<Record<string, string>>,
): Readonly<Record<string, RpcTypedData>> {
  const texts = Object.entries(params).map(([name, string]) => [name, { string }] as const);
  return { ...Object.fromEntries(texts), Headers: { json: JSON.stringify(headers) } };
}
