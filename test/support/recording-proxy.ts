import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';

/** One request as it came over the wire. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<http.IncomingHttpHeaders>;
  /** The body. Every byte is one character. */
  readonly sent: string;
}

/** A request and its answer. */
interface Recorded extends Asked {
  /** 0: there was none. */
  readonly status: number;
  /** The answer's body. */
  readonly answered: string;
}

/** An answer that the proxy gives itself. */
export interface ForcedAnswer {
  readonly status: number;
  readonly statusText?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What becomes of a request. `refuse`: the connection is cut. `swallow`: it goes nowhere and gets no answer. `withhold`: it is
 * answered, but the answer goes nowhere.
 */
export type Treatment = 'pass' | 'refuse' | 'swallow' | 'withhold' | ForcedAnswer;

export interface RecordingProxy {
  /** `http://127.0.0.1:P` */
  readonly origin: string;
  readonly recorded: readonly Recorded[];
  /** Decides about each request from now on. All pass unless it is set. */
  treat: (asked: Asked) => Treatment;
  /** Called with each request when all is done with it, before an answer that passes. */
  onDone: (asked: Asked) => void;
  close(): Promise<void>;
}

/**
 * Passes requests on to `target`, an origin on loopback, and keeps what was said.
 * @param rewrite changes the answers on their way back
 */
export async function startRecordingProxy(
  target: string,
  rewrite: (body: string, origin: string) => string = (body) => body,
): Promise<RecordingProxy> {
  const recorded: Recorded[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '/', headers } = request;
    const asked = { method, path, headers, sent: await textOf(request) };
    const treatment = proxy.treat(asked);
    const keep = (status: number, answered: string): void => {
      recorded.push({ ...asked, status, answered });
      proxy.onDone(asked);
    };
    if (typeof treatment === 'object') {
      const { status, statusText = '', headers: own = {}, body } = treatment;
      keep(status, body);
      response.writeHead(status, statusText, own).end(body);
      return;
    }
    if (treatment === 'refuse' || treatment === 'swallow') {
      keep(0, '');
      if (treatment === 'refuse') response.destroy();
      return;
    }
    const { incoming, body } = await passOn(asked, target);
    keep(incoming.statusCode ?? 502, body);
    if (treatment === 'pass') reply(response, incoming, rewrite(body, proxy.origin));
  };
  const server = http.createServer((request, response) => {
    answer(request, response).catch(() => {
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  const proxy: RecordingProxy = {
    origin: `http://127.0.0.1:${address.port}`,
    recorded,
    treat: () => 'pass',
    onDone: () => undefined,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function passOn({ method, path, headers, sent }: Asked, target: string) {
  const onwards = http.request(target + path, {
    method,
    headers: { ...headers, host: new URL(target).host },
  });
  onwards.end(sent, 'latin1');
  const [incoming] = (await once(onwards, 'response')) as [IncomingMessage];
  return { incoming, body: await textOf(incoming) };
}

function reply(response: ServerResponse, { statusCode, headers }: IncomingMessage, text: string) {
  const kept = Object.entries(headers).filter(
    ([name]) => name !== 'content-length' && name !== 'transfer-encoding',
  );
  response.writeHead(statusCode ?? 502, Object.fromEntries(kept)).end(text, 'latin1');
}

/** Byte for byte, so that a photo passes unharmed. */
async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('latin1');
}
