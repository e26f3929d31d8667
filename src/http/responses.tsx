import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { AppError } from '../errors';
import { ContinuePage, type Site, SiteContext } from '../pages/layout';
import { stylesheet } from '../pages/stylesheet';

/** A whole HTML page of this site; text in it is escaped by construction (TSX). */
export function htmlPage(site: Site, page: VNode, status = 200): HttpResponseInit {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: `<!doctype html>${renderToString(<SiteContext.Provider value={site}>{page}</SiteContext.Provider>)}`,
  };
}

export function json(body: unknown, status = 200): HttpResponseInit {
  return { status, jsonBody: body };
}

/**
 * A redirect with an absolute address, so that nothing in a path can be read as another host.
 * @param location an absolute URL
 * @param status 302, or 303 after a POST
 */
export function redirectTo(location: string, status: 302 | 303 = 302): HttpResponseInit {
  return { status, headers: { Location: location } };
}

/** Problem details (RFC 9457) of an error. `extra` holds members beyond the standard ones, `login_url` for instance. */
export function problem(
  { code, status, title, detail, retryAfterSeconds }: AppError,
  correlationId: string,
  extra: Readonly<Record<string, unknown>> = {},
): HttpResponseInit {
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    },
    body: JSON.stringify({
      type: 'about:blank',
      title,
      status,
      detail,
      code,
      correlation_id: correlationId,
      ...extra,
    }),
  };
}

/** The same answer with one more header. */
export function withHeader(
  answer: HttpResponseInit,
  name: string,
  value: string,
): HttpResponseInit {
  const headers = new Headers(answer.headers);
  headers.set(name, value);
  return { ...answer, headers };
}

/** The same answer, saying when to try again; as it is where no time is known. */
export function withRetryAfter(
  answer: HttpResponseInit,
  seconds: number | undefined,
): HttpResponseInit {
  return seconds === undefined ? answer : withHeader(answer, 'Retry-After', String(seconds));
}

interface Continuation {
  readonly title: string;
  /** An absolute address of this app. */
  readonly goTo: string;
  readonly text: string;
}

/**
 * A page that opens another address of this app by a navigation of our own. It keeps the fragment, which no server sees:
 * our script reads it, the only script on our pages. Without scripts, a refresh opens the address without the fragment.
 */
export function continueHere(site: Site, { title, goTo, text }: Continuation): HttpResponseInit {
  const page = htmlPage(site, <ContinuePage title={title} goTo={goTo} text={text} keepsFragment />);
  return withHeader(page, 'Content-Security-Policy', continuePagePolicy);
}

const styleHash = createHash('sha256').update(stylesheet).digest('base64');

const pageRules = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
];
const pagePolicy = pageRules.join('; ');

/** Of the page that goes on to another address of this app, the only one with a script. */
export const continuePagePolicy = [...pageRules, "script-src 'self'"].join('; ');

const otherPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/** Our pages use none of these; a page of a team's own that does sets the header itself. */
const permissionsPolicy =
  'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()';

/** Headers of every answer: nothing is stored by caches, framed, sniffed or given to other sites. */
export function securityHeaders(options: {
  readonly isHtml: boolean;
  readonly isHttps: boolean;
}): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': options.isHtml ? pagePolicy : otherPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    ...(options.isHtml ? { 'Permissions-Policy': permissionsPolicy } : {}),
    ...(options.isHttps ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  };
}
