import { once } from 'node:events';
import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';

/** Kinds of requests, by method and path. */
export const requestKinds = [
  'point-read',
  'list',
  'insert',
  'rewrite',
  'delete',
  'transaction',
  'table',
] as const;

export type RequestKind = (typeof requestKinds)[number];

/** A request to the tables, with its body. */
export interface TablesRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly kind: RequestKind;
  /** Name of the table; '' where the path has none. */
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
  const kind = kindOf(method, resource);
  return { method, path, kind, table, headers, body: Buffer.concat(chunks) };
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

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Azurite closes an idle connection after five seconds. So none is used again after four. */
const idleMs = 4_000;

/** Asks Azurite at that port of 127.0.0.1. Rejects when it does not answer. */
export function createForwarding(port: number): (question: Question) => Promise<BehindAnswer> {
  const agent = new http.Agent({ keepAlive: true, timeout: idleMs });
  return async ({ method, path, headers, body }) => {
    const behind: OutgoingHttpHeaders = { ...headers, 'content-length': body.length };
    for (const name of ['accept-encoding', 'connection', 'transfer-encoding']) {
      Reflect.deleteProperty(behind, name);
    }
    const request = http.request({
      host: '127.0.0.1',
      port,
      agent,
      method,
      path,
      headers: behind,
    });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(Buffer.from(chunk as Uint8Array));
    return {
      status: answer.statusCode ?? 502,
      headers: answer.headers,
      body: Buffer.concat(chunks),
    };
  };
}
