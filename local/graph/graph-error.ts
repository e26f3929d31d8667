import { randomUUID } from 'node:crypto';

export interface GraphError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Microsoft Graph's error body: https://learn.microsoft.com/graph/errors.
 * `clientRequestId` is the caller's own number for the request, sent back.
 */
export function graphErrorBody(error: GraphError, clientRequestId?: string): unknown {
  const requestId = randomUUID();
  return {
    error: {
      code: error.code,
      message: error.message,
      innerError: {
        date: new Date().toISOString().slice(0, 19),
        'request-id': requestId,
        'client-request-id': clientRequestId ?? requestId,
      },
    },
  };
}
