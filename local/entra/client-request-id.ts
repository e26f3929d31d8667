import type { IncomingHttpHeaders } from 'node:http';

/** The caller's own number for a request, sent back as correlation id; MSAL puts it in the query. */
export function clientRequestIdOf(headers: IncomingHttpHeaders, url: URL): string | undefined {
  const header = headers['client-request-id'];
  if (typeof header === 'string') return header;
  return url.searchParams.get('client-request-id') ?? undefined;
}
