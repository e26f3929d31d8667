import { accounts, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

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
