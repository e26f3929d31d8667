export interface GraphError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** What names a request in its answer, in headers and in the body of an error. */
export interface GraphIds {
  readonly requestId: string;
  /** The caller's own, sent back; else as `requestId`. */
  readonly clientRequestId: string;
}

/** Microsoft Graph's error body: https://learn.microsoft.com/graph/errors. */
export function graphErrorBody(error: GraphError, ids: GraphIds): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      innerError: {
        date: new Date().toISOString().slice(0, 19),
        'request-id': ids.requestId,
        'client-request-id': ids.clientRequestId,
      },
    },
  };
}

/** What every answer of Microsoft Graph has. */
export function graphHeaders(ids: GraphIds): Readonly<Record<string, string>> {
  const server = { DataCenter: 'Loopback', Slice: 'E', Ring: '1', ScaleUnit: '000' };
  return {
    'request-id': ids.requestId,
    'client-request-id': ids.clientRequestId,
    'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: { ...server, RoleInstance: 'stand-in' } }),
    'x-ms-resource-unit': '1',
    'OData-Version': '4.0',
    'Strict-Transport-Security': 'max-age=31536000',
  };
}
