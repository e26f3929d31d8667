import { Agent, request } from 'node:http';
import { TestBrowser } from '../../test/support/test-browser';

/** Cookies by origin, then by name; their attributes do not matter on loopback. */
type Jar = Map<string, Map<string, string>>;

export interface SignInPlan {
  /** Where the sign-in begins: `http://localhost:7071/auth/login?…`. */
  readonly start: string;
  /** Where it ends: the redirect to this address is not followed. */
  readonly landing: string;
}

/** A person who has signed in at the provider before. The provider asks this person nothing. */
export interface Person {
  /** Signs in at an app as a new browser and gives the app's cookies as a `Cookie` header. */
  signIn(plan: SignInPlan): Promise<string>;
}

/** What a browser sends when a person opens a page. */
export const navigation = {
  Accept: 'text/html',
  'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150.0.0.0 Safari/537.36',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'none',
};

/** Signs `account` in at the provider by its account picker, once, through the app of `plan`. */
export async function meetPerson(
  send: Send,
  { start }: SignInPlan,
  account: string,
  entraUrl: string,
): Promise<Person> {
  const browser = new TestBrowser();
  await browser.press(await browser.open(start), account);
  const known = browser.cookies(`${entraUrl}/`);
  const sessions = await browser.jar.getCookies(entraUrl, { allPaths: true });
  for (const { key, value } of sessions) known.set(key, value);
  return { signIn: (plan) => signIn(send, plan, new Map([[entraUrl, new Map(known)]])) };
}

const maxSteps = 8;

async function signIn(send: Send, { start, landing }: SignInPlan, jar: Jar): Promise<string> {
  let url = new URL(start);
  const { origin } = url;
  for (let step = 0; step < maxSteps; step += 1) {
    const cookie = cookieHeader(jar, url.origin);
    const headers = { ...navigation, ...(cookie !== '' && { Cookie: cookie }) };
    const answer = await send(url.href, { headers });
    keepCookies(jar, url.origin, answer);
    const next = nextOf(answer);
    if (next === undefined) {
      throw new Error(`the sign-in ended at ${url.origin}${url.pathname} with ${answer.status}`);
    }
    url = new URL(next, url);
    if (url.href === landing) return cookieHeader(jar, origin);
  }
  throw new Error(`the sign-in went round in circles, by ${url.origin}${url.pathname}`);
}

/** Redirect, or the meta refresh of the hop page. */
function nextOf({ location, text }: Answer): string | undefined {
  const refresh = /<meta http-equiv="refresh" content="\d+; ?url=([^"]*)"/i.exec(text)?.[1];
  return location ?? refresh?.replaceAll('&amp;', '&');
}

function keepCookies(jar: Jar, origin: string, { cookies }: Answer): void {
  const kept = jar.get(origin) ?? new Map<string, string>();
  jar.set(origin, kept);
  for (const line of cookies) {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === '') kept.delete(name);
    else kept.set(name, value);
  }
}

function cookieHeader(jar: Jar, origin: string): string {
  return [...(jar.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  /** Set-Cookie lines. */
  readonly cookies: readonly string[];
  readonly text: string;
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form by POST; without it the request is a GET. */
  readonly form?: string;
}

/** Sends a request to a loopback address and gives the whole answer; follows nothing, keeps no cookies. */
export type Send = (url: string, options?: RequestOptions) => Promise<Answer>;

/** Keeps up to `connections` connections to each server open. */
export function createHttpClient(connections: number): { readonly send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send: Send = (url, { headers = {}, form } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = request(url, {
        agent,
        method: form === undefined ? 'GET' : 'POST',
        headers: {
          ...headers,
          ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        },
      });
      outgoing.once('error', (error) => {
        // The server closed a connection that nobody used for some seconds, just when it was used again.
        if (outgoing.reusedSocket) {
          send(url, { headers, ...(form !== undefined && { form }) }).then(resolve, reject);
        } else {
          reject(error);
        }
      });
      outgoing.once('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            location: incoming.headers.location,
            cookies: incoming.headers['set-cookie'] ?? [],
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      outgoing.end(form);
    });
  return {
    send,
    close: () => {
      agent.destroy();
    },
  };
}
