import type { HttpResponseInit } from '@azure/functions';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { ErrorCode } from '../error-facts';
import { factsOf } from '../error-facts';

/** A whole HTML page; text in it is escaped by construction (TSX). */
export function htmlPage(page: VNode, status = 200): HttpResponseInit {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: `<!doctype html>${renderToString(page)}`,
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

/**
 * Problem details (RFC 9457). `extra` holds members beyond the standard ones, `login_url` for instance.
 * @param retryAfterSeconds the code's own unless given
 */
export function problem(
  code: ErrorCode,
  correlationId: string,
  extra: Readonly<Record<string, unknown>> = {},
  retryAfterSeconds = factsOf(code).retryAfterSeconds,
): HttpResponseInit {
  const { status, title, detail } = factsOf(code);
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
