import { randomUUID } from 'node:crypto';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import { gzipSync } from 'node:zlib';
import { isObject, parseJson } from '../../src/bodies';

/** Kinds of requests, by method and path. `activity`: a transaction that writes the list of activity, after answers. */
export const requestKinds = [
  'point-read',
  'list',
  'insert',
  'rewrite',
  'delete',
  'transaction',
  'activity',
  'table',
] as const;

type RequestKind = (typeof requestKinds)[number];

/** A request to the tables, with its body. */
export interface TablesRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly kind: RequestKind;
  /** Name of the table; '' if the path has none. */
  readonly table: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function readTablesRequest(request: IncomingMessage): Promise<TablesRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the request must not be decoded before');
    chunks.push(chunk);
  }
  const { method = 'GET', url: path = '/', headers } = request;
  const resource = decodeURIComponent(path.split('?', 1)[0] ?? '').replace(/^\/[^/]*\//, '');
  const table = /^[A-Za-z][A-Za-z0-9]*/.exec(resource)?.[0] ?? '';
  const body = Buffer.concat(chunks);
  const isActivity = resource === '$batch' && body.includes('"PartitionKey":"activity:');
  const kind = isActivity ? 'activity' : kindOf(method, resource);
  return { method, path, kind, table, headers, body };
}

function kindOf(method: string, resource: string): RequestKind {
  if (resource === '$batch') return 'transaction';
  if (/^Tables\b/i.test(resource)) return 'table';
  switch (method) {
    case 'GET':
      return resource.includes('RowKey=') ? 'point-read' : 'list';
    case 'POST':
      return 'insert';
    case 'DELETE':
      return 'delete';
    default:
      return 'rewrite';
  }
}

/** What Azurite answered. */
export interface BehindAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer in the form of the live service. */
export interface LiveAnswer {
  readonly status: number;
  readonly headers: Readonly<OutgoingHttpHeaders>;
  readonly body: Buffer;
}

const jsonType = 'application/json;odata=minimalmetadata;streaming=true;charset=utf-8';
const server = 'Windows-Azure-Table/1.0 Microsoft-HTTPAPI/2.0';
const version = '2019-02-02';

/**
 * Changes Azurite's answer to what Table Storage sends. The error code is only in the body; 401 and 403 have it in a
 * header too. A read by keys answers the same for a missing table and a missing row (Azure/azure-sdk-for-net#46430).
 */
export function asLive({ kind }: TablesRequest, answer: BehindAnswer): LiveAnswer {
  const { status, headers } = answer;
  if (status === 404 && kind === 'point-read') {
    return liveError(404, 'ResourceNotFound', 'The specified resource does not exist.');
  }
  const kept: OutgoingHttpHeaders = { ...headers, server, 'x-ms-version': version };
  for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'content-length']) {
    Reflect.deleteProperty(kept, name);
  }
  if (status !== 401 && status !== 403) Reflect.deleteProperty(kept, 'x-ms-error-code');
  const type = headers['content-type'] ?? '';
  if (status === 204) {
    Reflect.deleteProperty(kept, 'content-type');
  } else if (type.startsWith('application/json') && !type.includes('streaming')) {
    kept['content-type'] = `${type};streaming=true;charset=utf-8`;
  }
  return { status, headers: kept, body: answer.body };
}

