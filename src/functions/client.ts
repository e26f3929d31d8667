import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { serve } from '../http/endpoint';
import type { RequestContext, Handler } from '../http/request';

/** What scripts/build.mjs makes of src/client/client.ts; a bundle made in another way does without. */
declare const CLIENT_SCRIPT: string | undefined;
declare const CLIENT_TYPES: string | undefined;
/** And of src/client/continue.ts. */
declare const CONTINUE_SCRIPT: string | undefined;
const script = typeof CLIENT_SCRIPT === 'undefined' ? undefined : CLIENT_SCRIPT;
const continueScript = typeof CONTINUE_SCRIPT === 'undefined' ? undefined : CONTINUE_SCRIPT;
const types = typeof CLIENT_TYPES === 'undefined' ? undefined : CLIENT_TYPES;

const freshSeconds = 300;

/**
 * GET auth/client.js and auth/client.d.ts: the browser client and its types. They hold nothing of anybody, so caches
 * may keep them; after five minutes they ask again, and get 304 until the next deployment.
 */
function serveText(contentType: string, text: string | undefined): Handler {
  const hash = createHash('sha256').update(text ?? '');
  const etag = `"${hash.digest('base64url')}"`;
  return ({ request }: RequestContext): HttpResponseInit => {
    if (text === undefined) throw new AppError('ERR_NOT_FOUND', { note: 'not in this bundle' });
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

serve('client', {
  route: 'auth/client.js',
  get: serveText('text/javascript; charset=utf-8', script),
});

serve('client-types', {
  route: 'auth/client.d.ts',
  get: serveText('text/plain; charset=utf-8', types),
});

serve('continue', {
  route: 'auth/continue.js',
  get: serveText('text/javascript; charset=utf-8', continueScript),
});
