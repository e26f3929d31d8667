import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { Handler, RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { namesTag } from '../http/request';
import type { Site } from '../pages/layout';

/** `scripts/build.mjs` makes these texts from `src/client/client.ts`. Another build does not define them. */
declare const CLIENT_SCRIPT: string | undefined;
declare const CLIENT_TYPES: string | undefined;
/** The same, from `src/client/continue.ts`. */
declare const CONTINUE_SCRIPT: string | undefined;
const script = typeof CLIENT_SCRIPT === 'undefined' ? undefined : CLIENT_SCRIPT;
const continueScript = typeof CONTINUE_SCRIPT === 'undefined' ? undefined : CONTINUE_SCRIPT;
const types = typeof CLIENT_TYPES === 'undefined' ? undefined : CLIENT_TYPES;

const freshSeconds = 300;

/**
 * GET auth/client.js, auth/client.d.ts and auth/continue.js: the browser client, its types, and the script of the page
 * that goes on by itself. They are the same for everybody, so caches may keep them. After five minutes a cache asks again,
 * and gets 304 until the next deployment.
 * @throws ERR_NOT_FOUND when the bundle was built without them
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

/** The functions that serve them. Their texts are the same for all requests, so each is hashed once. */
export function createClientFunctions({ authPath }: Site): readonly HttpFunction[] {
  // The client uses `/auth`. For another base path, one more line sets it.
  const more = authPath === '/auth' ? '' : `setAuthPath(${JSON.stringify(authPath)});\n`;
  const client = script === undefined ? undefined : script + more;
  const javascript = 'text/javascript; charset=utf-8';
  return [
    { name: 'client', route: 'client.js', get: serveText(javascript, client) },
    {
      name: 'client-types',
      route: 'client.d.ts',
      get: serveText('text/plain; charset=utf-8', types),
    },
    { name: 'continue', route: 'continue.js', get: serveText(javascript, continueScript) },
  ];
}
