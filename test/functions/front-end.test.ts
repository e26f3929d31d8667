import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { HttpResponseInit } from '@azure/functions';
import {
  createFrontEndFunction,
  type FrontEndOptions,
  notFoundFunction,
} from '../../src/functions/front-end';
import type { HttpFunction } from '../../src/http/endpoint';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
  testSite,
} from '../support/context-fixture';

const script = `console.log(${JSON.stringify('a long text '.repeat(200))});`;

let fixture: ContextFixture;
let folder: string;

beforeAll(async () => {
  fixture = await createContextFixture();
});
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'front-end-')));
  write('public/index.html', '<!doctype html><title>Index</title>');
  write('public/assets/index-DiwrgTda.js', script);
  write('public/plain.js', script);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
afterAll(() => fixture.stop());

function write(name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const make = (options: Partial<FrontEndOptions> = {}) =>
  createFrontEndFunction({ folder: join(folder, 'public'), ...options }, testSite);

async function get(
  served: HttpFunction,
  path: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const answer: HttpResponseInit =
    (await served.any?.(fixture.context(path, { headers: { ...asked, ...headers } }))) ?? {};
  const body = answer.body instanceof Uint8Array ? Buffer.from(answer.body) : undefined;
  return {
    status: answer.status ?? 200,
    header: (name: string) => new Headers(answer.headers).get(name),
    body,
    text: body?.toString(),
  };
}

/** A script's request, unless a test says that a person opens a page. */
const asked = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };

const nothing = { code: 'ERR_NOT_FOUND' };

describe('the files of a front end', () => {
  it('are served with their types; only a name with a hash is kept by caches', async () => {
    const served = make();
    const index = await get(served, '/', browserHeaders);
    expect(index.text).toContain('Index');
    expect(index.header('content-type')).toBe('text/html; charset=utf-8');
    expect(index.header('cache-control')).toBe('no-cache');
    const hashed = await get(served, '/assets/index-DiwrgTda.js?v=1');
    expect(hashed.text).toBe(script);
    expect(hashed.header('content-type')).toBe('text/javascript; charset=utf-8');
    expect(hashed.header('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await get(served, '/plain.js')).header('cache-control')).toBe('no-cache');
  });

  it.each([
    ['main.8f3a2b1c.js', true],
    ['main.8f3a2b1c.js.map', true],
    ['static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg', true],
    ['main-7VQZ3B2X.js', true],
    ['assets/index-Bq_x-9aF.css', true],
    ['assets/my-document.pdf', false],
    ['report-20240131.pdf', false],
    ['icon-1024x1024.png', false],
    ['images/DSC-IMG01890.jpg', false],
    ['site.webmanifest', false],
    ['apple-touch-icon.png', false],
    ['fonts/inter-semibold.woff2', false],
    ['holiday-UserData.pdf', false],
    ['index.html', false],
  ])('by name, %s has a hash: %s', async (name, isKept) => {
    write(`public/${name}`, 'x');
    const kept = (await get(make(), `/${name}`)).header('cache-control')?.includes('immutable');
    expect(kept).toBe(isKept);
  });

  it('have a hash where the option says so', async () => {
    const served = make({ hashed: /^plain/ });
    expect((await get(served, '/plain.js')).header('cache-control')).toContain('immutable');
    const other = await get(served, '/assets/index-DiwrgTda.js');
    expect(other.header('cache-control')).toBe('no-cache');
  });

  it('are compressed once, as the client takes them', async () => {
    const served = make();
    const sent = async (accept: string) => {
      const answer = await get(served, '/plain.js', { 'accept-encoding': accept });
      return [answer.header('content-encoding'), answer] as const;
    };
    const [br, brotli] = await sent('gzip, deflate, br, zstd');
    expect([br, brotliDecompressSync(brotli.body ?? '').toString()]).toEqual(['br', script]);
    const [gz, zipped] = await sent('gzip;q=0.5, br;q=0');
    expect([gz, gunzipSync(zipped.body ?? '').toString()]).toEqual(['gzip', script]);
    const [none, plain] = await sent('identity');
    expect([none, plain.text]).toEqual([null, script]);
    const tags = [brotli, zipped, plain].map(({ header }) => header('etag'));
    expect(new Set(tags).size).toBe(3);
    expect(plain.header('vary')).toBe('Accept-Encoding');
  });

  it('are not compressed when they are small or compressed already', async () => {
    write('public/photo.png', script);
    for (const path of ['/', '/photo.png']) {
      const answer = await get(make(), path, { 'accept-encoding': 'br' });
      expect(answer.header('content-encoding')).toBeNull();
    }
  });

  it('answer 304 to the tag that a cache has', async () => {
    const served = make();
    const etag = (await get(served, '/plain.js')).header('etag') ?? '';
    const again = await get(served, '/plain.js', { 'if-none-match': `"other", W/${etag}` });
    expect([again.status, again.body, again.header('etag')]).toEqual([304, undefined, etag]);
  });

  it('may be pages without .html, and folders', async () => {
    write('public/about.html', 'about');
    write('public/team/index.html', 'team');
    const served = make();
    for (const path of ['/about', '/about.html', '/team', '/team/']) {
      expect((await get(served, path)).text).toBe(path.slice(1, 5) === 'team' ? 'team' : 'about');
    }
  });

  it('have names with spaces and letters of any language', async () => {
    write('public/größe 1.txt', 'ü');
    expect((await get(make(), '/gr%C3%B6%C3%9Fe%201.txt')).text).toBe('ü');
  });
});

describe('what is not served', () => {
  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/.env',
    '/.git/config',
    '/link.txt',
    '/linked/secret.txt',
    '/%00',
    '/%zz',
    '/index.html/',
    '/constructor',
  ])('%s', async (path) => {
    write('secret.txt', 'secret');
    write('public/.env', 'secret');
    write('public/.git/config', 'secret');
    symlinkSync(join(folder, 'secret.txt'), join(folder, 'public/link.txt'));
    symlinkSync(folder, join(folder, 'public/linked'));
    await expect(get(make(), path)).rejects.toMatchObject(nothing);
  });

  it('a file that has gone since the start; it comes back with the next request', async () => {
    const served = make();
    rmSync(join(folder, 'public/plain.js'));
    await expect(get(served, '/plain.js')).rejects.toMatchObject(nothing);
    write('public/plain.js', 'again');
    expect((await get(served, '/plain.js')).text).toBe('again');
  });

  it('but .well-known is, as RFC 8615 has it', async () => {
    write('public/.well-known/security.txt', 'Contact');
    expect((await get(make(), '/.well-known/security.txt')).text).toBe('Contact');
  });
});

