import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';

/**
 * Which app to start, and how.
 * @example
 * ```ts
 * import { startLocalStack } from 'anteroom/testing';
 *
 * const stack = await startLocalStack({ folder: '..', settings: { SESSION_IDLE_SECONDS: '60' } });
 * await stack.stop();
 * ```
 */
export interface LocalStackOptions {
  /** The app's folder, with `host.json` and `package.json`: the current one unless given. */
  readonly folder?: string;
  /** A shell command that builds the app; false: no build. `npm run build` unless given. */
  readonly build?: string | false;
  /** The `basePath` that the app gives to `anteroom()`. `auth` unless given. */
  readonly basePath?: string;
  /** Settings of the app beside those of the stack. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Somebody who can sign in on the stack. */
export interface LocalAccount {
  readonly name: string;
  readonly username: string;
  /** The user's object id, claim `oid`. */
  readonly objectId: string;
  readonly roles: readonly string[];
}

/**
 * The person or the app of an access token, and what the token allows.
 * @example
 * ```ts
 * import { startLocalStack } from 'anteroom/testing';
 *
 * const stack = await startLocalStack();
 * const token = await stack.bearerToken({ account: 'ines@anteroom.example', scopes: ['Notes.Read'] });
 * const answer = await fetch(`${stack.url}/notes`, { headers: { Authorization: `Bearer ${token}` } });
 * console.log(answer.status);
 * await stack.stop();
 * ```
 */
export interface LocalTokenOptions {
  /** A name or user name out of `accounts`. Without it, the token is an app's own. */
  readonly account?: string;
  /** App ID URI of the API: your app's unless given. That of the API at `ordersUrl` is `api://orders`. */
  readonly api?: string;
  /** Unless given, all scopes of the API, and none in an app's own token. */
  readonly scopes?: readonly string[];
  /** Unless given, those of the account, or the application permissions that the app was granted. */
  readonly roles?: readonly string[];
  /** Unless given, the version that the API has registered: 2 for your app. */
  readonly version?: 1 | 2;
  /** The token's life in seconds; less than 0 for a token that has expired. An hour unless given. */
  readonly seconds?: number;
}

/** A running app, with what stands in for Entra ID, Microsoft Graph and Table Storage. */
export interface LocalStack {
  /** The app's origin, `http://localhost:49152` for instance. */
  readonly url: string;
  /** Where Anteroom's functions stand: `/api/auth`. */
  readonly authPath: string;
  /** Origin of the stand-in for Entra ID. `/control` below it changes accounts and causes faults. */
  readonly entraUrl: string;
  /** Origin of the stand-in for Microsoft Graph, with a `/control` of its own. */
  readonly graphUrl: string;
  /** Origin of the API `orders`, a second API that stands for one of your own. It has a `/control`, too. */
  readonly ordersUrl: string;
  /** Origin of Table Storage, where sessions are. Its `/control` lets it fail. */
  readonly tablesUrl: string;
  readonly accounts: readonly LocalAccount[];
  /**
   * Signs somebody in, in a browser of their own.
   * @param account a name or user name out of `accounts`
   * @returns a `fetch` for the app, with the cookies of that browser
   * @throws Error when there is no such account, or when the sign-in ends on a page that says what is wrong
   */
  signIn(account: string): Promise<SignedInFetch>;
  /**
   * An access token, as a command line or a daemon gets it: for functions behind `auth.withScope`, and for the API `orders`.
   * @throws Error when there is no such account, or when the provider would give no such token
   */
  bearerToken(options?: LocalTokenOptions): Promise<string>;
  /** What the stack and the app have written. */
  output(): string;
  /** Ends everything. Call it at the end of the tests. A further call does nothing. */
  stop(): Promise<void>;
}

/** What `anteroom-local` tells the process that has started it, once everything answers. */
const readyMessage = v.object({
  type: v.literal('ready'),
  url: v.string(),
  authPath: v.string(),
  entraUrl: v.string(),
  graphUrl: v.string(),
  ordersUrl: v.string(),
  tablesUrl: v.string(),
  accounts: v.array(
    v.object({
      name: v.string(),
      username: v.string(),
      objectId: v.string(),
      roles: v.pipe(v.array(v.string()), v.readonly()),
    }),
  ),
});

export type ReadyMessage = v.InferOutput<typeof readyMessage>;

/**
 * Builds the app and runs it on free ports, beside what it needs, with the package `anteroom-local`. Everything is in
 * memory and on this machine. It ends with the process that started it.
 * @throws Error when there is no such folder; when `anteroom-local` is not installed beside the app; when the app cannot
 *   be built or started, with what it said
 * @example
 * ```ts
 * import { startLocalStack } from 'anteroom/testing';
 *
 * const stack = await startLocalStack();
 * const fetchAsInes = await stack.signIn('ines@anteroom.example');
 * const answer = await fetchAsInes('/api/reports');
 * console.log(answer.status);
 * await stack.stop();
 * ```
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const folder = resolve(options.folder ?? '.');
  if (!existsSync(folder)) throw new Error(`There is no folder ${folder}.`);
  const child = fork(findProgram(folder), await argumentsFor(options), {
    cwd: folder,
    // eslint-disable-next-line no-restricted-properties -- the stack needs PATH and the like, no setting of ours
    env: { ...process.env, npm_lifecycle_event: '', ...options.settings },
    silent: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ready = await untilReady(child, () => output);
  const { url, authPath, entraUrl, graphUrl, ordersUrl, tablesUrl, accounts } = ready;
  return {
    ...{ url, authPath, entraUrl, graphUrl, ordersUrl, tablesUrl, accounts },
    signIn: async (account) => signInAt(url, authPath, objectIdOf(accounts, account)),
    bearerToken: async ({ account, ...order } = {}) =>
      issueToken(entraUrl, {
        ...order,
        ...(account === undefined ? {} : { user: objectIdOf(accounts, account) }),
      }),
    output: () => output,
    stop: () => end(child),
  };
}

function objectIdOf(accounts: readonly LocalAccount[], account: string): string {
  const found = accounts.find(({ name, username }) => name === account || username === account);
  if (found !== undefined) return found.objectId;
  const names = accounts.map(({ name }) => name).join(', ');
  throw new Error(`There is no account ${account}. There are ${names}.`);
}

const issuedToken = v.object({ access_token: v.string() });

async function issueToken(entraUrl: string, order: object): Promise<string> {
  const answer = await fetch(`${entraUrl}/control/bearer-token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
  });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`There is no such token: ${said}`);
  return v.parse(issuedToken, JSON.parse(said)).access_token;
}

/** The program of `anteroom-local`, as the app has it. */
function findProgram(folder: string): string {
  let path: string;
  try {
    path = createRequire(join(folder, 'package.json')).resolve('anteroom-local/package.json');
  } catch (cause) {
    const advice = 'npm install --save-dev anteroom-local';
    throw new Error(`anteroom-local is not installed in ${folder}: ${advice}`, { cause });
  }
  const { bin } = v.parse(
    v.object({ bin: v.object({ 'anteroom-local': v.string() }) }),
    JSON.parse(readFileSync(path, 'utf8')),
  );
  return join(dirname(path), bin['anteroom-local']);
}

async function argumentsFor({ build, basePath }: LocalStackOptions): Promise<string[]> {
  return [
    ...['--port', String(await freePort())],
    ...(build === false ? ['--no-build'] : []),
    ...(typeof build === 'string' ? ['--build', build] : []),
    ...(basePath === undefined ? [] : ['--base-path', basePath]),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}

function untilReady(child: ChildProcess, output: () => string): Promise<ReadyMessage> {
  return new Promise((done, fail) => {
    child.on('message', (message) => {
      const parsed = v.safeParse(readyMessage, message);
      if (parsed.success) done(parsed.output);
    });
    child.once('exit', () => {
      fail(new Error(`The local stack did not start:\n${output()}`));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // A second call only waits.
  if (child.connected) child.disconnect();
  await ended;
}

/**
 * `fetch` for one app, by a browser in which somebody is signed in: it keeps cookies, says that the request comes from
 * the app's own pages, and sends `X-CSRF: 1`. Redirects are given back, not followed.
 * @param path below the app's origin, from `/` on
 */
export type SignedInFetch = (path: string, init?: RequestInit) => Promise<Response>;

const maxSteps = 15;

/**
 * Goes through a sign-in as a browser does, and chooses an account at the stand-in for Entra ID.
 * @param objectId of the account, the claim `oid`
 * @returns requests of that browser to the app
 */
async function signInAt(
  appUrl: string,
  authPath: string,
  objectId: string,
): Promise<SignedInFetch> {
  const cookies = new Cookies();
  let step: Step = { url: new URL(`${appUrl}${authPath}/login`) };
  for (let count = 0; count < maxSteps; count += 1) {
    const page = await open(step, cookies);
    const next = nextStep(step, page, objectId);
    if (next === undefined) {
      throw new Error(
        `The sign-in ended at ${step.url.pathname} with ${page.status}: ${textOf(page.body)}`,
      );
    }
    // The page that was wanted: the app has made the session.
    if (next.url.origin === appUrl && !next.url.pathname.startsWith(`${authPath}/`)) {
      return fetchWith(cookies, appUrl);
    }
    step = next;
  }
  throw new Error(`The sign-in does not end. Its last page was ${step.url.pathname}.`);
}

interface Step {
  readonly url: URL;
  /** What a person has chosen; without it the address is opened. */
  readonly form?: Readonly<Record<string, string>>;
}

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Where a browser goes on, or what a person does there. */
function nextStep({ url, form }: Step, page: Page, objectId: string): Step | undefined {
  const refresh = /http-equiv="refresh" content="\d+; ?url=([^"]*)"/i.exec(page.body)?.[1];
  const to = page.location ?? refresh?.replaceAll('&amp;', '&');
  if (to !== undefined) return { url: new URL(to, url) };
  if (page.status !== 200 || form !== undefined) return undefined;
  if (page.body.includes(`value="${objectId}"`)) return { url, form: { user: objectId } };
  if (page.body.includes('name="consent"')) return { url, form: { consent: 'accept' } };
  return undefined;
}

/** By `node:http`: `fetch` says of each request that a script sends it, and a sign-in needs a navigation. */
function open({ url, form }: Step, cookies: Cookies): Promise<Page> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const headers = {
    Accept: 'text/html',
    'Sec-Fetch-Dest': 'document',
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Site': form === undefined ? 'none' : 'same-origin',
    Cookie: cookies.headerFor(url),
    ...(body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
  };
  return new Promise((resolve, reject) => {
    const sent = requestHttp(url, { method: body === undefined ? 'GET' : 'POST', headers });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      cookies.keep(url, answer.headers['set-cookie'] ?? []);
      let text = '';
      answer.setEncoding('utf8').on('error', reject);
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        const { statusCode = 0, headers: received } = answer;
        resolve({ status: statusCode, location: received.location, body: text });
      });
    });
    sent.end(body);
  });
}

