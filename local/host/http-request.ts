import type { IncomingMessage } from 'node:http';
import type { RpcHttpData, RpcNullable } from './functions-core';

/** Method, host, path and query: what routing needs before the body is read. */
export interface RequestLine {
  readonly method: string;
  /** Decoded; starts with `/`. */
  readonly path: string;
  /** As sent, with its `?`; or empty. */
  readonly query: string;
  readonly host: string;
}

/** Why a request is refused before its body is read. */
export interface RefusedRequest {
  readonly refusedWith: number;
  /** For the log. It has nothing of what was sent. */
  readonly why: string;
}

const longestRequestLine = 8 * 1024;
const longestQuery = 4096;
const largestHeaders = 32 * 1024;
const maxHeaders = 100;

/**
 * Reads a request's line and checks its limits, which are those of Kestrel, the real host's server:
 * https://learn.microsoft.com/dotnet/api/microsoft.aspnetcore.server.kestrel.core.kestrelserverlimits
 * The limit of the query is that of IIS (404.15), in front of the host on the Windows plans:
 * https://learn.microsoft.com/azure/azure-functions/functions-scale#service-limits
 * @returns the line, or why it is refused with 400, 404, 414, 431 or 500
 */
export function readRequestLine(request: IncomingMessage): RequestLine | RefusedRequest {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  if (`${method} ${url} HTTP/${httpVersion}\r\n`.length > longestRequestLine) {
    return refuse(414, 'the request line is longer than 8 KB');
  }
  // A header's line is its name, its value and four bytes around them.
  const headerBytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
  if (headerBytes > largestHeaders || rawHeaders.length / 2 > maxHeaders) {
    return refuse(431, 'the headers are larger than 32 KB, or more than a hundred');
  }
  if (request.rawHeaders.some((text) => decodeHeader(text) === undefined)) {
    return refuse(400, 'a header is not UTF-8');
  }
  const hosts = request.headersDistinct['host'] ?? [];
  const [target = ''] = url.replace(/^https?:\/\/[^/?]*/i, '').split('#');
  const start = target.indexOf('?');
  const path = decodePath(start === -1 ? target : target.slice(0, start));
  const query = start === -1 ? '' : target.slice(start);
  const [host] = hosts;
  if (host === '') {
    return refuse(500, 'the Host header is empty');
  }
  if (path === undefined || host === undefined || !isHost(host) || hosts.length > 1) {
    return refuse(400, 'the path or the Host header is not valid');
  }
  if (query.length - 1 > longestQuery) {
    return refuse(404, `the query is longer than ${longestQuery} characters`);
  }
  return { method, path, host, query };
}

function refuse(refusedWith: number, why: string): RefusedRequest {
  return { refusedWith, why };
}

// A byte order mark stays in the text. Without it, a name would become another name.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Node gives each byte of a header as a character. Kestrel reads UTF-8 and refuses anything else.
function decodeHeader(text: string): string | undefined {
  if (!/[^\u0000-\u007f]/.test(text)) {
    return text;
  }
  try {
    return utf8.decode(Buffer.from(text, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * A request as the real host gives it to the worker. Repeated headers, `Cookie` too, are joined with a comma and no space.
 * The URL is made from the `Host` header.
 */
export function toRpcRequest(
  request: IncomingMessage,
  line: RequestLine,
  isHttps: boolean,
  params: Readonly<Record<string, string>>,
  body: Uint8Array,
): RpcHttpData {
  const headers: Record<string, string> = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    headers[name] = decodeHeader(values.join(',')) ?? '';
  }
  return {
    method: line.method,
    url: `${isHttps ? 'https' : 'http'}://${line.host}${encodePath(line.path)}${line.query}`,
    nullableHeaders: toNullable(headers),
    nullableQuery: toNullable(parseQuery(line.query)),
    nullableParams: toNullable(params),
    ...(body.length > 0 && { body: { bytes: body } }),
  };
}

function toNullable(values: Readonly<Record<string, string>>): Record<string, RpcNullable<string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

/** A name or address with an optional port (RFC 9110 section 7.2); anything else could become a path or a query. */
function isHost(host: string): boolean {
  const isShaped = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.test(host);
  return isShaped && URL.canParse(`http://${host}/`);
}

/** The body is larger than the host takes. */
export class BodyTooLargeError extends Error {}

/**
 * The whole body. A body that is sent in chunks, without a length, is empty: the real host looks at the length before it
 * reads.
 * @throws BodyTooLargeError when its length is above the limit
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (!(length > 0)) {
    request.resume();
    return new Uint8Array();
  }
  if (length > maxBytes) {
    throw new BodyTooLargeError(`Request body too large: the limit is ${maxBytes} bytes.`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    if (Buffer.isBuffer(chunk)) {
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks);
}

/**
 * The query as the real host reads it. Keys are case-insensitive. Values of a repeated key are joined with a comma, under
 * the first spelling of the key.
 * @param raw with or without the leading `?`
 */
function parseQuery(raw: string): Readonly<Record<string, string>> {
  const values = new Map<string, { readonly key: string; readonly value: string }>();
  for (const pair of raw.replace(/^\?/, '').split('&')) {
    if (pair === '') {
      continue;
    }
    const [name = '', ...rest] = pair.split('=');
    const key = decode(name);
    const known = values.get(key.toLowerCase());
    const value = decode(rest.join('='));
    values.set(
      key.toLowerCase(),
      known === undefined ? { key, value } : { key: known.key, value: `${known.value},${value}` },
    );
  }
  return Object.fromEntries([...values.values()].map(({ key, value }) => [key, value]));
}

function decode(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}

/**
 * The path of a request as the real host's web server passes it on: percent-decoded except for `%2F` and for what cannot
 * be decoded, with dot segments resolved.
 * @returns undefined when the path must be refused (400): a NUL, or bytes no URL may hold
 */
export function decodePath(raw: string): string | undefined {
  if (/[^\u0021-\u007e]/.test(raw)) {
    return undefined;
  }
  const decoded = decodePercent(raw, '%2F');
  return decoded.includes('\0') ? undefined : withoutDotSegments(decoded);
}

/** The decoded path for `request.url`. Only a single `%` is escaped. */
export function encodePath(path: string): string {
  return path.replace(/%(?![0-9a-f]{2})|[^A-Za-z0-9\-._~/:@!$&'()*+,;=%]/giu, (character) =>
    encodeURIComponent(character.isWellFormed() ? character : '\ufffd'),
  );
}

/** Percent-decodes valid UTF-8. The rest, and `kept` (such as `%2F`), stay as they are. */
function decodePercent(text: string, kept?: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
    run
      .split(kept === undefined ? /(?!)/ : new RegExp(`(${kept})`, 'i'))
      .map((part) => (part.toUpperCase() === kept ? part : decodeRun(part)))
      .join(''),
  );
}

function decodeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}

function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') {
      kept.pop();
    } else if (segment !== '.') {
      kept.push(segment);
      continue;
    }
    if (isLast) {
      kept.push('');
    }
  }
  return `/${kept.join('/')}`;
}
