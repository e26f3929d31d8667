import { createHmac, randomBytes } from 'node:crypto';
import { accounts, cookieName, fetchJson, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;
let good: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
  const { browser } = await signIn(app, accounts(stack).administrator);
  good = browser.cookies(app).get(cookieName(app)) ?? '';
});
afterAll(() => stack.stop());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function parts(): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = ''] = good.split('.');
  return { header, payload, signature };
}

function decoded(part: string): Record<string, unknown> {
  return Object(JSON.parse(Buffer.from(part, 'base64url').toString())) as Record<string, unknown>;
}

/** Signed as the app would, with a key of the forger's. */
function forged(header: object, payload: object, key = randomBytes(32)): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** `anteroom` stands for the name that the cookie has in this app. */
async function sessionWith(cookieHeader: string): Promise<{ status: number; body: unknown }> {
  const Cookie = cookieHeader.replaceAll(/(?<!-)\banteroom=/g, `${cookieName(app)}=`);
  return fetchJson(`${app}/auth/session`, undefined, { headers: { Cookie } });
}

describe('a session cookie that this app did not set so', () => {
  it('is told from the real one, which works', async () => {
    expect((await sessionWith(`anteroom=${good}`)).status).toBe(200);
    expect((await sessionWith(`other=1; anteroom=${good}; more=a,b`)).status).toBe(200);
    // The host joins headers that were sent twice.
    expect((await sessionWith(`anteroom=${good},more=a`)).status).toBe(200);
    expect((await sessionWith(`x=1,anteroom=hello; anteroom=${good}`)).status).toBe(200);
    expect(good.length).toBeLessThan(400);
    expect(good).toMatch(/^[A-Za-z0-9_.-]+$/);
  });

  it.each<[string, () => string]>([
    ['empty', () => 'anteroom='],
    ['garbage', () => 'anteroom=hello'],
    ['dots', () => 'anteroom=..'],
    ['five parts, a JWE', () => 'anteroom=a.b.c.d.e'],
    [
      'tampered payload',
      () => {
        const { header, payload, signature } = parts();
        return `anteroom=${header}.${encode({ ...decoded(payload), exp: 4102444800 })}.${signature}`;
      },
    ],
    [
      'tampered signature',
      () => {
        const { header, payload, signature } = parts();
        return `anteroom=${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      },
    ],
    ['truncated', () => `anteroom=${good.slice(0, -5)}`],
    ['without signature', () => `anteroom=${parts().header}.${parts().payload}.`],
    [
      'foreign key, same kid',
      () => `anteroom=${forged(decoded(parts().header), decoded(parts().payload))}`,
    ],
    [
      'unknown kid',
      () => `anteroom=${forged({ alg: 'HS256', kid: '0.AAAAAAAA' }, decoded(parts().payload))}`,
    ],
    ['no kid', () => `anteroom=${forged({ alg: 'HS256' }, decoded(parts().payload))}`],
    [
      'alg none',
      () => `anteroom=${encode({ ...decoded(parts().header), alg: 'none' })}.${parts().payload}.`,
    ],
    [
      'alg none, signature kept',
      () =>
        `anteroom=${encode({ ...decoded(parts().header), alg: 'none' })}.${parts().payload}.${parts().signature}`,
    ],
    [
      'alg HS512',
      () =>
        `anteroom=${forged({ ...decoded(parts().header), alg: 'HS512' }, decoded(parts().payload))}`,
    ],
    ['oversized', () => `anteroom=${good}${'A'.repeat(5000)}`],
    ['doubled', () => `anteroom=${good}; anteroom=${good}`],
    ['doubled, the other one forged', () => `anteroom=hello; anteroom=${good}`],
    ['planted in a value of a sibling’s cookie', () => `x=1,anteroom=${good}`],
    ['without the port of this app', () => `anteroom-1=${good}`],
    ['quoted', () => `anteroom="${good}"`],
    ['percent-encoded', () => `anteroom=${good.replaceAll('.', '%2E')}`],
    ['another name', () => `__Host-Http-anteroom=${good}`],
    ['another case', () => `Anteroom=${good}`],
  ])('%s: simply signed out', async (_name, cookie) => {
    const { status, body } = await sessionWith(cookie());
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'ERR_SIGNED_OUT' });
  });
});

/** A link in a mail, or on another site. */
const elsewhere = new URL('https://mail.example/inbox');

/** The addresses of the app that a page went through, without origin. */
const pathsOf = (trail: readonly string[]) =>
  trail.filter((href) => href.startsWith(`${app}/`)).map((href) => href.slice(app.length));

describe('a link on another site', () => {
  it('to a guarded page opens it for somebody who is signed in', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const page = await browser.open(`${app}/auth/session?a=%2Fb`, { from: elsewhere });
    expect([page.status, page.url.href]).toEqual([200, `${app}/auth/session?a=%2Fb`]);
    expect(page.text).toContain(accounts(stack).plainUser);
    expect(pathsOf(page.trail)).toEqual([
      '/auth/session?a=%2Fb',
      '/auth/session?a=%2Fb&anteroom-bounced=1',
      '/auth/session?a=%2Fb',
    ]);
  });

  it('to the home page shows who is signed in', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const page = await browser.open(`${app}/`, { from: elsewhere });
    expect(page.url.href).toBe(`${app}/`);
    expect(words(page.text)).toContain(`Signed in as ${accounts(stack).plainUser}`);
    expect(pathsOf(page.trail)).toEqual(['/', '/?anteroom-bounced=1', '/']);
  });

  it('to the home page, for a visitor, shows the home page', async () => {
    const page = await new TestBrowser().open(`${app}/`, { from: elsewhere });
    expect([page.status, page.url.href]).toEqual([200, `${app}/`]);
    expect(words(page.text)).toContain('You are not signed in.');
  });

  it('to a guarded page takes a visitor through the sign-in and back to it', async () => {
    const browser = new TestBrowser();
    const picker = await browser.open(`${app}/auth/session?a=1`, { from: elsewhere });
    expect(picker.url.origin).toBe(stack.facts.entraUrl);
    expect(pathsOf(picker.trail)).toEqual([
      '/auth/session?a=1',
      '/auth/session?a=1&anteroom-bounced=1',
      `/auth/login?return_to=${encodeURIComponent('/auth/session?a=1')}`,
    ]);
    const page = await browser.press(picker, accounts(stack).plainUser);
    expect([page.status, page.url.href]).toEqual([200, `${app}/auth/session?a=1`]);
  });

  it('shows a page that works without the refresh, too', async () => {
    const browser = new TestBrowser();
    browser.follows = false;
    const page = await browser.open(`${app}/auth/me`, { from: elsewhere });
    expect(page.status).toBe(200);
    expect(page.text).toContain(`href="${app}/auth/me?anteroom-bounced=1"`);
    expect(browser.received).toEqual([]);
  });

  it('is bounced once only, where every navigation comes from elsewhere', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    browser.follows = false;
    const page = await browser.open(`${app}/auth/session?anteroom-bounced=1`, { from: elsewhere });
    expect(page.status).toBe(302);
    expect(page.headers.get('location')).toBe(
      `${app}/auth/login?return_to=${encodeURIComponent('/auth/session')}`,
    );
    const home = await browser.open(`${app}/?anteroom-bounced=1`, { from: elsewhere });
    expect(home.status).toBe(200);
    expect(home.text).not.toContain('http-equiv="refresh"');
    expect(words(home.text)).toContain('You are not signed in.');
  });

  it('with a marker of its own does not send anybody round for ever', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    for (const query of [
      '?%61nteroom-bounced=1',
      '?anteroom-bounced=1&anteroom-bounced=1',
      '?a=1&anteroom-bounced',
    ]) {
      const page = await browser.open(`${app}/auth/session${query}`, { from: new URL(app) });
      expect(page.status).toBe(200);
      expect(page.url.search).toBe(query.startsWith('?a=') ? '?a=1' : '');
    }
  });
});
