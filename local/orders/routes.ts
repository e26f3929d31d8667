import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import type { Control } from '../loopback/control';
import { readBody, respond, respondJson } from '../loopback/server';

/** The person or app of the access token, and what it allows. */
export interface Caller {
  /** `oid`: of the person, or of the app itself. */
  readonly objectId: string;
  /** Client id of the app that calls. */
  readonly app: string;
  readonly scopes: readonly string[];
  /** Application permissions. */
  readonly roles: readonly string[];
  readonly acrs: readonly string[];
}

interface Order {
  readonly id: string;
  readonly item: string;
  readonly quantity: number;
  /** `oid` of the caller. */
  readonly placedBy: string;
}

/** All orders, by id. */
export type OrderBook = Map<string, Order>;

const orderSchema = v.strictObject({
  item: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  quantity: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
});

export function createOrderBook(): OrderBook {
  const orders = [
    { id: '1001', item: 'Desk lamp', quantity: 2, placedBy: 'nobody' },
    { id: '1002', item: 'Filing cabinet', quantity: 1, placedBy: 'nobody' },
  ];
  return new Map(orders.map((order) => [order.id, order]));
}

interface Asked {
  readonly orders: OrderBook;
  readonly caller: Caller;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

type Answer = (asked: Asked) => Promise<void> | void;

/** By method and path. HEAD is answered like GET, without the body. */
const routes: Readonly<Record<string, Answer>> = {
  'GET /latest': ({ orders, response }) => {
    sendOrder(response, [...orders.values()].at(-1));
  },
  'GET /orders': ({ orders, response }) => {
    respondJson(response, 200, { value: [...orders.values()] });
  },
  'POST /orders': async (asked) => {
    await writeOrder(asked, randomUUID(), 201);
  },
  'GET /export': sendExport,
  'POST /import': takeImport,
  'GET /events': sendEvents,
};

/** Answers a request that may be made. */
export async function answerOrders(
  { orders, caller }: Pick<Asked, 'orders' | 'caller'>,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const asked = { orders, caller, request, response, url };
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const route = routes[`${method} ${url.pathname}`];
  const id = /^\/orders\/([^/]+)$/.exec(url.pathname)?.[1];
  if (url.pathname === '/echo') await echo(asked);
  else if (route !== undefined) await route(asked);
  else if (id !== undefined) await answerOne(asked, method, decodeURIComponent(id));
  else problem(response, 404, 'There is no such address.');
}

/** A problem of RFC 9457. */
export function problem(
  response: ServerResponse,
  status: number,
  detail: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = JSON.stringify({ title: 'orders', status, detail });
  respond(response, status, body, { 'Content-Type': 'application/problem+json', ...headers });
}

async function answerOne(asked: Asked, method: string, id: string): Promise<void> {
  const { orders, request, response } = asked;
  const order = orders.get(id);
  if (order === undefined) {
    problem(response, 404, 'There is no such order.');
  } else if (method === 'GET') {
    const isKnown = request.headers['if-none-match'] === tagOf(order);
    if (isKnown) response.writeHead(304, { ETag: tagOf(order) }).end();
    else sendOrder(response, order);
  } else if (method === 'PUT') {
    const wanted = request.headers['if-match'];
    if (wanted === undefined || wanted === tagOf(order)) await writeOrder(asked, id, 200);
    else problem(response, 412, 'The order was changed meanwhile.');
  } else if (method === 'DELETE') {
    orders.delete(id);
    response.writeHead(204).end();
  } else {
    problem(response, 405, 'Not with an order.', { Allow: 'GET, HEAD, PUT, DELETE' });
  }
}

function sendOrder(response: ServerResponse, order: Order | undefined, status = 200): void {
  if (order === undefined) {
    problem(response, 404, 'There is no order.');
    return;
  }
  respondJson(response, status, order, { ETag: tagOf(order) });
}

function tagOf(order: Order): string {
  return `"${createHash('sha256').update(JSON.stringify(order)).digest('base64url').slice(0, 16)}"`;
}

async function writeOrder(asked: Asked, id: string, status: 200 | 201): Promise<void> {
  const { orders, caller, request, response, url } = asked;
  const order = v.safeParse(orderSchema, parseJson(await readBody(request)));
  if (!order.success) {
    problem(response, 400, 'An order is { item: a text, quantity: 1 or more }.');
    return;
  }
  const written = { id, ...order.output, placedBy: caller.objectId };
  orders.set(id, written);
  if (status === 201) response.setHeader('Location', `${url.origin}/orders/${id}`);
  sendOrder(response, written, status);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `?bytes=N`: as many bytes, in pieces, without a length before. */
async function sendExport({ request, response, url }: Asked): Promise<void> {
  const bytes = Number(url.searchParams.get('bytes') ?? 1024);
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    problem(response, 400, 'bytes is a whole number.');
    return;
  }
  response.writeHead(200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': 'attachment; filename="orders.csv"',
  });
  await sendUntilLeft(request, pieces(bytes), response);
}

