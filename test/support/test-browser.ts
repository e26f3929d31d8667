import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Cookie, CookieJar } from 'tough-cookie';

export interface Page {
  /** The address after redirects. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Addresses passed through on the way, redirects and refreshes. */
  readonly trail: readonly string[];
}

interface Visit {
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string>>;
  /** Sent in place of a form. Its type stands in `headers`. */
  readonly body?: string;
  /** The page a link or form was on; `undefined` for an address that a person typed. */
  readonly from?: URL | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const maxSteps = 15;

/**
 * A browser without a window: keeps cookies by their rules (`SameSite` too), follows redirects and meta refreshes,
 * sends forms, and says of each request where it comes from, as `Sec-Fetch-*` headers do.
 */
export class TestBrowser {
  readonly jar = new CookieJar(undefined, {
    allowSpecialUseDomain: true,
    prefixSecurity: 'strict',
  });
  /** Set-Cookie lines received, newest last. */
  readonly received: string[] = [];
  /** All answers, those on the way to a page too. */
  readonly answers: WireAnswer[] = [];
  /** PEM of a certificate to trust beside the known ones. */
  trusts: string | undefined;
  /** False: redirects and refreshes are given back instead of followed. */
  follows = true;
  /** Hosts whose cookies this browser refuses to keep. */
  refuses: (hostname: string) => boolean = () => false;

  /** Opens an address as if it were typed, or followed from `visit.from`. */
  async open(address: string | URL, visit: Visit = {}): Promise<Page> {
    const trail: string[] = [];
    let url = new URL(address);
    let step: Visit = visit;
    // A redirect chain counts as begun by the page that started it, and is cross-site once any hop was (RFC 6265bis 5.2).
    let isCrossSite = step.from !== undefined && siteOf(step.from) !== siteOf(url);
    for (let count = 0; count < maxSteps; count += 1) {
      trail.push(url.href);
      const response = await this.#send(url, step, isCrossSite);
      const { text } = response;
      const page = { url, status: response.status, headers: response.headers, text, trail };
      if (!this.follows) return page;
      const location = response.headers.get('location');
      const refresh = /<meta http-equiv="refresh" content="\d+; ?url=([^"]*)"/i.exec(text)?.[1];
      if (location !== null) {
        const next = new URL(location, url);
        isCrossSite ||= siteOf(next) !== siteOf(url);
        const keeps = step.method === 'POST' && [307, 308].includes(response.status);
        step = keeps ? step : { from: step.from };
        url = next;
      } else if (refresh !== undefined) {
        const next = new URL(unescapeHtml(refresh), url);
        isCrossSite = siteOf(next) !== siteOf(url);
        step = { from: url };
        url = next;
      } else {
        return page;
      }
    }
    throw new Error(`too many redirects: ${trail.map((href) => new URL(href).pathname).join(' ')}`);
  }

  /** Follows the link with this text. */
  async click(page: Page, text: string): Promise<Page> {
    const link = [...page.text.matchAll(/<a\b[^>]*href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g)].find(
      ([, , inner]) => words(inner ?? '') === text,
    );
    if (link === undefined) throw new Error(`no link "${text}" on ${page.url.pathname}`);
    return this.open(new URL(unescapeHtml(link[1] ?? ''), page.url), { from: page.url });
  }

  /** Presses the button whose form contains this text, with the form's fields, some of them filled in. */
  async press(
    page: Page,
    text: string,
    filledIn: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    for (const [, attributes = '', inner = ''] of page.text.matchAll(
      /<form\b([^>]*)>([\s\S]*?)<\/form>/g,
    )) {
      for (const [, button = '', label = ''] of inner.matchAll(
        /<button\b([^>]*)>([\s\S]*?)<\/button>/g,
      )) {
        if (!words(label).includes(text)) continue;
        const action = unescapeHtml(attributeOf(attributes, 'action') ?? page.url.href);
        const form: Record<string, string> = {};
        for (const [, input = ''] of inner.matchAll(/<input\b([^>]*)>/g)) {
          form[attributeOf(input, 'name') ?? ''] = unescapeHtml(attributeOf(input, 'value') ?? '');
        }
        Object.assign(form, filledIn);
        const name = attributeOf(button, 'name');
        if (name !== undefined) form[name] = unescapeHtml(attributeOf(button, 'value') ?? '');
        const method = attributeOf(attributes, 'method')?.toUpperCase() === 'POST' ? 'POST' : 'GET';
        return this.open(new URL(action, page.url), { method, form, from: page.url });
      }
    }
    throw new Error(
      `no button "${text}" on ${page.url.pathname}: ${words(page.text).slice(0, 300)}`,
    );
  }

  /** The cookies this browser has for an address, by name. */
  cookies(address: string): Map<string, string> {
    return new Map(this.jar.getCookiesSync(address).map(({ key, value }) => [key, value]));
  }

  async #send(url: URL, visit: Visit, isCrossSite: boolean): Promise<WireAnswer> {
    const method = visit.method ?? 'GET';
    const sameSiteContext = isCrossSite ? (method === 'GET' ? 'lax' : 'none') : 'strict';
    const cookie = await this.jar.getCookieString(url.href, { sameSiteContext });
    const body =
      visit.body ??
      (visit.form === undefined ? undefined : new URLSearchParams(visit.form).toString());
    const response = await sendRequest(url, {
      method,
      body,
      ca: this.trusts,
      headers: {
        Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
        'User-Agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
        'Sec-Fetch-Dest': 'document',
        'Sec-Fetch-Mode': 'navigate',
        'Sec-Fetch-Site': fetchSite(url, visit, isCrossSite),
        ...(cookie === '' ? {} : { Cookie: cookie }),
        ...(visit.from === undefined || method === 'GET' ? {} : { Origin: visit.from.origin }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...visit.headers,
      },
    });
    this.answers.push(response);
    for (const line of response.headers.getSetCookie()) {
      this.received.push(line);
      const parsed = Cookie.parse(line);
      if (parsed !== undefined && !this.refuses(url.hostname)) {
        await this.jar.setCookie(parsed, url.href);
      }
    }
    return response;
  }
}

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly url: URL;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly text: string;
}

/** By `node:http`: `fetch` writes `Sec-Fetch-Mode: cors` over what a browser sends on a navigation. */
function sendRequest(
  url: URL,
  options: {
    readonly method: string;
    readonly body: string | undefined;
    readonly ca: string | undefined;
    readonly headers: Record<string, string>;
  },
): Promise<WireAnswer> {
  const { method, body, ca, headers } = options;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = send(
      url,
      { method, headers, ...(ca === undefined ? {} : { ca }) },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const received = new Headers();
          const { rawHeaders } = incoming;
          for (let index = 0; index < rawHeaders.length; index += 2) {
            received.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
          }
          const text = Buffer.concat(chunks).toString('utf8');
          const { statusCode: status = 0, statusMessage: statusText = '' } = incoming;
          resolve({ url, status, statusText, headers: received, text });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function fetchSite(url: URL, { from }: Visit, isCrossSite: boolean): string {
  if (isCrossSite) return 'cross-site';
  if (from === undefined) return 'none';
  return from.origin === url.origin ? 'same-origin' : 'same-site';
}

/** Scheme and host: loopback names have no registrable domain, and ports do not count. */
function siteOf(url: URL): string {
  return `${url.protocol}//${url.hostname}`;
}

function attributeOf(attributes: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** The text of some HTML, tags away and spaces joined. */
export function words(html: string): string {
  return unescapeHtml(html.replace(/<style[\s\S]*?<\/style>/g, ' ').replace(/<[^>]+>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}
