import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { accounts, cookieName, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import type { TestBrowser } from '../support/test-browser';

let stack: TestStack;
let app: string;
let browser: TestBrowser;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
  ({ browser } = await signIn(app, accounts(stack).administrator));
});
afterAll(() => stack.stop());

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly isSignedIn?: boolean;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request exactly as given: `fetch` would add what a script says of itself. */
function ask(path: string, { method = 'GET', headers = {}, body, isSignedIn }: Asked = {}) {
  const cookie = isSignedIn === true ? { cookie: browser.jar.getCookieStringSync(app) } : undefined;
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = requestHttp(
      app + path,
      { method, headers: { ...headers, ...cookie } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const navigation = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
};
const script = {
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
};
const loginUrlIn = ({ text }: Answer) => (JSON.parse(text) as { login_url?: string }).login_url;

const guarded = ['/auth/me', '/auth/me/photo', '/auth/session', '/auth/sessions', '/auth/admin'];
const readable = [
  ...guarded,
  ...['/', '/health', '/auth/signed-out', '/auth/client.js', '/auth/client.d.ts'],
  ...[
    '/auth/brand/icon.svg',
    '/auth/continue.js',
    '/auth/front-channel-logout?sid=nobody',
    '/auth/login',
  ],
  ...['/auth/redirect?code=a&state=b', '/auth/admin/end?user=x'],
];

describe('HEAD', () => {
  it.each(readable)(
    'of %s says what GET says, without a body and without a cookie',
    async (path) => {
      for (const headers of [{}, navigation, script]) {
        for (const isSignedIn of [true, false]) {
          const get = await ask(path, { headers, isSignedIn });
          const head = await ask(path, { method: 'HEAD', headers, isSignedIn });
          expect([head.status, head.text]).toEqual([get.status, '']);
          const named = ({ headers: all }: Answer) =>
            Object.keys(all).filter(
              (name) => !['set-cookie', 'transfer-encoding', 'content-length'].includes(name),
            );
          expect(named(head)).toEqual(named(get));
          expect(head.headers['set-cookie']).toBeUndefined();
        }
      }
    },
  );

  it('redeems no code: the person can still use it', async () => {
    const other = (await signIn(app, accounts(stack).plainUser)).browser;
    await other.jar.removeAllCookies();
    const picker = await other.open(`${app}/auth/login?return_to=%2Fauth%2Fsession`);
    other.follows = false;
    let step = await other.press(picker, accounts(stack).plainUser);
    while (new URL(step.headers.get('location') ?? '', step.url).origin !== app) {
      step = await other.open(new URL(step.headers.get('location') ?? '', step.url));
    }
    const answer = new URL(step.headers.get('location') ?? '');
    const headers = { ...navigation, cookie: other.jar.getCookieStringSync(app) };
    const path = `${answer.pathname}${answer.search}&hop=1`;
    expect((await ask(path, { method: 'HEAD', headers })).status).toBe(200);
    const used = await ask(path, { headers });
    expect([used.status, used.headers.location]).toEqual([302, `${app}/auth/session`]);
  });
});

describe('OPTIONS', () => {
  it('tells the methods and allows other origins nothing', async () => {
    const { status, headers } = await ask('/auth/session', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    expect([status, headers['allow']]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('Office', () => {
  const agents = ['Microsoft Office Existence Discovery', 'Mozilla/4.0 (compatible; ms-office)'];
  it.each(['/auth/me', '/auth/sessions?tab=2', '/auth/login?return_to=%2Fauth%2Fme'])(
    'hands %s itself over to the browser: no redirect, no 401, no cookie',
    async (path) => {
      for (const agent of agents) {
        for (const method of ['OPTIONS', 'HEAD', 'GET']) {
          const headers = { 'user-agent': agent, accept: '*/*' };
          const answer = await ask(path, { method, headers });
          expect([answer.status, answer.headers['set-cookie']]).toEqual([200, undefined]);
          if (method === 'GET') expect(answer.text).toContain(`url=${app}${path}`);
        }
      }
    },
  );
});

describe('a script that fetches HTML, signed out', () => {
  it.each([
    ['Turbo', { ...script, accept: 'text/html, application/xhtml+xml' }],
    [
      'jQuery',
      { ...script, accept: 'text/html, */*; q=0.01', 'x-requested-with': 'XMLHttpRequest' },
    ],
    ['htmx', { ...script, accept: '*/*', 'hx-request': 'true' }],
    ['one in an old browser', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }],
  ])('is told where to sign in: %s', async (_name, headers) => {
    for (const path of guarded) {
      const answer = await ask(path, { headers: { ...headers, 'x-return-to': '/page#part' } });
      expect([answer.status, answer.headers['content-type']]).toEqual([
        401,
        'application/problem+json',
      ]);
      expect(loginUrlIn(answer)).toBe(`${app}/auth/login?return_to=%2Fpage%23part`);
    }
  });

  it('gets its other errors as problem details too, and pages as pages', async () => {
    const plain = (await signIn(app, accounts(stack).plainUser)).browser;
    const cookie = plain.jar.getCookieStringSync(app);
    const headers = { ...script, accept: 'text/html', cookie };
    const refused = await ask('/auth/admin', { headers });
    expect([refused.status, refused.headers['content-type']]).toEqual([
      403,
      'application/problem+json',
    ]);
    const page = await ask('/auth/sessions', { headers });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  });
});

describe('/auth/login', () => {
  it.each([
    ['a script', { ...script, accept: 'text/html' }],
    ['a frame', { ...navigation, 'sec-fetch-dest': 'iframe' }],
    ['an object', { ...navigation, 'sec-fetch-dest': 'object' }],
  ])('is refused to %s', async (_name, headers) => {
    const answer = await ask('/auth/login', { headers });
    expect([answer.status, answer.headers['set-cookie']]).toEqual([400, undefined]);
    expect(answer.text).toContain('ERR_NOT_A_NAVIGATION');
  });

  it('begins for a service worker that passes a navigation on', async () => {
    const answer = await ask('/auth/login', {
      headers: { ...navigation, 'sec-fetch-dest': 'empty' },
    });
    expect(answer.status).toBe(302);
  });
});

describe('what is fetched ahead of time', () => {
  const pages = [
    '/',
    '/auth/me',
    '/auth/login',
    '/auth/redirect?code=a&state=b&hop=1',
    '/auth/signed-out',
  ];
  it.each(pages)('gets nothing of %s that could be kept', async (path) => {
    for (const purpose of [{ 'sec-purpose': 'prefetch' }, { purpose: 'prefetch' }]) {
      for (const isSignedIn of [true, false]) {
        const answer = await ask(path, { headers: { ...navigation, ...purpose }, isSignedIn });
        expect(answer.status).toBe(403);
        expect(answer.text).toContain('ERR_PREFETCH');
        expect(answer.headers['set-cookie']).toBeUndefined();
        expect(answer.headers['cache-control']).toBe('no-store');
      }
    }
  });
});

describe('a browser without Fetch Metadata', () => {
  const old = { accept: navigation.accept };

  it('is asked again once, then told the truth', async () => {
    for (const path of ['/', '/auth/signed-out', '/auth/sessions']) {
      const first = await ask(path, { headers: old });
      expect(first.text).toContain(`url=${app}${path}?anteroom-bounced=1`);
      const again = await ask(`${path}?anteroom-bounced=1`, { headers: old, isSignedIn: true });
      expect([again.status, again.headers.location]).toEqual([302, app + path]);
      expect((await ask(path, { headers: old, isSignedIn: true })).status).toBe(200);
    }
  });

  it('does not go round for ever without cookies', async () => {
    const home = await ask('/?anteroom-bounced=1', { headers: old });
    expect(home.text).toContain('You are not signed in.');
    const page = await ask('/auth/sessions?a=1&anteroom-bounced=1', { headers: old });
    expect(page.headers.location).toBe(`${app}/auth/login?return_to=%2Fauth%2Fsessions%3Fa%3D1`);
  });
});

describe('a page of somebody else', () => {
  it.each([
    [
      'an image of a neighbour',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    [
      'a frame of a neighbour',
      { ...navigation, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe', accept: '*/*' },
    ],
    ['a script of another site', { ...script, 'sec-fetch-site': 'cross-site' }],
  ])('gets nothing by our cookie: %s', async (_name, headers) => {
    const answer = await ask('/auth/session', { headers, isSignedIn: true });
    expect(answer.text).not.toContain(accounts(stack).administrator);
    expect([302, 401]).toContain(answer.status);
    expect((await ask('/auth/session', { headers: script, isSignedIn: true })).status).toBe(200);
    expect((await ask('/health', { headers })).status).toBe(200);
  });

  it('plants no cookie inside a value of its own', async () => {
    const value = browser.cookies(app).get(cookieName(app)) ?? '';
    const planted = { cookie: `x=1,${cookieName(app)}=${value}` };
    expect((await ask('/auth/session', { headers: { ...script, ...planted } })).status).toBe(401);
    const joined = { cookie: `${cookieName(app)}=${value},x=1` };
    expect((await ask('/auth/session', { headers: { ...script, ...joined } })).status).toBe(200);
  });
});

describe('a body', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded', origin: '' };

  it.each([
    [1_048_577, 413, 'ERR_BODY_TOO_LARGE'],
    [1_048_576, 400, 'ERR_BAD_REQUEST'],
    [4_097, 400, 'ERR_BAD_REQUEST'],
  ])('of %d bytes is answered %d, and signs nobody out', async (length, status, code) => {
    const answer = await ask('/auth/logout', {
      method: 'POST',
      headers: { ...form, origin: app },
      body: Buffer.alloc(length, 'a'),
      isSignedIn: true,
    });
    expect([answer.status, answer.headers['set-cookie']]).toEqual([status, undefined]);
    expect(answer.text).toContain(code);
    expect((await ask('/auth/session', { headers: script, isSignedIn: true })).status).toBe(200);
  });
});
