// Served as /auth/client.js, for a front end on this origin: who is signed in, sign-in, sign-out and `fetch`. It imports
// nothing and keeps nothing but the base path. No token ever comes to the browser.
// The server's types do not have this part of the browser.
declare const location: {
  readonly origin: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  assign(url: string): void;
};

/** Who is signed in, and until when. Times are epoch milliseconds by this browser's clock, like `Date.now()`. */
export interface SessionFacts {
  readonly user: {
    readonly name: string;
    readonly username: string;
    readonly oid?: string;
    readonly tid?: string;
    readonly sub: string;
    readonly iss: string;
  };
  readonly roles: readonly string[];
  /** When the session ends if nobody uses it before. */
  readonly idleExpiresAt: number;
  /** When the session ends in any case. */
  readonly expiresAt: number;
}

/** The path of Anteroom's functions in the app. */
let authPath = '/auth';

/**
 * Sets the path of Anteroom's functions when it is not `/auth`: with the route prefix `api` it is `/api/auth`. The file
 * `client.js` that the app serves does this itself.
 * @param path without a slash at the end
 * @example
 * ```ts
 * import { setAuthPath } from 'anteroom/client';
 *
 * setAuthPath('/api/auth');
 * ```
 */
export function setAuthPath(path: string): void {
  authPath = path;
}

/**
 * Facts about the session. `undefined` for a visitor who is signed out. The call does not extend the session, so a page may
 * repeat it often.
 * @param options `extend: true` extends the session, as a request of the person does
 * @throws {AnteroomError} when the app gives another answer, for example 503; with `code` `ERR_STEP_UP` and `loginUrl` when
 * the user must take one more step at the provider first
 * @example
 * ```ts
 * import { session } from 'anteroom/client';
 *
 * const facts = await session();
 * console.log(facts === undefined ? 'signed out' : `${facts.user.name}, until ${facts.idleExpiresAt}`);
 * ```
 */
export async function session(
  options: { extend?: boolean } = {},
): Promise<SessionFacts | undefined> {
  const slide = options.extend === true ? '' : '?slide=false';
  const askedAt = Date.now();
  const response = await ask(`${authPath}/session${slide}`, {});
  if ((await problemOf(response))?.code === 'ERR_SIGNED_OUT') return undefined;
  const facts = await jsonOf(response);
  return {
    user: facts.user,
    roles: facts.roles,
    // Counted from the start of the request, because the answer took some time. Too early is better than too late.
    idleExpiresAt: askedAt + facts.idle_expires_in * 1000,
    expiresAt: askedAt + facts.expires_in * 1000,
  };
}

/**
 * The path that signs in and comes back to this page, or to another path on this origin.
 * @param options `returnTo`: a path that begins with `/`, or an address of this origin, with query and fragment; `prompt`: one of
 * `login`, `select_account`, `consent`, `create` (a new account), `none`; `keep: true` lets the person stay signed in after the browser was closed, where
 * the app's setting `SESSION_PERSISTENT` is `link`
 * @example
 * ```ts
 * import { loginUrl } from 'anteroom/client';
 *
 * const link = document.createElement('a');
 * link.href = loginUrl({ prompt: 'select_account' });
 * ```
 */
export function loginUrl(
  options: { returnTo?: string; prompt?: string; keep?: boolean } = {},
): string {
  const query = new URLSearchParams({ return_to: options.returnTo ?? herePath() });
  if (options.prompt !== undefined) query.set('prompt', options.prompt);
  if (options.keep === true) query.set('keep', 'true');
  return `${authPath}/login?${query.toString()}`;
}

/**
 * Signs out of the app, then opens the provider's sign-out page.
 * @param options `local: true` keeps the session at the provider; `everywhere: true` ends the user's sessions in all browsers
 * @returns what was not done: `session`, `everywhere`, `provider`. The signed-out page says it too
 * @throws {AnteroomError} when nothing was done
 * @example
 * ```ts
 * import { logout } from 'anteroom/client';
 *
 * document.querySelector('#sign-out')?.addEventListener('click', () => void logout());
 * ```
 */
export async function logout(
  options: { local?: boolean; everywhere?: boolean } = {},
): Promise<readonly string[]> {
  const body = new URLSearchParams({
    local: String(options.local === true),
    everywhere: String(options.everywhere === true),
  });
  const done = await jsonOf(await ask(`${authPath}/logout`, { method: 'POST', body }));
  location.assign(done.logout_url);
  return done.not_done;
}

