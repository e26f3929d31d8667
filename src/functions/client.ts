import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { HttpFunction } from '../http/endpoint';
import type { Site } from '../pages/layout';
import type { RequestContext, Handler } from '../http/context';

/** What scripts/build.mjs makes of src/client/client.ts; a bundle made in another way does without. */
declare const CLIENT_SCRIPT: string | undefined;
declare const CLIENT_TYPES: string | undefined;
/** And of src/client/continue.ts. */
declare const CONTINUE_SCRIPT: string | undefined;
const script = typeof CLIENT_SCRIPT === 'undefined' ? undefined : CLIENT_SCRIPT;
const continueScript = typeof CONTINUE_SCRIPT === 'undefined' ? undefined : CONTINUE_SCRIPT;
const types = typeof CLIENT_TYPES === 'undefined' ? undefined : CLIENT_TYPES;

const freshSeconds = 300;

type TextFor = (site: Site) => string;

const asTheyAre =
  (text: string): TextFor =>
  () =>
    text;

const textOr = (text: string | undefined, made: (text: string) => TextFor): TextFor | undefined =>
  text === undefined ? undefined : made(text);

/** The client knows `/auth`. Under another base path it is told so. */
const withAuthPath =
  (text: string): TextFor =>
  ({ authPath }) =>
    authPath === '/auth' ? text : `${text}setAuthPath(${JSON.stringify(authPath)});\n`;

/**
 * GET auth/client.js and auth/client.d.ts: the browser client and its types. They hold nothing of anybody, so caches
 * may keep them; after five minutes they ask again, and get 304 until the next deployment.
 */
function serveText(contentType: string, textFor: TextFor | undefined): Handler {
  return ({ request, services }: RequestContext): HttpResponseInit => {
    if (textFor === undefined) throw new AppError('ERR_NOT_FOUND', { note: 'not in this bundle' });
    const text = textFor(services.site);
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
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

export const clientFunctions: readonly HttpFunction[] = [
  {
    name: 'client',
    route: 'client.js',
    get: serveText('text/javascript; charset=utf-8', textOr(script, withAuthPath)),
  },
  {
    name: 'client-types',
    route: 'client.d.ts',
    get: serveText('text/plain; charset=utf-8', textOr(types, asTheyAre)),
  },
  {
    name: 'continue',
    route: 'continue.js',
    get: serveText('text/javascript; charset=utf-8', textOr(continueScript, asTheyAre)),
  },
];
