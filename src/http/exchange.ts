import type { Cookie, HttpRequest, HttpResponseInit } from '@azure/functions';
import type { Services } from '../services';

/** Who sends a request, as far as it is known. */
interface Visitor {
  /** Set by a guard once it has read the session; `undefined` before that, and for the signed out. */
  user: { readonly name: string; readonly username: string } | undefined;
  /** Whose session the request brought, for the log: it stays when that session turns out to be over. */
  userKey?: string;
}

/** One request and what is needed to answer it. Made by `endpoint`, passed to every handler. */
export interface Exchange {
  readonly request: HttpRequest;
  /** Path and query of the request, without origin: the Host header is never believed. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly services: Services;
  /** Epoch seconds, the same for the whole request. */
  readonly now: number;
  /** Aborted when the request's deadline has passed; goes along into every call that waits. */
  readonly signal: AbortSignal;
  /** The invocation id: what a person can tell an operator, who finds it in the log. */
  readonly correlationId: string;
  /** True for browsers, false for clients that prefer JSON or do not say. */
  readonly prefersHtml: boolean;
  /** Cookies to set, whatever the answer turns out to be. */
  readonly cookies: Cookie[];
  /** Shared by all that handle the request, so that an error's page can name whom it refuses without reading anything. */
  readonly visitor: Visitor;
  /** One line in the invocation's log. Never a code, token, cookie value, secret or session id. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

export type Handler = (exchange: Exchange) => Promise<HttpResponseInit> | HttpResponseInit;
