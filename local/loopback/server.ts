import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { Readable } from 'node:stream';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isLoopback } from '../../src/proxy';

export type LoopbackHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void>;

export interface LoopbackServer {
  /** Origin, `http://127.0.0.1:P`. */
  readonly url: string;
  /** Ends open connections too, so that a hanging request does not hold up the end. */
  stop(): Promise<void>;
}

/**
 * Serves on 127.0.0.1 only. `createHandler` gets the origin, because the answers of an identity
 * provider name it. Rejects when the port is taken (`EADDRINUSE`).
 */
export async function startLoopbackServer(options: {
  readonly port?: number;
  createHandler(url: string): Promise<LoopbackHandler>;
}): Promise<LoopbackServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const port = address.port;
  const url = `http://127.0.0.1:${port}`;
  const handler = await options.createHandler(url);

  server.on('request', (request, response) => {
    if (!isForLoopback(request)) {
      response.writeHead(421).end();
      return;
    }
    answer(handler, request, response, url).catch((error: unknown) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** A page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding). The Host header shows that name. */
export function isForLoopback({ headers }: IncomingMessage): boolean {
  return isLoopback(URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? '');
}

async function answer(
  handler: LoopbackHandler,
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
): Promise<void> {
  // A request target of '//host' would otherwise be read as another host.
  const target = (request.url ?? '/').replace(/^\/+/, '/');
  const url = URL.parse(target, origin);
  if (url === null) {
    response.writeHead(400).end();
    return;
  }
  await handler(request, response, url);
}

/** Answers JSON that nobody may keep. */
export function respondJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  respond(response, status, JSON.stringify(body), {
    'Content-Type': 'application/json; charset=utf-8',
    ...headers,
  });
}

/** Answers `body` as it is; `Cache-Control: no-store` unless `headers` say otherwise. */
export function respond(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: OutgoingHttpHeaders,
): void {
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

const limitBytes = 64 * 1024;

/** The body as text. Throws when it is longer than 64 KiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the request must not be decoded before');
    length += chunk.length;
    if (length > limitBytes) throw new RangeError('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether a page of another site has sent the request (Sec-Fetch-Site of Fetch Metadata, Origin). */
export function isFromAnotherSite(request: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, origin, host } = request.headers;
  if (site !== undefined) return site !== 'same-origin' && !isOwnNavigation(request, site);
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

// A person who typed the address, or followed a link to it from the app: reading changes nothing.
function isOwnNavigation({ method, headers }: IncomingMessage, site: string): boolean {
  return site === 'none' || (method === 'GET' && headers['sec-fetch-mode'] === 'navigate');
}

/** `application/json`, without parameters. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Whether a browser asks, for a page. */
export function prefersHtml(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').includes('text/html');
}

/** The JSON value in the body; undefined for what is none. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // The media type cannot be sent by a plain form of another site.
  if (mediaTypeOf(request) !== 'application/json') return undefined;
  try {
    return JSON.parse(await readBody(request));
  } catch {
    return undefined;
  }
}

/**
 * The request, once more from the start, for a handler that reads the body itself: with `body` instead
 * of the one that has been read already.
 */
export function replayBody(request: IncomingMessage, body: string): IncomingMessage {
  const bytes = Buffer.from(body);
  const headers = { ...request.headers, 'content-length': String(bytes.length) };
  // Everything else (socket, address, method) is looked up in the request itself.
  const replay: unknown = Object.create(request, {
    headers: { value: headers },
    readable: { value: true },
    iterator: { value: () => Readable.from([bytes]).iterator() },
  });
  return replay as IncomingMessage;
}

/**
 * A key and a self-signed certificate (PEM) for localhost, 127.0.0.1 and ::1, valid for ten days. A client trusts it when
 * it gets it as `ca` or by NODE_EXTRA_CA_CERTS.
 * RFC 5280 sections 4.1 and 4.2.1.6, RFC 5758 section 3.2.
 * @param now milliseconds since 1970, by the clock of the one who checks the certificate
 */
export function createThrowawayCertificate(now = Date.now()): {
  readonly key: string;
  readonly cert: string;
} {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: toPem(createCertificate(pair, now)),
  };
}

/** The self-signed certificate of an EC or RSA key, in DER, with the names and the validity above. */
export function createCertificate(
  { privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  now = Date.now(),
): Buffer {
  const isRsa = privateKey.asymmetricKeyType === 'rsa';
  const signedWith = isRsa
    ? sequence(oid('2a864886f70d01010b'), node(0x05, Buffer.alloc(0)))
    : sequence(oid('2a8648ce3d040302'));
  const name = sequence(node(0x31, sequence(oid('550403'), node(0x0c, Buffer.from('localhost')))));
  const day = 86_400_000;
  const validity = sequence(time(now - day), time(now + 10 * day));
  const names = sequence(
    node(0x82, Buffer.from('localhost')),
    node(0x87, Buffer.from([127, 0, 0, 1])),
    node(0x87, Buffer.from([...Array<number>(15).fill(0), 1])),
  );
  const basicConstraints = sequence(node(0x01, Buffer.from([0xff])));
  const extensions = sequence(
    sequence(oid('551d11'), node(0x04, names)),
    sequence(oid('551d13'), node(0x01, Buffer.from([0xff])), node(0x04, basicConstraints)),
  );
  // The first byte keeps the serial number positive and free of leading zeros.
  const serial = node(0x02, Buffer.concat([Buffer.from([0x40]), randomBytes(15)]));
  const signed = sequence(
    node(0xa0, node(0x02, Buffer.from([2]))),
    serial,
    signedWith,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    node(0xa3, extensions),
  );
  const signature = sign('sha256', signed, privateKey);
  return sequence(signed, signedWith, node(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

function node(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return node(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return node(0x06, Buffer.from(hex, 'hex'));
}

// UTCTime: two digits of the year.
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return node(0x17, Buffer.from(digits.slice(2)));
}

export function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
