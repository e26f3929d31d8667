// Served as /auth/client.js: what a front end on this origin needs to know of its own sign-in. It imports nothing and
// keeps no state; tokens never come to the browser.
// The one thing of the browser that the server's own types do not know.
declare const location: {
  readonly origin: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  assign(url: string): void;
};

/** Who is signed in, and until when. Times are epoch milliseconds by this browser's clock, as `Date.now()` is. */
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
  /** When it ends if nothing is done until then. */
  readonly idleExpiresAt: number;
  /** When it ends in any case. */
  readonly expiresAt: number;
}

/** Where the app's functions of Anteroom stand. */
let authPath = '/auth';

/**
 * For an app whose functions stand elsewhere: under the route prefix `api` it is `/api/auth`. The file that the app serves
 * knows it.
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
 * Facts about the session, or `undefined` for a visitor who is signed out. Asking does not keep the session alive, so
 * it may be asked as often as one likes; `extend: true` counts as use.
 * @throws {AnteroomError} when it cannot be told, 503 for instance; with `code` `ERR_STEP_UP` and `loginUrl` when the
 * session lives but its user has to go through one more step first
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
    // Counted from when it was asked: the answer took a while, and too early is better than too late.
    idleExpiresAt: askedAt + facts.idle_expires_in * 1000,
    expiresAt: askedAt + facts.expires_in * 1000,
  };
}

/**
 * Address that signs in and comes back here, or to another path on this origin.
 * @param options `returnTo`: a path from `/` on, with query and fragment; `prompt`: as OpenID Connect has it
 * @example
 * ```ts
 * import { loginUrl } from 'anteroom/client';
 *
 * const link = document.createElement('a');
 * link.href = loginUrl({ prompt: 'select_account' });
 * ```
 */
export function loginUrl(options: { returnTo?: string; prompt?: string } = {}): string {
  const query = new URLSearchParams({ return_to: options.returnTo ?? herePath() });
  if (options.prompt !== undefined) query.set('prompt', options.prompt);
  return `${authPath}/login?${query.toString()}`;
}

/**
 * Signs out here, then leaves the page for the provider's sign-out. `local` stays signed in there; `everywhere` ends
 * the user's sessions in all browsers.
 * @returns what was left undone: `session`, `everywhere`, `provider`; the signed-out page says it too
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
 * Like the browser's own `fetch`, for paths on this origin: sends `X-CSRF: 1`, and turns the app's 401 into signing in
 * and coming back to this page. The promise then stays open, since the page is about to be left.
 * @throws {TypeError} for an address on another origin, which must not get that header
 * @throws {AnteroomError} with `loginUrl` when a person must decide: the step that the app asks for has just been made and
 * did not help, so that going there by itself would go round for ever; or the address of this page is too long (over
 * 2 KB) to come back to
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
  // Any other 401 is for the caller.
  if (problem?.loginUrl === undefined) return response;
  if (problem.needsPerson) throw errorOf(response, problem);
  location.assign(problem.loginUrl);
  return new Promise<never>(() => undefined);
}

/**
 * An answer of the app that is not the one hoped for. `code` is stable, the message is not.
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
  /** Where to sign in or to make one more step, for a person who decides to; it leads back to this page. */
  readonly loginUrl: string | undefined;

  constructor(status: number, code: string, message: string, loginUrl?: string) {
    super(message);
    this.name = 'AnteroomError';
    this.status = status;
    this.code = code;
    this.loginUrl = loginUrl;
  }
}

/** The members of a problem document that are used here, each checked. */
interface Problem {
  readonly code: string;
  readonly title: string | undefined;
  readonly loginUrl: string | undefined;
  /** A person must decide whether to go to `loginUrl`. */
  readonly needsPerson: boolean;
}

/** The app's own problem details in an answer, which stays readable; `undefined` for any other answer. */
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
