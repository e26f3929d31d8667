import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { answerRequest, type AnswerParts } from './answer-request';
import { describeError } from './run-function';

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
      parts.log('error', `The host failed. ${describeError(error)}`);
      response.destroy();
    });
    void track(work);
  };
  const server =
    tls === undefined
      ? http.createServer(limits, listener)
      : https.createServer({ ...limits, ...tls }, listener);
  server.maxHeadersCount = 0;
  server.on('clientError', refuse);
  return server;
}

function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\nServer: Kestrel\r\n\r\n`,
  );
}
