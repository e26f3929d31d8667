import {
  accounts,
  control,
  cookieName,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type Page, TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

const otherState = `${'A'.repeat(43)}.0`;

/** Goes through the picker and stops at the provider's redirect, before the app sees it. */
async function answerOf(browser: TestBrowser, account: string): Promise<URL> {
  const picker = await browser.open(`${app}/auth/login?return_to=/auth/session`);
  browser.follows = false;
  let page = await browser.press(picker, account);
  while (new URL(page.headers.get('location') ?? app, page.url).pathname !== '/auth/redirect') {
    page = await browser.open(new URL(page.headers.get('location') ?? '', page.url), {
      from: page.url,
    });
  }
  browser.follows = true;
  return new URL(page.headers.get('location') ?? '', page.url);
}

/** The answer arrives from the provider's site, as in a real browser. */
function arrive(browser: TestBrowser, url: URL): Promise<Page> {
  return browser.open(url, { from: new URL(stack.facts.entraUrl) });
}

function isSignedIn(browser: TestBrowser): boolean {
  return browser.cookies(app).has(cookieName(app));
}

describe('the callback', () => {
  it('signs in with the answer to this browser’s own attempt', async () => {
    const browser = new TestBrowser();
    const page = await arrive(browser, await answerOf(browser, accounts(stack).plainUser));
    expect(page.url.pathname).toBe('/auth/session');
    expect([...browser.cookies(app).keys()].sort()).toEqual([
      cookieName(app),
      cookieName(app, '-sign-in'),
    ]);
  });

  it('shows the hop page first, without looking at anything', async () => {
    const browser = new TestBrowser();
    browser.follows = false;
    const page = await browser.open(`${app}/auth/redirect?code=a%22%3E%3Cscript%3E&state=x`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('http-equiv="refresh"');
    expect(page.text).not.toContain('<script>');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(browser.received).toEqual([]);
  });

  it.each([
    ['without state', '?code=abc'],
    ['with a malformed state', '?code=abc&state=abc'],
    ['with a state of another round', `?code=abc&state=${'A'.repeat(43)}.7`],
    [
      'with an error nobody asked for',
      `?error=access_denied&error_description=<b>AADSTS50105</b>&state=${otherState}`,
    ],
    ['with an error without state', '?error=server_error&error_description=Call+this+number'],
  ])('shows only a generic page %s', async (_name, query) => {
    const browser = new TestBrowser();
    const page = await browser.open(`${app}/auth/redirect${query}`);
    expect([400, 403]).toContain(page.status);
    expect(words(page.text)).not.toMatch(/AADSTS|50105|Call this number/);
    expect(page.text).not.toContain('<b>');
    expect(isSignedIn(browser)).toBe(false);
  });

  it.each([
    [
      'code',
      (url: URL) => {
        url.searchParams.append('code', 'other');
      },
    ],
    [
      'state',
      (url: URL) => {
        url.searchParams.append('state', otherState);
      },
    ],
    [
      'hop',
      (url: URL) => {
        url.searchParams.append('hop', '1');
        url.searchParams.append('hop', '1');
      },
    ],
    [
      'an unknown parameter',
      (url: URL) => {
        url.search += '&session_state=a&session_state=b';
      },
    ],
  ])('refuses a repeated %s', async (_name, spoil) => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    spoil(url);
    expect((await arrive(browser, url)).status).toBe(400);
    expect(isSignedIn(browser)).toBe(false);
  });

  it('does not hop for ever when hop is crafted', async () => {
    const page = await new TestBrowser().open(
      `${app}/auth/redirect?hop=0&code=a&state=${otherState}`,
    );
    expect(page.status).toBe(400);
  });

  it('refuses an answer with both code and error', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    url.searchParams.set('error', 'access_denied');
    expect((await arrive(browser, url)).status).toBe(400);
    expect(isSignedIn(browser)).toBe(false);
  });

  it('refuses an iss of another provider', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    url.searchParams.set('iss', 'https://login.evil.example/v2.0');
    const page = await arrive(browser, url);
    expect(page.status).toBe(400);
    expect(page.text).toContain('ERR_OTHER_ISSUER');
    expect(page.text).toContain('/auth/login?return_to=%2Fauth%2Fsession');
    expect(isSignedIn(browser)).toBe(false);
  });

  it('accepts the right iss', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    url.searchParams.set('iss', stack.facts.authority);
    await arrive(browser, url);
    expect(isSignedIn(browser)).toBe(true);
  });

  it('refuses a code that is not the attempt’s own', async () => {
    const mine = new TestBrowser();
    const url = await answerOf(mine, accounts(stack).plainUser);
    const other = await answerOf(new TestBrowser(), accounts(stack).administrator);
    url.searchParams.set('code', other.searchParams.get('code') ?? '');
    const page = await arrive(mine, url);
    // The code is refused, and a new sign-in finds the person whom the provider knows in this browser.
    expect(page.url.pathname).toBe('/auth/session');
    expect(page.text).toContain(accounts(stack).plainUser);
    expect(page.text).not.toContain(accounts(stack).administrator);
  });

  it('that is delivered twice ends in a session, not in an error', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    url.searchParams.set('hop', '1');
    const cookie = browser.jar.getCookieStringSync(url.href);
    const [first] = await Promise.all([
      fetchJson(url.href, undefined, { headers: { Cookie: cookie } }),
    ]);
    expect(first.status).toBe(302);
    const second = await browser.open(url, { from: new URL(app) });
    expect(second.url.pathname).toBe('/auth/session');
    expect(isSignedIn(browser)).toBe(true);
  });

  it('explains a code that is refused even in the second round', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    await control(stack.facts.entraUrl, { tokenError: 54005 });
    const page = await arrive(browser, url);
    await resetControl(stack.facts.entraUrl);
    expect(page.status).toBe(400);
    expect(page.text).toContain('ERR_SIGN_IN_EXPIRED');
    expect(isSignedIn(browser)).toBe(false);
  });

  it('signs nobody in with the answer to another browser’s attempt', async () => {
    const attacker = new TestBrowser();
    const url = await answerOf(attacker, accounts(stack).administrator);
    const victim = new TestBrowser();
    const page = await arrive(victim, url);
    // A new sign-in begins instead: the victim is asked who they are.
    expect(page.url.origin).toBe(stack.facts.entraUrl);
    expect(isSignedIn(victim)).toBe(false);
  });

  it('signs nobody in by a replay: no code is redeemed twice', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    await arrive(browser, url);
    const session = browser.cookies(app).get(cookieName(app));
    const again = await arrive(browser, url);
    expect(again.url.href).toBe(`${app}/auth/session`);
    expect(browser.cookies(app).get(cookieName(app))).toBe(session);
    const stranger = new TestBrowser();
    await arrive(stranger, url);
    expect(isSignedIn(stranger)).toBe(false);
  });

  it('begins a lost sign-in once more, then explains instead of looping', async () => {
    const browser = new TestBrowser();
    browser.refuses = (hostname) => hostname === new URL(app).hostname;
    const picker = await browser.open(`${app}/auth/login`);
    const page = await browser.press(picker, accounts(stack).plainUser);
    expect(page.status).toBe(400);
    expect(words(page.text)).toContain('Allow cookies for this site');
    const rounds = page.trail.filter((href) => href.includes('/authorize?'));
    expect(rounds).toHaveLength(2);
  });

  it('explains an error of a known attempt by its number, and shows none of its text', async () => {
    const browser = new TestBrowser();
    const url = await answerOf(browser, accounts(stack).plainUser);
    const state = url.searchParams.get('state') ?? '';
    const error = new URL(`${app}/auth/redirect`);
    error.search = new URLSearchParams({
      error: 'access_denied',
      error_description:
        'AADSTS50105: <b>Secret tenant details</b> Trace ID: x Correlation ID: 7f1c0b1e-1111-4222-8333-0123456789ab Timestamp: now',
      state,
    }).toString();
    const page = await arrive(browser, error);
    expect(page.status).toBe(403);
    expect(words(page.text)).toContain('Your account is not assigned to this app.');
    expect(words(page.text)).toContain('An administrator of your organisation must act');
    expect(words(page.text)).toContain('AADSTS50105');
    expect(words(page.text)).toContain('7f1c0b1e-1111-4222-8333-0123456789ab');
    expect(page.text).not.toContain('Secret tenant details');
    expect(isSignedIn(browser)).toBe(false);
  });

  it.each([
    ['login_required', 302],
    ['interaction_required', 302],
    ['invalid_request', 403],
    ['server_error', 503],
    ['temporarily_unavailable', 503],
  ])('after prompt=none takes %s for what it is', async (error, expected) => {
    const browser = new TestBrowser();
    browser.follows = false;
    const login = await browser.open(`${app}/auth/login?prompt=none&return_to=/health`);
    const state = new URL(login.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const page = await browser.open(`${app}/auth/redirect?hop=1&error=${error}&state=${state}`, {
      from: new URL(app),
    });
    expect(page.status).toBe(expected);
    if (expected === 302) expect(page.headers.get('location')).toBe(`${app}/health`);
    const forged = await browser.open(`${app}/auth/login?prompt=none`);
    const other = new URL(forged.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const iss = encodeURIComponent('https://login.evil.example/v2.0');
    const refused = await browser.open(
      `${app}/auth/redirect?hop=1&error=login_required&state=${other}&iss=${iss}`,
      { from: new URL(app) },
    );
    expect(refused.status).toBe(400);
  });

  it('goes home when it is bare: a bookmark, or a tile that opens the redirect URI', async () => {
    for (const query of ['', '?', '?hop=1']) {
      const browser = new TestBrowser();
      browser.follows = false;
      const page = await browser.open(`${app}/auth/redirect${query}`);
      expect([page.status, page.headers.get('location')]).toEqual([302, `${app}/`]);
    }
  });
});

