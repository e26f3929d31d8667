import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { app } from '@azure/functions';
import { endpoint } from '../http/endpoint';
import type { Exchange, Handler } from '../http/exchange';

/** What scripts/build.mjs makes of src/client/client.ts. */
declare const CLIENT_SCRIPT: string;
declare const CLIENT_TYPES: string;

const freshSeconds = 300;

/**
 * GET auth/client.js and auth/client.d.ts: the browser client and its types. They hold nothing of anybody, so caches
 * may keep them; after five minutes they ask again, and get 304 until the next deployment.
 */
function serveText(contentType: string, text: string): Handler {
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
  return ({ request }: Exchange): HttpResponseInit => {
    const headers = { ETag: etag, 'Cache-Control': `public, max-age=${freshSeconds}` };
    if (namesTag(request.headers.get('if-none-match'), etag)) return { status: 304, headers };
    return { headers: { ...headers, 'Content-Type': contentType }, body: text };
  };
}

/** RFC 9110 section 13.1.2: a list, compared weakly; proxies that compress make tags weak. */
function namesTag(header: string | null, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}

app.http('client', {
  methods: ['GET'],
  route: 'auth/client.js',
  authLevel: 'anonymous',
  handler: endpoint(serveText('text/javascript; charset=utf-8', CLIENT_SCRIPT)),
});

app.http('client-types', {
  methods: ['GET'],
  route: 'auth/client.d.ts',
  authLevel: 'anonymous',
  handler: endpoint(serveText('text/plain; charset=utf-8', CLIENT_TYPES)),
});