function fetchWith(cookies: Cookies, appUrl: string): SignedInFetch {
  return async (path, init = {}) => {
    const url = new URL(path, appUrl);
    if (url.origin !== appUrl) throw new TypeError(`The path must be one of the app: ${path}`);
    const headers = new Headers(init.headers);
    const own = { Cookie: cookies.headerFor(url), Origin: appUrl, 'X-CSRF': '1' };
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    if (!headers.has('Accept')) headers.set('Accept', 'application/json');
    const answer = await fetch(url, { redirect: 'manual', ...init, headers });
    cookies.keep(url, answer.headers.getSetCookie());
    return answer;
  };
}

/** Enough of a browser's cookies for the app and the stand-ins: by host and port, until they are taken away. */
class Cookies {
  readonly #jars = new Map<string, Map<string, string>>();

  keep({ host }: URL, lines: readonly string[]): void {
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';');
      const at = pair.indexOf('=');
      const name = pair.slice(0, at).trim();
      if (attributes.some(isOver)) jar.delete(name);
      else jar.set(name, pair.slice(at + 1).trim());
    }
  }

  headerFor({ host }: URL): string {
    return [...(this.#jars.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/** Whether an attribute of `Set-Cookie` takes the cookie away. */
function isOver(attribute: string): boolean {
  const [name = '', value = ''] = attribute.trim().split('=');
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0;
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now();
}

const textOf = (html: string): string =>
  html
    .replace(/<style[^]*?<\/style>|<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