describe('an ID token that must not be trusted', () => {
  afterEach(() => resetControl(stack.facts.entraUrl));

  it.each<[string, Record<string, unknown>]>([
    ['iss of another', { idTokenClaims: { iss: 'https://login.evil.example/v2.0' } }],
    ['no iss', { idTokenClaims: { iss: null } }],
    ['aud of another', { idTokenClaims: { aud: '00000000-0000-4000-8000-000000000000' } }],
    ['no aud', { idTokenClaims: { aud: null } }],
    ['expired', { idTokenClaims: { exp: 1 } }],
    ['no exp', { idTokenClaims: { exp: null } }],
    ['nbf in the future', { idTokenClaims: { nbf: 4102444800 } }],
    ['iat in the future', { idTokenClaims: { iat: 4102444800 } }],
    ['no iat', { idTokenClaims: { iat: null } }],
    ['nonce of another', { idTokenClaims: { nonce: 'other' } }],
    ['no nonce', { idTokenClaims: { nonce: null } }],
    ['no sub', { idTokenClaims: { sub: null } }],
    ['tid of another', { idTokenClaims: { tid: '00000000-0000-4000-8000-000000000000' } }],
    ['alg none', { idTokenSigning: 'none' }],
    ['HS256 with the secret', { idTokenSigning: 'hs256' }],
    ['a key of somebody else', { idTokenSigning: 'foreign-key' }],
    ['PS256', { idTokenSigning: 'ps256' }],
    ['unknown kid', { idTokenSigning: 'unknown-kid' }],
    ['spoilt signature', { idTokenSigning: 'corrupted' }],
  ])('%s: nobody is signed in', async (_name, fault) => {
    await control(stack.facts.entraUrl, fault);
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    expect(page.url.origin).toBe(app);
    expect([403, 502]).toContain(page.status);
    expect(page.text).toMatch(/ERR_ID_TOKEN|ERR_WRONG_TENANT/);
    expect(isSignedIn(browser)).toBe(false);
    const session = await fetchJson(`${app}/auth/session`, browser);
    expect(session.status).toBe(401);
  });
});