describe('an address without a file', () => {
  it('is a route of the front end for a person who opens it, and 404 for a script', async () => {
    const page = await get(make(), '/orders/jane.doe?tab=1', browserHeaders);
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('Index')]);
    await expect(get(make(), '/orders/jane.doe')).rejects.toMatchObject(nothing);
  });

  it.each(['/auth', '/AUTH/nothing', '/auth/me/nothing'])(
    'is no route of the front end where sign-in stands: %s',
    async (path) => {
      await expect(get(make(), path, browserHeaders)).rejects.toMatchObject(nothing);
      expect((await get(make(), '/authors', browserHeaders)).status).toBe(200);
    },
  );

  it('is 404 without the fallback: with the page of the folder, or with ours', async () => {
    const served = make({ fallback: false });
    await expect(get(served, '/nothing', browserHeaders)).rejects.toMatchObject(nothing);
    write('public/404.html', 'own page');
    const page = await get(make({ fallback: false }), '/nothing', browserHeaders);
    expect([page.status, page.text]).toEqual([404, 'own page']);
  });

  it('is 404 in an app that asks for that page', () => {
    const context = fixture.context('/nothing');
    expect(() => notFoundFunction.any?.(context)).toThrow('ERR_NOT_FOUND');
  });
});

describe('the headers of pages', () => {
  it('have a policy for files of this origin; scripts and images have none of their own', async () => {
    const page = await get(make(), '/');
    expect(page.header('content-security-policy')).toMatch(
      /^default-src 'self'; img-src 'self' data:/,
    );
    expect((await get(make(), '/plain.js')).header('content-security-policy')).toBeNull();
  });

  it('are those of the options', async () => {
    const page = await get(
      make({
        contentSecurityPolicy: "default-src 'none'",
        headers: { 'Permissions-Policy': 'camera=(self)' },
      }),
      '/deep/link',
      browserHeaders,
    );
    expect(page.header('content-security-policy')).toBe("default-src 'none'");
    expect(page.header('permissions-policy')).toBe('camera=(self)');
  });
});

describe('at the start, a clear error tells of', () => {
  it.each([
    [
      'a folder that is not there',
      () => make({ folder: join(folder, 'dist') }),
      /the folder .*dist cannot be read\. Build the front end first/,
    ],
    [
      'a folder without index.html',
      () => make({ folder: join(folder, 'public/assets') }),
      /there is no index\.html in .*assets\. Build the front end first/,
    ],
    ['the folder of the app itself', () => make({ folder: '.' }), /must be a folder of its own/],
    ['a folder above the app', () => make({ folder: '..' }), /must be a folder of its own/],
    [
      'a policy in two lines',
      () => make({ contentSecurityPolicy: "default-src 'self';\nimg-src *" }),
      /Content-Security-Policy must be one line/,
    ],
    [
      'a header name with a space',
      () => make({ headers: { 'X A': '1' } }),
      /the header X A must be/,
    ],
    [
      'a route prefix',
      () => createFrontEndFunction(join(folder, 'public'), { ...testSite, routePrefix: '/api' }),
      /the app answers below \/api only\. Set "extensions"/,
    ],
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(message);
  });
});
