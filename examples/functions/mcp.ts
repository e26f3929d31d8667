import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { auth } from '../auth';
import type { CallerContext } from '../handler';
import { isObject, parseJson } from '../bodies';

/**
 * POST mcp: an MCP server with one tool, by the streamable HTTP transport. It keeps nothing between requests, so any
 * instance can answer any of them. Clients of the versions before 2026-07-28 begin with `initialize`.
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */
export async function mcp(request: HttpRequest, caller: CallerContext): Promise<HttpResponseInit> {
  if (request.method !== 'POST') return { status: 405, headers: { Allow: 'POST' } };
  const origin = request.headers.get('origin');
  if (origin !== null && !webClients.includes(origin)) return { status: 403 };
  const message = parseJson(await request.text());
  if (!isObject(message) || typeof message['method'] !== 'string') {
    return refuse(400, undefined, -32700, 'The body must be one JSON-RPC message');
  }
  const { id, method, params } = message;
  // A notification has no id and gets no answer.
  if (typeof id !== 'string' && typeof id !== 'number') return { status: 202 };
  const asked: Asked = { id, method, params: isObject(params) ? params : {} };
  return checkHeaders(request, asked) ?? answer(asked, caller);
}

/** Origins of web pages that may call. Programs send no `Origin`. Web pages need CORS headers too: set them in Azure. */
const webClients: readonly string[] = [];

interface Asked {
  readonly id: string | number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const current = '2026-07-28';
const older: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26'];
const serverInfo = { name: 'notes', version: '1.0.0' };
const capabilities = { tools: {} };

const tools = [
  {
    name: 'who_am_i',
    title: 'Who am I',
    description: 'Says who you are for this server, and through which app you call it.',
    inputSchema: { type: 'object', additionalProperties: false },
  },
];

function answer({ id, method, params }: Asked, caller: CallerContext): HttpResponseInit {
  // Another person must not get a kept answer.
  const kept = { ttlMs: 300_000, cacheScope: 'private' };
  switch (method) {
    case 'server/discover': {
      const supportedVersions = [current, ...older];
      return result(id, { supportedVersions, capabilities, serverInfo, ...kept });
    }
    case 'initialize': {
      const wanted = String(params['protocolVersion']);
      const protocolVersion = older.includes(wanted) ? wanted : older[0];
      return result(id, { protocolVersion, capabilities, serverInfo });
    }
    case 'ping':
      return result(id, {});
    case 'tools/list':
      return result(id, { tools, ...kept });
    case 'tools/call': {
      if (params['name'] !== 'who_am_i') return refuse(400, id, -32602, 'There is no such tool');
      const { user, client } = caller;
      const text = `${user?.name ?? 'an app'} through ${client?.id ?? 'this app'}`;
      return result(id, { content: [{ type: 'text', text }], isError: false });
    }
    default:
      return refuse(404, id, -32601, 'There is no such method');
  }
}

/** Proxies decide by the headers, so they must say what the body says. Older versions have no such headers. */
function checkHeaders(
  { headers }: HttpRequest,
  { id, method, params }: Asked,
): HttpResponseInit | undefined {
  const version = headers.get('mcp-protocol-version');
  if (version === null ? method === 'initialize' : older.includes(version)) return undefined;
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  if (version === null && !('io.modelcontextprotocol/protocolVersion' in meta)) return undefined;
  if (version !== null && version !== current) {
    const data = { supported: [current, ...older], requested: version };
    return refuse(400, id, -32022, 'Unsupported protocol version', data);
  }
  const fits =
    version === meta['io.modelcontextprotocol/protocolVersion'] &&
    headers.get('mcp-method') === method &&
    (method !== 'tools/call' || decoded(headers.get('mcp-name')) === params['name']);
  return fits ? undefined : refuse(400, id, -32020, 'The headers differ from the body');
}

function decoded(value: string | null): string | null {
  const [, base64] = /^=\?base64\?(.*)\?=$/.exec(value ?? '') ?? [];
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString('utf8');
}

function result(id: Asked['id'], members: object): HttpResponseInit {
  return { jsonBody: { jsonrpc: '2.0', id, result: { resultType: 'complete', ...members } } };
}

function refuse(
  status: number,
  id: Asked['id'] | undefined,
  code: number,
  message: string,
  data?: unknown,
): HttpResponseInit {
  return { status, jsonBody: { jsonrpc: '2.0', id, error: { code, message, data } } };
}

app.http('mcp', {
  methods: ['POST', 'GET', 'DELETE'],
  route: 'mcp',
  authLevel: 'anonymous', // Anteroom decides who may call it, not function keys
  handler: auth.withScope('Notes.Read', mcp, { appRole: 'Notes.Read.All' }),
});
