import { AppError } from '../../src/errors';
import { createHomeFunction } from '../../src/functions/home';
import { loginFunction } from '../../src/functions/login';
import type { Handler } from '../../src/http/context';
import {
  browserHeaders,
  createContextFixture,
  type ContextFixture,
} from '../support/context-fixture';
import { words } from '../support/test-browser';

let fixture: ContextFixture;
let home: Handler;

beforeAll(async () => {
  fixture = await createContextFixture({ APP_BASE_URL: 'https://app.contoso.com' });
  home = createHomeFunction().get ?? home;
});
afterAll(() => {
  return fixture.stop();
});
afterEach(() => {
  fixture.tableFailure = undefined;
});

const crossSite = { ...browserHeaders, 'sec-fetch-site': 'cross-site' };

async function visit(headers: Record<string, string>, path = '/') {
  const context = fixture.context(path, { headers });
  const { status, body } = await home(context);
  const html = typeof body === 'string' ? body : '';
  return { status, html, words: words(html), told: context.told };
}

describe('home', () => {
  it('shows who is signed in', async () => {
    const { cookie } = await fixture.signIn();
    const page = await visit({ ...browserHeaders, cookie });
    expect([page.status, page.words]).toEqual([200, expect.stringContaining('Ada Lovelace')]);
  });

  it('is the same text for everybody who is signed out, before and after somebody signs in', async () => {
    const before = await visit(browserHeaders);
    const { cookie } = await fixture.signIn();
    expect((await visit({ ...browserHeaders, cookie })).words).toContain('You are signed in');
    const after = await visit(browserHeaders);
    expect(after.words).toContain('You are not signed in');
    expect(after.html).toBe(before.html);
  });

  it('is kept once for each language', async () => {
    const german = { ...browserHeaders, 'accept-language': 'de-AT, en;q=0.5' };
    const first = await home(fixture.context('/', { headers: german }));
    expect(first.headers).toMatchObject({ 'Content-Language': 'de', Vary: 'Accept-Language' });
    expect(first.body).toContain('Sie sind nicht angemeldet');
    expect((await visit(browserHeaders)).words).toContain('You are not signed in');
    expect((await home(fixture.context('/', { headers: german }))).body).toBe(first.body);
  });

  it('names files of this repository only where the stand-in signs people in', async () => {
    const { html } = await visit(browserHeaders);
    expect(html).toContain('src/functions/login.ts');
    const { services, ...context } = fixture.context('/', { headers: browserHeaders });
    const authority = 'https://login.microsoftonline.com/contoso.com/v2.0';
    const settings = { ...services.settings, authority };
    const inAzure = createHomeFunction().get ?? home;
    const { body } = await inAzure({ ...context, services: { ...services, settings } });
    expect(body).toContain('You are not signed in');
    expect(body).not.toMatch(/src\/|npm start|Three doors/);
  });

  it('asks again when a link on another site led here without the cookie', async () => {
    const page = await visit(crossSite, '/?a=1');
    expect(page.html).toContain('url=https://app.contoso.com/?a=1&amp;anteroom-bounced=1');
  });

  it('answers at once when the cookie came along', async () => {
    const { cookie } = await fixture.signIn();
    const page = await visit({ ...crossSite, cookie });
    expect(page.words).toContain('Ada Lovelace');
    expect(page.html).not.toContain('http-equiv="refresh"');
  });

  it('is shown, too, when nobody can tell who is signed in', async () => {
    const { cookie } = await fixture.signIn();
    fixture.tableFailure = new AppError('ERR_STORAGE_UNAVAILABLE');
    const page = await visit({ ...browserHeaders, cookie });
    expect([page.status, page.words]).toEqual([
      200,
      expect.stringContaining('We cannot say right now whether you are signed in'),
    ]);
    expect(page.told).toMatchObject([
      { event: 'storage trouble', code: 'ERR_STORAGE_UNAVAILABLE' },
    ]);
  });

  it('does not hide a bug behind that', async () => {
    const { cookie } = await fixture.signIn();
    fixture.tableFailure = new TypeError('a bug');
    await expect(visit({ ...browserHeaders, cookie })).rejects.toBe(fixture.tableFailure);
  });
});

describe('a link to stay signed in', () => {
  const signIn = '/auth/login?keep=true&return_to=%2Fa%3Fkeep%3Dtrue';

  async function follow(path: string, site: string) {
    const headers = { ...browserHeaders, 'sec-fetch-site': site };
    const answer = await loginFunction.get?.(fixture.context(path, { headers }));
    return new Headers(answer?.headers).get('location');
  }

  it.each(['cross-site', 'same-site'])(
    'on a page of another site (%s) says nothing about staying',
    async (site) => {
      const signInAlone = 'https://app.contoso.com/auth/login?return_to=%2Fa%3Fkeep%3Dtrue';
      expect(await follow(signIn, site)).toBe(signInAlone);
      expect(await follow(signIn.replace('keep', 'k%65ep'), site)).toBe(signInAlone);
    },
  );

  it.each(['same-origin', 'none'])('counts on our own page or by hand (%s)', async (site) => {
    const location = await follow(signIn, site);
    expect(location).toMatch(/^http.*[?&]state=/);
  });
});