/** An error in the service's JSON. `withHeader`: with the code in a header too. */
export function liveError(
  status: number,
  code: string,
  message: string,
  withHeader = status === 401 || status === 403,
): LiveAnswer {
  const { id, time, headers } = errorParts(withHeader ? code : undefined);
  const value = `${message}\nRequestId:${id}\nTime:${time}`;
  const body = { 'odata.error': { code, message: { lang: 'en-US', value } } };
  return {
    status,
    headers: { ...headers, 'content-type': jsonType },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** An error in XML. The outer layer of the service answers so, whatever the client accepts. */
export function liveXmlError(status: number, code: string, message: string): LiveAnswer {
  const { id, time, headers } = errorParts(code);
  const text = `<?xml version="1.0" encoding="utf-8"?><m:error xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><m:code>${code}</m:code><m:message xml:lang="en-US">${message}\nRequestId:${id}\nTime:${time}</m:message></m:error>`;
  return {
    status,
    headers: { ...headers, 'content-type': 'application/xml' },
    body: Buffer.from(text),
  };
}

function errorParts(code: string | undefined) {
  const id = randomUUID();
  const headers: OutgoingHttpHeaders = { server, 'x-ms-request-id': id, 'x-ms-version': version };
  if (code !== undefined) headers['x-ms-error-code'] = code;
  return { id, time: new Date().toISOString(), headers };
}

/** Sends an answer, compressed when the client takes that. */
export function send(
  { status, headers, body }: LiveAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { 'accept-encoding': accepted = '' } = request.headers;
  const isCompressed = body.length > 0 && accepted.includes('gzip');
  const sent = isCompressed ? gzipSync(body, { level: 1 }) : body;
  response.writeHead(status, {
    ...headers,
    ...(isCompressed && { 'content-encoding': 'gzip' }),
    ...(status !== 204 && { 'content-length': sent.length }),
  });
  response.end(status === 204 ? undefined : sent);
}

/** A page without rows. */
function emptyPageOf({ headers, path, table }: TablesRequest): LiveAnswer {
  const account = path.split('/')[1] ?? '';
  const metadata = `http://${headers.host ?? ''}/${account}/$metadata#${table}`;
  return {
    status: 200,
    headers: { ...errorParts(undefined).headers, 'content-type': jsonType },
    body: Buffer.from(JSON.stringify({ 'odata.metadata': metadata, value: [] })),
  };
}

const [partitionHeader, rowHeader] = [
  'x-ms-continuation-nextpartitionkey',
  'x-ms-continuation-nextrowkey',
] as const;

/** The key before the first row. Keys of rows never have this character. */
const beginning = '\u0001';

/** Pages of lists. */
interface Pages {
  /** Whether this list begins with an empty page. */
  holdsBack(asked: TablesRequest): boolean;
  /** The empty page, which leads to the first rows. */
  emptyPage(asked: TablesRequest): LiveAnswer;
  /** Whether the client comes back from that empty page. */
  goesOnFromBeginning(asked: TablesRequest): boolean;
  /** The path for Azurite, with its own continuation; `undefined` when the client made one up. */
  pathBehind(asked: TablesRequest): string | undefined;
  /** Learns from an answer of Azurite which tables there are. */
  learn(asked: TablesRequest, status: number): void;
  /** The answer with a continuation in the service's form. */
  withContinuation(answer: LiveAnswer): LiveAnswer;
}

/**
 * Table Storage may answer any list with an empty page and a continuation: between two partition servers, or after five
 * seconds. Here every list begins with an empty page, once the table is known to exist. Continuations are opaque texts,
 * and that of the row may be absent. They contain the keys, so they stay valid after a restart.
 * Microsoft Learn, "Query timeout and pagination".
 */
export function createPages(): Pages {
  const known = new Set<string>();
  return {
    holdsBack: ({ kind, path, table }) =>
      kind === 'list' && known.has(table) && !queryOf(path).has('NextPartitionKey'),
    emptyPage: (asked) => {
      const page = emptyPageOf(asked);
      return { ...page, headers: { ...page.headers, [partitionHeader]: opaque(beginning) } };
    },
    goesOnFromBeginning: ({ kind, path }) =>
      kind === 'list' && clear(queryOf(path).get('NextPartitionKey') ?? '') === beginning,
    pathBehind,
    learn: ({ kind, method, path, table }, status) => {
      if (kind === 'table') {
        if (method === 'DELETE') known.clear();
      } else if (status < 300 && table !== '' && !path.includes('$batch')) {
        known.add(table);
      }
    },
    withContinuation: (answer) => {
      const headers = { ...answer.headers };
      for (const name of [partitionHeader, rowHeader]) {
        const key = headers[name];
        if (typeof key === 'string') headers[name] = opaque(key);
      }
      return { ...answer, headers };
    },
  };
}

function pathBehind({ kind, path }: TablesRequest): string | undefined {
  if (kind !== 'list') return path;
  const [resource = '', query = ''] = path.split(/\?(.*)/s);
  const kept: string[] = [];
  for (const part of query.split('&')) {
    const [name = '', value = ''] = part.split(/=(.*)/s);
    if (name !== 'NextPartitionKey' && name !== 'NextRowKey') {
      kept.push(part);
      continue;
    }
    const key = clear(decodeURIComponent(value));
    if (key === undefined) return undefined;
    if (key !== beginning) kept.push(`${name}=${encodeURIComponent(key)}`);
  }
  return `${resource}?${kept.join('&')}`;
}

function queryOf(path: string): URLSearchParams {
  return new URL(path, 'http://tables').searchParams;
}

/** `1!12!Y29udFRva2Vu`: a version, the length, and base64 with `-` for `=`. */
function opaque(key: string): string {
  const text = Buffer.from(key).toString('base64').replaceAll('=', '-');
  return `1!${text.length}!${text}`;
}

function clear(token: string): string | undefined {
  const [, length, text = ''] = /^1!(\d+)!([A-Za-z0-9+/]+-{0,2})$/.exec(token) ?? [];
  if (Number(length) !== text.length) return undefined;
  return Buffer.from(text.replaceAll('-', '='), 'base64').toString();
}

const mebibyte = 1024 * 1024;
/** 255, less PartitionKey, RowKey and Timestamp. */
const maxProperties = 252;

/**
 * Azurite itself limits a property (64 KiB), a request (4 MiB) and a transaction (100 operations). It does not limit the
 * size of an inserted row or the number of its properties. Microsoft Learn, "Understanding the Table service data model".
 * @returns the service's refusal. In a transaction it is about the first row that is too large
 */
export function refuseByLimits({ kind, body, headers }: TablesRequest): LiveAnswer | undefined {
  if (kind === 'transaction' || kind === 'activity') {
    return refuseTransaction(body.toString('utf8'), headers['content-type']);
  }
  if (kind !== 'insert' && kind !== 'rewrite') return undefined;
  const fault = faultOf(body.toString('utf8'));
  return fault && liveError(400, fault.code, fault.message);
}

function refuseTransaction(body: string, type = ''): LiveAnswer | undefined {
  // Only rows are JSON, each on a line of its own.
  const rows = body.split('\r\n').filter((line) => line.startsWith('{'));
  const operations = body.split(/HTTP\/1\.1\r\n/).slice(1);
  for (const row of rows) {
    const fault = faultOf(row);
    if (fault === undefined) continue;
    const index = operations.findIndex((operation) => operation.includes(row));
    return failedTransaction(type, fault.code, `${index}:${fault.message}`);
  }
  return undefined;
}

/** A failed transaction is 202 with the failure in the body. */
function failedTransaction(type: string, code: string, message: string): LiveAnswer {
  const error = liveError(400, code, message);
  const boundary = (/boundary=([\w-]+)/.exec(type)?.[1] ?? '').replace('batch', 'batchresponse');
  const lines = [
    `--${boundary}`,
    'Content-Type: multipart/mixed; boundary=changesetresponse_1',
    '',
    '--changesetresponse_1',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    'HTTP/1.1 400 Bad Request',
    'X-Content-Type-Options: nosniff',
    'DataServiceVersion: 3.0;',
    `Content-Type: ${String(error.headers['content-type'])}`,
    '',
    error.body.toString('utf8'),
    '--changesetresponse_1--',
    `--${boundary}--`,
    '',
  ];
  return {
    status: 202,
    headers: { ...error.headers, 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: Buffer.from(lines.join('\r\n')),
  };
}

function faultOf(json: string): { readonly code: string; readonly message: string } | undefined {
  const entity = parseJson(json);
  if (!isObject(entity)) return undefined;
  const { PartitionKey: partitionKey, RowKey: rowKey, ...others } = entity;
  const properties = Object.entries(others).filter(([name]) => !name.includes('odata.'));
  if (properties.length > maxProperties) {
    const message =
      'The entity contains more properties than allowed. Each entity can include up to 252 properties to store data.';
    return { code: 'TooManyProperties', message };
  }
  let bytes = 4 + textBytes(partitionKey) + textBytes(rowKey);
  for (const [name, value] of properties) {
    bytes += 8 + textBytes(name) + valueBytes(value, entity[`${name}@odata.type`]);
  }
  if (bytes <= mebibyte) return undefined;
  return {
    code: 'EntityTooLarge',
    message: 'The entity is larger than the maximum allowed size (1MB).',
  };
}

/** Texts are counted in UTF-16. This does not ask the app's own code, whose mistakes it is to find. */
function textBytes(text: unknown): number {
  return typeof text === 'string' ? 2 * text.length : 0;
}

function valueBytes(value: unknown, type: unknown): number {
  if (typeof value === 'boolean') return 1;
  if (typeof value !== 'string') return 8;
  if (type === 'Edm.Binary') return 4 + Buffer.byteLength(value, 'base64');
  return type === undefined || type === 'Edm.String' ? 4 + textBytes(value) : 8;
}
