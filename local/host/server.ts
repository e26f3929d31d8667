import http, { STATUS_CODES } from 'node:http';
import https from 'node:https';
import { type Duplex, duplexPair } from 'node:stream';
import { answerWithoutFunction } from './built-in-routes';
import { decodePath } from './http-request';
import { emptyResponse, type HostResponse } from './http-response';
import { type HostContext, answerRequest, describeError } from './invoke';
import { logCategory } from './log';

/**
 * A server that answers with the functions of `host`. It does not listen yet.
 * @param track gets every answer that is being made, so that the host can wait for it at its end
 */
export function createHostServer(
  host: HostContext,
  tls: { readonly key: string; readonly cert: string } | undefined,
  track: (work: Promise<void>) => Promise<void>,
): http.Server | https.Server {
  const limits = {
    // Much higher than the real limits. readRequestLine checks those, since the answers differ.
    maxHeaderSize: 256 * 1024,
    requireHostHeader: false,
    // The same as Kestrel's. It is long enough that no idle connection is closed while a request arrives.
    keepAliveTimeout: 130_000,
  };
  const listener: http.RequestListener = (request, response) => {
    const work = answerRequest(host, request, response).catch((error: unknown) => {
      host.log('error', logCategory.general, `The host failed. ${describeError(error)}`);
      response.destroy();
    });
    void track(work);
  };
  const server =
    tls === undefined
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...tls }, listener);
  server.maxHeadersCount = 0;
  server.on('clientError', (error: ParserError, socket) => {
    const withoutLength = takeLengthAway(error);
    if (withoutLength === undefined) {
      refuse(host, error, socket);
    } else {
      const [inner, outer] = duplexPair();
      server.emit(tls === undefined ? 'connection' : 'secureConnection', inner);
      socket.removeAllListeners('data');
      outer.pipe(socket);
      outer.write(withoutLength, 'latin1');
      socket.pipe(outer);
    }
  });
  return server;
}

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly reason?: string;
}

/**
 * Node refuses a request with both Transfer-Encoding and Content-Length. Kestrel takes it and ignores the length (RFC 9112
 * section 6.3). Gives the request without its length; undefined when the fault is another one.
 */
function takeLengthAway({ reason = '', rawPacket }: ParserError): string | undefined {
  const sent = rawPacket?.toString('latin1') ?? '';
  const end = sent.indexOf('\r\n\r\n');
  if (!reason.includes("can't be present with") || end === -1 || !/^[A-Z]+ \S+ HTTP/.test(sent)) {
    return undefined;
  }
  return sent.slice(0, end).replace(/\r\ncontent-length:[^\r]*/gi, '') + sent.slice(end);
}

function refuse(host: HostContext, error: ParserError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? emptyResponse(431)
      : error.code === 'HPE_INVALID_METHOD'
        ? answerUnknownMethod(host, error.rawPacket)
        : emptyResponse(400);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body.length === 0 && status !== 204 ? ['Content-Length: 0'] : []),
    'Connection: close',
    'Server: Kestrel',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.end(body);
}

/** Node refuses methods that it does not know, such as `get`. To Kestrel they are methods that no function has. */
function answerUnknownMethod(host: HostContext, packet: Buffer | undefined): HostResponse {
  const [, target] =
    /^[\w!#$%&'*+\-.^`|~]+ (\/\S*) HTTP\/1\.[01]\r\n/.exec(packet?.toString('latin1') ?? '') ?? [];
  const path = target === undefined ? undefined : decodePath(target.replace(/[?#].*$/, ''));
  return path === undefined ? emptyResponse(400) : answerWithoutFunction(host, path);
}
