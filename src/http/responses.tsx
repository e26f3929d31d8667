import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { AppError } from '../errors';
import { ContinuePage, LanguageContext, type Site, SiteContext } from '../pages/layout';
import { stylesheet } from '../pages/stylesheet';
import type { Language } from '../texts/language';
import type { RequestHead } from './request';

/** The request that a page answers, and the site of the page. */
export interface PageRequest {
  readonly request: RequestHead;
  readonly services: { readonly site: Site };
}

/** A whole HTML page of this site, in the language of the request. TSX escapes all text in it. */
export function htmlPage(context: PageRequest, page: VNode, status = 200): HttpResponseInit {
  const { site } = context.services;
  const language = languageOf(context);
  const whole = (
    <SiteContext.Provider value={site}>
      <LanguageContext.Provider value={language}>{page}</LanguageContext.Provider>
    </SiteContext.Provider>
  );
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': language.tag,
      ...(site.brand.languages.areNegotiated && { Vary: 'Accept-Language' }),
      ...(site.brand.style !== '' && { 'Content-Security-Policy': policyFor(site) }),
    },
    body: `<!doctype html>${renderToString(whole)}`,
  };
}

/** The language of the pages that answer a request. Answers that are no pages are in English, for programs. */
export function languageOf({ request, services }: PageRequest): Language {
  return services.site.brand.languages.choose(request.headers.get('accept-language'));
}

/** The texts of the pages that answer a request. */
export const textsOf = (context: PageRequest): Language['texts'] => languageOf(context).texts;

export function json(body: unknown, status = 200): HttpResponseInit {
  return { status, jsonBody: body };
}

/**
 * A redirect. Its address is absolute, so that no browser can take a part of a path for another host.
 * @param location an absolute URL
 * @param status 302, or 303 after a POST
 */
export function redirectTo(location: string, status: 302 | 303 = 302): HttpResponseInit {
  return { status, headers: { Location: location } };
}

/** Problem details of an error (RFC 9457). `extra` has members beside the standard ones, for example `login_url`. */
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

/** The same answer with `Retry-After`. Without a number of seconds the answer stays as it is. */
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
 * A page that at once opens another address of this app. The browser then sends our `SameSite=Strict` cookies. A script
 * keeps the fragment, which no server sees. It is the only script on our pages. Without scripts a refresh opens the address,
 * but the fragment is lost.
 */
export function continueHere(
  context: PageRequest,
  { title, goTo, text }: Continuation,
): HttpResponseInit {
  const policy = policyFor(context.services.site);
  const page = <ContinuePage title={title} goTo={goTo} text={text} keepsFragment />;
  return withHeader(
    htmlPage(context, page),
    'Content-Security-Policy',
    `${policy}; script-src 'self'`,
  );
}

const styleHash = createHash('sha256').update(stylesheet).digest('base64');

const pageRulesWith = (brandStyle: string): readonly string[] => [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'${brandStyle}`,
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
];
const pagePolicy = pageRulesWith('').join('; ');

/** The same, with what the brand adds to the stylesheet. */
function policyFor({ brand: { style, styleSource } }: Site): string {
  return style === '' ? pagePolicy : pageRulesWith(` ${styleSource}`).join('; ');
}

const otherPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/** A form in what another server wrote would be sent with this site's cookies. So such an answer has no part in this site. */
const foreignPolicy = `${otherPolicy}; form-action 'none'; sandbox`;

/**
 * Headers of an answer that another server wrote: those that are wanted, in characters that the Functions host can send, and a
 * policy by which nothing in the answer acts as a page of this site. A PDF file is not in a sandbox, since browsers show none there.
 * @see https://www.w3.org/TR/CSP3/#directive-sandbox
 */
export function foreignHeaders(
  headers: Iterable<[string, string]>,
  isWanted: (name: string) => boolean,
): Headers {
  const passed = new Headers({ 'content-security-policy': foreignPolicy });
  for (const [name, value] of headers) {
    if (isWanted(name)) passed.set(name, value.replace(/[^\t\u0020-\u007e]/g, '_'));
  }
  const isPdf = /^application\/pdf\s*(;|$)/i.test(passed.get('content-type') ?? '');
  if (isPdf) passed.set('content-security-policy', otherPolicy);
  return passed;
}

/** Our pages use none of these. A team's own page that uses one sets the header itself. */
const permissionsPolicy =
  'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()';

interface AnswerForm {
  readonly isHtml: boolean;
  readonly isHttps: boolean;
}

/**
 * Headers of every answer, by names in lower case. Nobody may cache it, show it in a frame, guess its type or load it from
 * another site.
 */
export function securityHeaders({ isHtml, isHttps }: AnswerForm): Readonly<Record<string, string>> {
  const made = isHtml ? headersOfPages : headersOfOthers;
  return isHttps ? made.https : made.http;
}

// Made once, since every answer has them.
const headersOfPages = bothSchemes({
  'content-security-policy': pagePolicy,
  'permissions-policy': permissionsPolicy,
});
const headersOfOthers = bothSchemes({ 'content-security-policy': otherPolicy });

function bothSchemes(own: Readonly<Record<string, string>>) {
  const http = {
    'cache-control': 'no-store',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    ...own,
  };
  return { http, https: { ...http, 'strict-transport-security': 'max-age=31536000' } };
}
