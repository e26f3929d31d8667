import type { IncomingMessage } from 'node:http';
import { decodePath, encodePath } from './decode-path';
import { parseQuery } from './parse-query';
import type { RpcHttpData, RpcNullable } from './rpc';

/** The outer shape of a request: what routing needs before anything else is read. */
export interface RequestLine {
  readonly method: string;
  /** Decoded; starts with `/`. */
  readonly path: string;
  /** As sent, with its `?`; or empty. */
  readonly query: string;
  readonly host: string;
}

/** Why a request gets no further than its line and headers. */
export interface RefusedRequest {
  readonly refusedWith: number;
  /** For the log: nothing of what was sent. */
  readonly why: string;
}

const longestRequestLine = 8 * 1024;
const longestQuery = 4096;
const largestHeaders = 32 * 1024;
const mostHeaders = 100;

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
  if (headerBytes > largestHeaders || rawHeaders.length / 2 > mostHeaders) {
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

// A byte order mark stays: without it a name would become another one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Node gives each byte of a header as a character; Kestrel reads UTF-8 and refuses what is not.
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
 * A request as the real host hands it to the worker. Headers sent twice, `Cookie` among them, are
 * joined with a comma and no space; the URL is made from the `Host` header.
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
