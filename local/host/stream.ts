import http, { type IncomingMessage } from 'node:http';
import type { RpcTypedData } from './functions-core';
import { BodyTooLargeError, encodePath, type RequestLine } from './http-request';
import type { HostResponse } from './http-response';

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
  request.socket.once('close', () => outgoing.destroy());
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