/**
 * Like the browser's own `fetch`, for paths on this origin. It sends `X-CSRF: 1`. After a 401 of the app it opens the
 * sign-in, which comes back to this page; the promise then stays open, because the browser leaves the page.
 * @throws {TypeError} for an address on another origin, which must not get that header
 * @throws {AnteroomError} with `loginUrl` when the person must decide: the user has just taken the step that the app asks
 * for, and it did not help (another try without a click would loop); or the address of this page is too long (over 2 KB) to
 * come back to
 * @example
 * ```ts
 * import * as anteroom from 'anteroom/client';
 *
 * const answer = await anteroom.fetch('/api/orders', { method: 'POST', body: '{}' });
 * console.log(answer.status);
 * ```
 */
export async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  if (new URL(request.url).origin !== location.origin) {
    throw new TypeError('fetch of the client is for this origin only');
  }
  request.headers.set('X-CSRF', '1');
  request.headers.set('X-Return-To', herePath());
  if (!request.headers.has('Accept') || request.headers.get('Accept') === '*/*') {
    request.headers.set('Accept', 'application/json');
  }
  const response = await globalThis.fetch(request);
  const problem = await problemOf(response);
  // The caller handles any other 401.
  if (problem?.loginUrl === undefined) return response;
  if (problem.needsPerson) throw errorOf(response, problem);
  location.assign(problem.loginUrl);
  return new Promise<never>(() => undefined);
}

/**
 * An error answer of the app. `code` is stable, the message is not.
 * @example
 * ```ts
 * import { AnteroomError, session } from 'anteroom/client';
 *
 * await session().catch((error: unknown) => {
 *   if (error instanceof AnteroomError) console.log(error.status, error.code, error.loginUrl);
 * });
 * ```
 */
export class AnteroomError extends Error {
  readonly status: number;
  readonly code: string;
  /** The URL to sign in or to take one more step, when the person wants to. It leads back to this page. */
  readonly loginUrl: string | undefined;

  constructor(status: number, code: string, message: string, loginUrl?: string) {
    super(message);
    this.name = 'AnteroomError';
    this.status = status;
    this.code = code;
    this.loginUrl = loginUrl;
  }
}

/** The members of problem details that the client uses, each checked. */
interface Problem {
  readonly code: string;
  readonly title: string | undefined;
  readonly loginUrl: string | undefined;
  /** A person must decide whether to go to `loginUrl`. */
  readonly needsPerson: boolean;
}

/** The app's problem details in an answer; `undefined` for any other answer. The caller can still read the body. */
async function problemOf(response: Response): Promise<Problem | undefined> {
  const type = response.headers.get('Content-Type') ?? '';
  if (response.ok || !type.startsWith('application/problem+json')) return undefined;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const members = Object(body) as Record<string, unknown>;
  const { code, title, login_url: url, repeated, page_too_long: isTooLong } = members;
  const asksToSignIn = code === 'ERR_SIGNED_OUT' || code === 'ERR_STEP_UP';
  const isOurs = typeof url === 'string' && url.startsWith(`${location.origin}${authPath}/login?`);
  return {
    code: typeof code === 'string' ? code : '',
    title: typeof title === 'string' ? title : undefined,
    loginUrl: response.status === 401 && asksToSignIn && isOurs ? url : undefined,
    needsPerson: repeated === true || isTooLong === true,
  };
}

function errorOf({ status, statusText }: Response, problem: Problem | undefined): AnteroomError {
  const { code = '', title = statusText, loginUrl } = problem ?? {};
  return new AnteroomError(status, code, title, loginUrl);
}

function ask(path: string, init: RequestInit): Promise<Response> {
  const headers = { Accept: 'application/json', 'X-CSRF': '1', 'X-Return-To': herePath() };
  return globalThis.fetch(path, { ...init, headers, cache: 'no-store' });
}

interface Answer extends Pick<SessionFacts, 'user' | 'roles'> {
  readonly idle_expires_in: number;
  readonly expires_in: number;
  readonly logout_url: string;
  readonly not_done: readonly string[];
}

async function jsonOf(response: Response): Promise<Answer> {
  if (!response.ok) throw errorOf(response, await problemOf(response));
  return (await response.json()) as Answer;
}

function herePath(): string {
  return location.pathname + location.search + location.hash;
}