function* pieces(bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(64 * 1024, 'order;1\n');
  for (let left = bytes; left > 0; left -= piece.length) {
    yield left < piece.length ? piece.subarray(0, left) : piece;
  }
}

/** The caller may leave at any time. That is no fault of the API. */
async function sendUntilLeft(
  { method }: IncomingMessage,
  source: Iterable<Buffer> | AsyncIterable<string>,
  response: ServerResponse,
): Promise<void> {
  if (method === 'HEAD') response.end();
  else await pipeline(Readable.from(source), response).catch(() => undefined);
}

/** Reads the body as it comes, and tells its length and hash. */
async function takeImport({ request, response }: Asked): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch {
    return; // The caller has left.
  }
  respondJson(response, 200, { bytes, sha256: hash.digest('hex') });
}

/** Server-Sent Events: `?count=N` events, else without end; `?everyMs=N`. */
async function sendEvents({ request, response, url }: Asked): Promise<void> {
  const count = Number(url.searchParams.get('count') ?? Infinity);
  const everyMs = Number(url.searchParams.get('everyMs') ?? 100);
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  await sendUntilLeft(request, events(count, everyMs), response);
}

async function* events(count: number, everyMs: number): AsyncGenerator<string> {
  for (let number = 1; number <= count; number += 1) {
    yield `id: ${number}\nevent: order\ndata: {"number":${number}}\n\n`;
    await delay(everyMs);
  }
}

/** What came, for tests: method, address, headers without the token, length of the body, caller. */
async function echo({ caller, request, response, url }: Asked): Promise<void> {
  const { authorization, ...headers } = request.headers;
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) bytes += chunk.length;
  respondJson(response, 200, {
    ...{ method: request.method, path: url.pathname, query: url.search, bytes, caller },
    headers: { ...headers, authorization: authorization?.split(' ')[0] },
  });
}

/** A request as it came to the API. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** How requests ended, for tests: `GET /control` tells it. */
interface TrafficState {
  /** Requests that are being answered now. */
  readonly open: number;
  readonly answered: number;
  /** Requests whose caller left before the end of the answer. */
  readonly left: number;
  /** The last twenty, without their tokens. */
  readonly last: readonly SeenRequest[];
}

/** Counts the requests of the API. */
export interface Traffic {
  readonly control: Control<TrafficState>;
  change(change: (state: TrafficState) => TrafficState): void;
}

const none: TrafficState = { open: 0, answered: 0, left: 0, last: [] };

export function createTraffic(): Traffic {
  let value = none;
  return {
    control: {
      takes: 'nothing: it is counted',
      get value() {
        return value;
      },
      offer: () => false,
      remember: () => () => undefined,
      reset() {
        value = { ...none, open: value.open };
      },
    },
    change(change) {
      value = change(value);
    },
  };
}

/** Counts a request, and how its answer ends. */
export function countTraffic(
  traffic: Traffic,
  { method = '', headers }: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  const { authorization, ...others } = headers;
  const scheme = authorization?.split(' ')[0];
  const seen = {
    ...{ method, path },
    headers: scheme === undefined ? others : { ...others, authorization: scheme },
  };
  traffic.change((state) => ({
    ...state,
    open: state.open + 1,
    last: [...state.last, seen].slice(-20),
  }));
  response.once('close', () => {
    const isWhole = response.writableFinished;
    traffic.change((state) => ({
      ...state,
      open: state.open - 1,
      answered: state.answered + (isWhole ? 1 : 0),
      left: state.left + (isWhole ? 0 : 1),
    }));
  });
}
