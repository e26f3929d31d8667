import type { Cookie, HttpRequest, HttpResponseInit } from '@azure/functions';
import type { RequestCookies } from '../cookies/read-cookie';
import { readCookies } from '../cookies/read-cookie';
import type { Services } from '../services';
import { prefersHtml } from './prefers-html';
import { isNavigation, isStrangers } from './request-kind';

/** Who sends a request, as far as it is known. */
interface Visitor {
  /** Set by a guard once it has read the session; `undefined` before that, and for the signed out. */
  user: { readonly name: string; readonly username: string } | undefined;
  /** For the log: the user of the session that the request brought. It stays when that session is over. */
  userKey?: string;
  /** The page that a sign-in leads to, a checked local path. Error pages of the sign-in link to it. */
  returnPath?: string | undefined;
}

/** What a request says of itself, read once. */
interface RequestFacts {
  readonly request: HttpRequest;
  /** Path and query of the request, without origin: the Host header is never believed. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** True when a browser opens a page. Errors are then pages, and a sign-in that is needed begins; others get problem details. */
  readonly isNavigation: boolean;
  /** True when `Accept` prefers a page to JSON. It decides the form of an answer without an error. */
  readonly prefersHtml: boolean;
  /** Empty when a page of another site sent the request and no person opens a page: our cookies must not count then. */
  readonly requestCookies: RequestCookies;
}

/** One request and what is needed to answer it. Made by `endpoint`, passed to every handler. */
export interface Exchange extends RequestFacts {
  readonly services: Services;
  /** Epoch seconds, the same for the whole request. */
  readonly now: number;
  /** Aborted when the request's deadline has passed; goes along into every call that waits. */
  readonly signal: AbortSignal;
  /** The invocation id: what a person can tell an operator, who finds it in the log. */
  readonly correlationId: string;
  /** Cookies to set, whatever the answer turns out to be. */
  readonly cookies: Cookie[];
  /** Shared by all that handle the request, so that an error's page can name whom it refuses without reading anything. */
  readonly visitor: Visitor;
  /** One line in the invocation's log. Never a code, token, cookie value, secret or session id. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

export type Handler = (exchange: Exchange) => Promise<HttpResponseInit> | HttpResponseInit;

/** @param baseUrl the app's own origin */
export function readRequest(request: HttpRequest, baseUrl: string): RequestFacts {
  const url = new URL(request.url);
  return {
    request,
    path: url.pathname + url.search,
    query: url.searchParams,
    isNavigation: isNavigation(request),
    prefersHtml: prefersHtml(request.headers.get('accept')),
    requestCookies: readCookies(
      isStrangers(request, baseUrl) ? null : request.headers.get('cookie'),
    ),
  };
}
