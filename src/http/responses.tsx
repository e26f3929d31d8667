import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import Negotiator from 'negotiator';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { AppError } from '../errors';
import { LanguageContext, type Site, SiteContext } from '../pages/layout';
import { ContinuePage } from '../pages/message-page';
import { listStylesheet, stylesheet } from '../pages/stylesheet';
import type { Language, Languages } from '../texts/language';
import type { RequestContext } from './context';
import { changesNothing, isFramed, isOffice, isPrefetch, type RequestHead } from './request';

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
  return chooseLanguage(services.site.brand.languages, request.headers.get('accept-language'));
}

/** Browsers list a few languages. Of a longer header, which costs time to read, the beginning counts. */
const maxLanguageHeader = 400;

/** The language that a browser prefers, by its `Accept-Language` (RFC 9110 section 12.5.4). */
export function chooseLanguage(
  { areNegotiated, first, all }: Languages,
  acceptLanguage: string | null,
): Language {
  if (!areNegotiated || acceptLanguage === null) return first;
  const headers = { 'accept-language': acceptLanguage.slice(0, maxLanguageHeader) };
  const wanted = new Negotiator({ headers }).language(all.map(({ tag }) => tag));
  return all.find(({ tag }) => tag === wanted) ?? first;
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

/** The same answer with one more header. */
export function withHeader(
  answer: HttpResponseInit,
  name: string,
  value: string,
): HttpResponseInit {
  const plain = plainHeaders(answer.headers);
  if (plain !== undefined) {
    return { ...answer, headers: { ...plain, [name.toLowerCase()]: value } };
  }
  const headers = new Headers(answer.headers);
  headers.set(name, value);
  return { ...answer, headers };
}

/**
 * Headers by names in lower case; `undefined` for headers that only `Headers` can read or refuse. `Headers` costs more than the
 * rest of an answer's frame, and most answers have one or two headers, in a plain object.
 */
export function plainHeaders(
  given: HttpResponseInit['headers'],
): Record<string, string> | undefined {
  if (given === undefined) return {};
  if (Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    const isPlain = typeof value === 'string' && /^[\w-]+$/.test(name) && isHeaderText(value);
    // Two names that differ only in case are one header with two values.
    if (!isPlain || Object.hasOwn(plain, lower)) return undefined;
    plain[lower] = value;
  }
  return plain;
}

/** Printable ASCII without a space at either end. */
function isHeaderText(value: string): boolean {
  return /^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(value);
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

/** The largest query that some hosts take. They answer 404 to a longer one, without a reason. */
const maxQueryLength = 4096;

/** The only query parameter that we add to a team's own pages. Its value is `1`, or the fragment of the address (`#…`). */
const marker = 'anteroom-bounced';

interface BounceOptions {
  /** True for a page that needs the cookie. If it is still absent after the bounce, the request is answered as usual. */
  readonly needsCookie?: boolean;
}

/**
 * Comes before every page that depends on a cookie of ours. A browser that follows a link in a mail or on another site does
 * not send our `SameSite=Strict` cookies, and the person would seem signed out. Such a request gets a page that opens the
 * same address again, with a marker. That request comes from our own site, so the cookies are there. It is redirected to
 * the address without the marker. A browser without Fetch Metadata does not tell where a request comes from, so it gets the page
 * whenever the cookie is absent.
 *
 * Office gets that page too, and then opens the address in the browser.
 * @param hasCookie true when the request has the cookie that may be missing
 * @returns `undefined` when the caller should answer the request as usual
 * @throws ERR_PREFETCH: a page that is fetched too early would be out of date when the person sees it
 */
export function bounce(
  context: RequestContext,
  hasCookie: boolean,
  { needsCookie = false }: BounceOptions = {},
): HttpResponseInit | undefined {
  const { request, query } = context;
  if (!changesNothing(request)) return undefined;
  if (isPrefetch(request)) throw new AppError('ERR_PREFETCH');
  const wasBounced = query.has(marker);
  if (isOffice(request)) return wasBounced ? undefined : openAgain(context);
  if (!context.isNavigation || isFramed(request)) return undefined;
  const site = request.headers.get('sec-fetch-site');
  if (!wasBounced) {
    const mayLackCookie = site === null || site === 'cross-site';
    return mayLackCookie && !hasCookie && hasRoomForMarker(context)
      ? openAgain(context)
      : undefined;
  }
  // The bounce did not help. With a second one, a browser without cookies would loop.
  if (site === 'cross-site' || (!hasCookie && (needsCookie || site === null))) return undefined;
  return redirectTo(context.services.settings.baseUrl + wantedPath(context));
}

function hasRoomForMarker({ path }: RequestContext): boolean {
  return path.slice(path.indexOf('?') + 1).length + `&${marker}=1`.length <= maxQueryLength;
}

function openAgain(context: RequestContext): HttpResponseInit {
  const { path, services } = context;
  const { waiting } = textsOf(context);
  // The address has the origin, because a path that begins with `//` would lead to another one.
  const address = services.settings.baseUrl + path;
  return continueHere(context, {
    title: waiting.oneMoment,
    goTo: `${address}${path.includes('?') ? '&' : '?'}${marker}=1`,
    text: waiting.openingLink,
  });
}

/** Path and query of a request without the marker, and the fragment if the marker has it. */
export function wantedPath({ path, query }: Pick<RequestContext, 'path' | 'query'>): string {
  const value = query.get(marker) ?? '';
  // Anybody can write the marker, and a header must not contain some characters. The URL parser encodes them.
  const fragment = value.startsWith('#') ? new URL(value, 'https://origin.invalid').hash : '';
  return pathWithoutMarker(path) + fragment;
}

/** The same path without the marker. */
export function pathWithoutMarker(path: string): string {
  return pathWithout(marker, path);
}

/** The same path without this query parameter. It finds one whose name is encoded, too. */
export function pathWithout(parameter: string, path: string): string {
  const start = path.indexOf('?') + 1;
  if (start === 0) return path;
  const pairs = path.slice(start).split('&');
  const kept = pairs.filter((pair) => !new URLSearchParams(pair).has(parameter));
  return kept.length === 0 ? path.slice(0, start - 1) : path.slice(0, start) + kept.join('&');
}

const styleHashes = [stylesheet, listStylesheet]
  .map((style) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`)
  .join(' ');

const pageRulesWith = (brandStyle: string): readonly string[] => [
  "default-src 'none'",
  `style-src ${styleHashes}${brandStyle}`,
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
