import { accounts, fetchJson, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

interface Listed {
  readonly session: string;
  readonly device: string;
  readonly is_current: boolean;
  readonly created_at: number;
  readonly last_used_at: number;
  readonly last_used_within: number;
}

const form = {
  'Sec-Fetch-Site': 'same-origin',
  'Content-Type': 'application/x-www-form-urlencoded',
};
const statusOf = async (browser: TestBrowser) =>
  (await fetchJson(`${app}/auth/session`, browser)).status;

async function listOf(browser: TestBrowser): Promise<readonly Listed[]> {
  const { status, body } = await fetchJson(`${app}/auth/sessions`, browser);
  expect(status).toBe(200);
  return (Object(body) as { sessions: readonly Listed[] }).sessions;
}

/** The key of the session that this browser has. */
async function keyOf(browser: TestBrowser): Promise<string> {
  const own = (await listOf(browser)).find(({ is_current: isCurrent }) => isCurrent);
  return own?.session ?? '';
}

function end(browser: TestBrowser | undefined, fields: Record<string, string>, headers = {}) {
  return fetchJson(`${app}/auth/sessions/end`, browser, {
    method: 'POST',
    headers: { ...form, ...headers },
    body: new URLSearchParams(fields),
  });
}

/** Signs the plain user in with nobody else of theirs signed in. */
async function signInAlone() {
  const signedIn = await signIn(app, accounts(stack).plainUser);
  expect((await end(signedIn.browser, { others: 'true' })).status).toBe(200);
  return signedIn;
}

describe('one’s own sessions', () => {
  it('are listed with browser and times, this one first and marked, nobody else’s', async () => {
    const { browser } = await signInAlone();
    await signIn(app, accounts(stack).plainUser);
    await signIn(app, accounts(stack).administrator);
    const [first, second, ...overflow] = await listOf(browser);
    expect(overflow).toEqual([]);
    const now = Date.now() / 1000;
    expect(first).toMatchObject({
      is_current: true,
      device: 'Chrome on Windows',
      last_used_within: 0,
    });
    expect(second).toMatchObject({ is_current: false, last_used_within: 1800 });
    for (const { created_at: begun, last_used_at: used } of [first, second].flatMap(
      (s) => s ?? [],
    )) {
      expect(Math.abs(now - begun)).toBeLessThan(600);
      expect(Math.abs(now - used)).toBeLessThan(600);
    }
    const page = await browser.open(`${app}/auth/sessions`);
    expect(words(page.text)).toContain('Chrome on Windows This browser');
    expect(words(page.text)).toContain('The time of last use is approximate');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('need a session: a browser is sent to sign in, another client told to', async () => {
    const { status, body } = await fetchJson(`${app}/auth/sessions`);
    expect([status, body]).toMatchObject([401, { code: 'ERR_SIGNED_OUT' }]);
    const { page } = await signIn(app, accounts(stack).plainUser, '/auth/sessions');
    expect(words(page.text)).toContain('Where you are signed in');
  });

  it('end one by one, told once on the list', async () => {
    const { browser } = await signInAlone();
    const other = await signIn(app, accounts(stack).plainUser);
    const list = await browser.open(`${app}/auth/sessions`);
    const after = await browser.open(`${app}/auth/sessions/end`, {
      method: 'POST',
      form: { session: await keyOf(other.browser) },
      from: list.url,
    });
    expect(after.url.href).toBe(`${app}/auth/sessions`);
    expect(words(after.text)).toContain('1 session has ended.');
    expect(await statusOf(other.browser)).toBe(401);
    expect(await statusOf(browser)).toBe(200);
    const reloaded = await browser.open(`${app}/auth/sessions`);
    expect(words(reloaded.text)).not.toContain('1 session has ended.');
  });

  it('end all but this one', async () => {
    const { browser } = await signInAlone();
    const others = [
      await signIn(app, accounts(stack).plainUser),
      await signIn(app, accounts(stack).plainUser),
    ];
    const stranger = await signIn(app, accounts(stack).administrator);
    const list = await browser.open(`${app}/auth/sessions`);
    const confirm = await browser.click(list, 'End all other sessions');
    expect(words(confirm.text)).toContain('End your other sessions?');
    expect(confirm.text.match(/<dt>/g)).toHaveLength(2);
    for (const other of others) expect(await statusOf(other.browser)).toBe(200);
    const after = await browser.press(confirm, 'End 2 sessions');
    expect(words(after.text)).toContain('2 sessions have ended.');
    expect(after.text).toContain('<title>2 sessions have ended. · Anteroom</title>');
    expect(words(after.text)).not.toContain('End all other sessions');
    for (const other of others) expect(await statusOf(other.browser)).toBe(401);
    expect(await statusOf(browser)).toBe(200);
    expect(await statusOf(stranger.browser)).toBe(200);
  });

  it('all end by signing out everywhere, after a question', async () => {
    const { browser } = await signInAlone();
    const other = await signIn(app, accounts(stack).plainUser);
    const confirm = await browser.click(
      await browser.open(`${app}/auth/sessions`),
      'Sign out everywhere',
    );
    expect(words(confirm.text)).toContain('You will be signed out in this browser too');
    expect(await statusOf(browser)).toBe(200);
    const out = await browser.press(confirm, 'End 2 sessions');
    expect(words(out.text)).toContain('Your sessions in all other browsers have ended too');
    expect([await statusOf(browser), await statusOf(other.browser)]).toEqual([401, 401]);
  });

  it('which would end are told to scripts, and nothing ends; without others the list comes back', async () => {
    const { browser } = await signInAlone();
    const own = await keyOf(browser);
    const asked = async (query: string) =>
      (await fetchJson(`${app}/auth/sessions/end?${query}`, browser)).body;
    expect(await asked('others=true')).toEqual({ sessions: [], has_more: false });
    expect(await asked('everywhere=true')).toEqual({ sessions: [own], has_more: false });
    for (const query of ['', 'others=yes', 'others=true&everywhere=true', 'everywhere=false']) {
      expect(await asked(query)).toMatchObject({ code: 'ERR_BAD_REQUEST' });
    }
    const list = await browser.open(`${app}/auth/sessions/end?others=true`);
    expect(list.url.href).toBe(`${app}/auth/sessions`);
    expect(words(list.text)).toContain('There was no other session to end.');
    expect(await statusOf(browser)).toBe(200);
  });

  it('ending this one is signing out, at the provider too', async () => {
    const { browser, page } = await signInAlone();
    const out = await browser.open(`${app}/auth/sessions/end`, {
      method: 'POST',
      form: { session: await keyOf(browser) },
      from: page.url,
    });
    expect(out.url.href).toBe(`${app}/auth/signed-out`);
    expect(out.trail.some((url) => url.startsWith(stack.facts.entraUrl))).toBe(true);
    expect(words(out.text)).toContain('The sign-in service was asked to sign you out as well');
    expect(browser.cookies(app).size).toBe(0);
  });

  it('lead back to signing in, not into a wall, when this session ended while the page was open', async () => {
    const { browser, page } = await signInAlone();
    const list = await browser.open(`${app}/auth/sessions`, { from: page.url });
    await end(browser, { others: 'true' });
    const { browser: other } = await signIn(app, accounts(stack).plainUser);
    await end(other, { others: 'true' });
    browser.follows = false;
    const asked = await browser.click(list, 'Sign out everywhere');
    expect(asked.headers.get('location')).toContain('/auth/login?return_to=');
    // Signing out of what has ended is no error; ending is what needs a session.
    const answer = await browser.open(`${app}/auth/logout`, {
      method: 'POST',
      form: { everywhere: 'true' },
      from: list.url,
    });
    expect(answer.status).toBe(200);
    const ending = await browser.open(`${app}/auth/sessions/end`, {
      method: 'POST',
      form: { others: 'true' },
      from: list.url,
      headers: { Referer: list.url.href },
    });
    // A redirect would be stopped by form-action on its way to the provider.
    expect(ending.status).toBe(200);
    // The page of the form, as browsers name it.
    const wanted = encodeURIComponent('/auth/sessions');
    expect(ending.text).toContain(`content="0; url=${app}/auth/login?return_to=${wanted}"`);
  });
});

describe('ending a session of one’s own', () => {
  it('refuses another user’s session as it does an unknown one, and ends nothing', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const stranger = await signIn(app, accounts(stack).administrator);
    const strange = await end(browser, { session: await keyOf(stranger.browser) });
    const unknown = await end(browser, { session: 'A'.repeat(43) });
    expect(strange.status).toBe(404);
    const told = ({ body }: { body: unknown }) =>
      ({ ...Object(body), correlation_id: '' }) as object;
    expect(told(strange)).toEqual(told(unknown));
    expect(told(strange)).toMatchObject({ code: 'ERR_SESSION_GONE' });
    expect(await statusOf(stranger.browser)).toBe(200);
  });

  it('tells of one that has ended already, with a way back', async () => {
    const { browser, page } = await signInAlone();
    const other = await signIn(app, accounts(stack).plainUser);
    const session = await keyOf(other.browser);
    expect((await end(browser, { session })).body).toEqual({ ended: 1 });
    expect((await end(browser, { session })).status).toBe(404);
    const said = await browser.open(`${app}/auth/sessions/end`, {
      method: 'POST',
      form: { session },
      from: page.url,
    });
    expect(said.status).toBe(404);
    expect(words(said.text)).toContain('This session is not there any more');
    const list = await browser.click(said, 'Back to the list');
    expect(list.url.href).toBe(`${app}/auth/sessions`);
  });

  it.each<[string, Record<string, string>]>([
    ['nothing named', {}],
    ['both named', { session: 'A'.repeat(43), others: 'true' }],
    ['a short key', { session: 'A'.repeat(42) }],
    ['a long key', { session: 'A'.repeat(44) }],
    ['another row', { session: `../${'A'.repeat(40)}` }],
    ['a row key', { session: `session:${'A'.repeat(35)}` }],
    ['an empty key', { session: '' }],
    ['others as something else', { others: 'yes' }],
    ['others refused', { others: 'false' }],
  ])('refuses %s', async (_name, fields) => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status, body } = await end(browser, fields);
    expect([status, body]).toMatchObject([400, { code: 'ERR_BAD_REQUEST' }]);
    expect(await statusOf(browser)).toBe(200);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['from another site', { 'Sec-Fetch-Site': 'cross-site' }, 403, 'ERR_CROSS_SITE'],
    ['from a sibling site', { 'Sec-Fetch-Site': 'same-site' }, 403, 'ERR_CROSS_SITE'],
    ['typed or from nowhere', { 'Sec-Fetch-Site': 'none' }, 403, 'ERR_CROSS_SITE'],
    ['as text/plain', { 'Content-Type': 'text/plain', 'X-CSRF': '1' }, 415, 'ERR_MEDIA_TYPE'],
    [
      'as multipart',
      { 'Content-Type': 'multipart/form-data; boundary=a', 'X-CSRF': '1' },
      415,
      'ERR_MEDIA_TYPE',
    ],
    ['as JSON without X-CSRF', { 'Content-Type': 'application/json' }, 403, 'ERR_CSRF_HEADER'],
  ])('refuses a request %s, signed in or not', async (_name, headers, expected, code) => {
    const { browser } = await signInAlone();
    const other = await signIn(app, accounts(stack).plainUser);
    for (const who of [browser, undefined]) {
      const { status, body } = await end(who, { others: 'true' }, headers);
      expect([status, body]).toMatchObject([expected, { code }]);
    }
    expect(await statusOf(other.browser)).toBe(200);
  });

  it('refuses a body of any other type', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const headers = { 'Content-Type': 'application/xml', 'X-CSRF': '1' };
    const { status, body } = await end(browser, { others: 'true' }, headers);
    expect([status, body]).toMatchObject([415, { code: 'ERR_MEDIA_TYPE' }]);
  });

  it('takes JSON with X-CSRF', async () => {
    const { browser } = await signInAlone();
    await signIn(app, accounts(stack).plainUser);
    const { body } = await fetchJson(`${app}/auth/sessions/end`, browser, {
      method: 'POST',
      headers: {
        'Sec-Fetch-Site': 'same-origin',
        'Content-Type': 'application/json',
        'X-CSRF': '1',
      },
      body: JSON.stringify({ others: true }),
    });
    expect(body).toEqual({ ended: 1 });
  });

  it.each(['PUT /auth/sessions/end', 'POST /auth/sessions', 'DELETE /auth/sessions'])(
    '%s, a wrong method, is the host’s 404',
    async (request) => {
      const [method = '', path = ''] = request.split(' ');
      const { browser } = await signIn(app, accounts(stack).plainUser);
      expect((await fetchJson(app + path, browser, { method })).status).toBe(404);
    },
  );

  it('needs a session', async () => {
    const { status, body } = await end(undefined, { others: 'true' });
    expect([status, body]).toMatchObject([401, { code: 'ERR_SIGNED_OUT' }]);
  });
});
