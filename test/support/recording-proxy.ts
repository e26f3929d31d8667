import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';

/** One request and its answer, as they went over the wire. */
interface Recorded {
  readonly path: string;
  readonly authorization: string;
  /** The request's body. */
  readonly sent: string;
  readonly status: number;
  /** The answer's body. */
  readonly answered: string;
}

export interface RecordingProxy {
  /** `http://127.0.0.1:P` */
  readonly origin: string;
  readonly recorded: readonly Recorded[];
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
  const server = http.createServer((request, response) => {
    passOn(request, target).then(
      ({ sent, answer, body }) => {
        const text = rewrite(body, origin);
        const status = answer.statusCode ?? 502;
        const { url: path = '', headers } = request;
        const { authorization = '' } = headers;
        recorded.push({ path, authorization, sent, status, answered: body });
        reply(response, answer, text);
      },
      () => {
        response.destroy();
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    origin,
    recorded,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function passOn(request: IncomingMessage, target: string) {
  const sent = await textOf(request);
  const { method, headers, url = '/' } = request;
  const onwards = http.request(target + url, {
    method,
    headers: { ...headers, host: new URL(target).host },
  });
  onwards.end(sent, 'latin1');
  const [answer] = (await once(onwards, 'response')) as [IncomingMessage];
  return { sent, answer, body: await textOf(answer) };
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
