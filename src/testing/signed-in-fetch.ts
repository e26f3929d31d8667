import { request as requestHttp } from 'node:http';

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
export async function signInAt(
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
  throw new Error(`The sign-in went round in circles, last at ${step.url.pathname}.`);
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
