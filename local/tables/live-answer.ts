import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { BehindAnswer } from './forward';
import type { TablesRequest } from './tables-request';

/** An answer in the form of the live service. */
export interface LiveAnswer {
  readonly status: number;
  readonly headers: Readonly<OutgoingHttpHeaders>;
  readonly body: Buffer;
}

const jsonType = 'application/json;odata=minimalmetadata;streaming=true;charset=utf-8';
const server = 'Windows-Azure-Table/1.0 Microsoft-HTTPAPI/2.0';
const version = '2019-02-02';

/**
 * Azurite's answer as Table Storage gives it. The code of an error of data is only in the body; 401 and 403 have
 * the header too. A read by keys answers the same for a missing table and a missing row (Azure/azure-sdk-for-net#46430).
 */
export function asLive({ kind }: TablesRequest, answer: BehindAnswer): LiveAnswer {
  const { status, headers } = answer;
  if (status === 404 && kind === 'point-read') {
    return liveError(404, 'ResourceNotFound', 'The specified resource does not exist.');
  }
  const kept: OutgoingHttpHeaders = { ...headers, server, 'x-ms-version': version };
  for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'content-length']) {
    Reflect.deleteProperty(kept, name);
  }
  if (status !== 401 && status !== 403) Reflect.deleteProperty(kept, 'x-ms-error-code');
  const type = headers['content-type'] ?? '';
  if (status === 204) Reflect.deleteProperty(kept, 'content-type');
  else if (type.startsWith('application/json') && !type.includes('streaming')) {
    kept['content-type'] = `${type};streaming=true;charset=utf-8`;
  }
  return { status, headers: kept, body: answer.body };
}

/** An error in the service's JSON. `withHeader`: with the code in a header too. */
export function liveError(
  status: number,
  code: string,
  message: string,
  withHeader = status === 401 || status === 403,
): LiveAnswer {
  const { id, time, headers } = errorParts(withHeader ? code : undefined);
  const value = `${message}\nRequestId:${id}\nTime:${time}`;
  const body = { 'odata.error': { code, message: { lang: 'en-US', value } } };
  return {
    status,
    headers: { ...headers, 'content-type': jsonType },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** An error in XML: what the service's outermost layer answers, whatever the client accepts. */
export function liveXmlError(status: number, code: string, message: string): LiveAnswer {
  const { id, time, headers } = errorParts(code);
  const text = `<?xml version="1.0" encoding="utf-8"?><m:error xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><m:code>${code}</m:code><m:message xml:lang="en-US">${message}\nRequestId:${id}\nTime:${time}</m:message></m:error>`;
  return {
    status,
    headers: { ...headers, 'content-type': 'application/xml' },
    body: Buffer.from(text),
  };
}

function errorParts(code: string | undefined) {
  const id = randomUUID();
  const headers: OutgoingHttpHeaders = { server, 'x-ms-request-id': id, 'x-ms-version': version };
  if (code !== undefined) headers['x-ms-error-code'] = code;
  return { id, time: new Date().toISOString(), headers };
}

/** Sends an answer, compressed when the client takes that. */
export function send(
  { status, headers, body }: LiveAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { 'accept-encoding': accepted = '' } = request.headers;
  const isCompressed = body.length > 0 && accepted.includes('gzip');
  const sent = isCompressed ? gzipSync(body, { level: 1 }) : body;
  response.writeHead(status, {
    ...headers,
    ...(isCompressed && { 'content-encoding': 'gzip' }),
    ...(status !== 204 && { 'content-length': sent.length }),
  });
  response.end(status === 204 ? undefined : sent);
}

/** A page without rows. */
export function emptyPageOf({ headers, path, table }: TablesRequest): LiveAnswer {
  const account = path.split('/')[1] ?? '';
  const metadata = `http://${headers.host ?? ''}/${account}/$metadata#${table}`;
  return {
    status: 200,
    headers: { ...errorParts(undefined).headers, 'content-type': jsonType },
    body: Buffer.from(JSON.stringify({ 'odata.metadata': metadata, value: [] })),
  };
}
