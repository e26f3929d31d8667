import http, { STATUS_CODES } from 'node:http';
import https from 'node:https';
import { type Duplex, duplexPair } from 'node:stream';
import { answerWithoutFunction } from './built-in-routes';
import { decodePath } from './http-request';
import { emptyResponse, type HostResponse } from './http-response';
import { type AnswerParts, answerRequest, describeError } from './invoke';
import { logCategory } from './log';

/**
 * A server, not yet listening, that answers with the functions of `parts`.
 * @param track is told of every answer under way, so that the host can wait for them when it ends
 */
export function createHostServer(
  parts: AnswerParts,
  tls: { readonly key: string; readonly cert: string } | undefined,
  track: (work: Promise<void>) => Promise<void>,
): http.Server | https.Server {
  const limits = {
    // Far above the real limits, which readRequestLine holds: their answers differ.
    maxHeaderSize: 256 * 1024,
    requireHostHeader: false,
    // As Kestrel's, and long enough that no client's idle connection is closed under a request.
    keepAliveTimeout: 130_000,
  };
  const listener: http.RequestListener = (request, response) => {
    const work = answerRequest(parts, request, response).catch((error: unknown) => {
      parts.log('error', logCategory.general, `The host failed. ${describeError(error)}`);
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
      refuse(parts, error, socket);
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
 * A request with both Transfer-Encoding and Content-Length, which Node refuses: Kestrel takes it and goes by the
 * encoding (RFC 9112 section 6.3). The request without its length; undefined when it is another fault.
 */
function takeLengthAway({ reason = '', rawPacket }: ParserError): string | undefined {
  const sent = rawPacket?.toString('latin1') ?? '';
  const end = sent.indexOf('\r\n\r\n');
  if (!reason.includes("can't be present with") || end === -1 || !/^[A-Z]+ \S+ HTTP/.test(sent)) {
    return undefined;
  }
  return sent.slice(0, end).replace(/\r\ncontent-length:[^\r]*/gi, '') + sent.slice(end);
}

function refuse(parts: AnswerParts, error: ParserError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? emptyResponse(431)
      : error.code === 'HPE_INVALID_METHOD'
        ? answerUnknownMethod(parts, error.rawPacket)
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

/** Methods that Node does not know, such as `get`: to Kestrel they are methods that no function has. */
function answerUnknownMethod(parts: AnswerParts, packet: Buffer | undefined): HostResponse {
  const [, target] =
    /^[\w!#$%&'*+\-.^`|~]+ (\/\S*) HTTP\/1\.[01]\r\n/.exec(packet?.toString('latin1') ?? '') ?? [];
  const path = target === undefined ? undefined : decodePath(target.replace(/[?#].*$/, ''));
  return path === undefined ? emptyResponse(400) : answerWithoutFunction(parts, path);
}
