import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { accounts, fetchJson, signIn, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

describe('/auth/client.js', () => {
  it('is a script that caches may keep, without a cookie or a session', async () => {
    const { status, headers, body } = await fetchJson(`${app}/auth/client.js`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(headers.getSetCookie()).toEqual([]);
    expect(String(body).length).toBeLessThan(6000);
    expect(String(body)).not.toMatch(/\bimport\b|sourceMappingURL|interface /);
  });

  it('is not sent again to whoever has it', async () => {
    const first = await fetch(`${app}/auth/client.js`);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await fetch(`${app}/auth/client.js`, { headers: { 'If-None-Match': known } });
      expect([again.status, await again.text()]).toEqual([304, '']);
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('cache-control')).toBe('public, max-age=300');
    }
    const other = await fetch(`${app}/auth/client.js`, { headers: { 'If-None-Match': '"other"' } });
    expect(other.status).toBe(200);
  });
});

describe('/auth/client.d.ts', () => {
  it('tells a strict compiler, which knows the browser, how the client is used', async () => {
    const { headers, body } = await fetchJson(`${app}/auth/client.d.ts`);
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const folder = mkdtempSync(join(tmpdir(), 'anteroom-types-'));
    try {
      writeFileSync(join(folder, 'client.d.ts'), String(body));
      const uses = {
        right: `
          import * as anteroom from './client';
          const facts = await anteroom.session({ extend: true });
          const name: string | undefined = facts?.user.name;
          const ends: number = facts?.expiresAt ?? 0;
          const url: string = anteroom.loginUrl({ returnTo: '/a' });
          const left: readonly string[] = await anteroom.logout({ everywhere: true });
          const answer: Response = await anteroom.fetch('/a', { method: 'POST' });
          try { await answer.json(); } catch (e) { if (e instanceof anteroom.AnteroomError) e.code.length; }
          export { name, ends, url, left };`,
        wrong: `import { session } from './client'; (await session()).roles; export {};`,
      };
      expect(complainedAbout(folder, uses)).toEqual(['wrong.ts']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The files that a strict compiler finds something wrong with, once for each fault. */
function complainedAbout(
  folder: string,
  texts: Readonly<Record<string, string>>,
): readonly string[] {
  const files = Object.entries(texts).map(([name, text]) => {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, text);
    return file;
  });
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    // Of the compiler's own files only: what we serve is checked.
    skipDefaultLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  return ts.getPreEmitDiagnostics(program).map(({ file }) => basename(file?.fileName ?? ''));
}

describe('X-Return-To', () => {
  const loginUrlOf = async (headers: Record<string, string>) => {
    const { body } = await fetchJson(`${app}/auth/me`, undefined, { headers });
    return new URL(textOf(body, 'login_url'));
  };

  it('makes signing in come back to the page, not to what its script fetched', async () => {
    const url = await loginUrlOf({ 'X-Return-To': '/page?a=1#b' });
    expect(url.searchParams.get('return_to')).toBe('/page?a=1#b');
    expect((await loginUrlOf({})).searchParams.get('return_to')).toBe('/auth/me');
  });

  it.each([
    ['the page of the script stands in for it', '/page?a=1', '/page?a=1'],
    ['the script of a worker is no page', '/worker.js', '/auth/me'],
    ['a page that is too long is named by its path', `/page?${'a'.repeat(3000)}`, '/page'],
    ['the sign-in is no page to come back to', '/auth/login?return_to=/page', '/'],
    ['the code of an answer stays where it is', '/auth/%72edirect?code=c&state=s', '/'],
    ['a path that is another host is none', '//evil.example/page', '/'],
  ])('may be left out: %s', async (_name, referer, expected) => {
    const url = await loginUrlOf({ Referer: app + referer, 'Sec-Fetch-Mode': 'cors' });
    expect(url.searchParams.get('return_to')).toBe(expected);
    const elsewhere = await loginUrlOf({ Referer: `https://evil.example${referer}` });
    expect(elsewhere.searchParams.get('return_to')).toBe('/auth/me');
  });

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', `/${'a'.repeat(2049)}`])(
    'never leads away from here: %s',
    async (page) => {
      const url = await loginUrlOf({ 'X-Return-To': page });
      expect(url.origin).toBe(app);
      expect(url.searchParams.get('return_to')).toBe('/');
    },
  );

  it('says nothing to a browser’s navigation', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    await browser.jar.removeAllCookies();
    browser.follows = false;
    const answer = await browser.open(`${app}/auth/me`, { headers: { 'X-Return-To': '/page' } });
    expect(answer.headers.get('location')).toBe(`${app}/auth/login?return_to=%2Fauth%2Fme`);
  });
});
