import { setTimeout as delay } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import {
  accounts,
  control,
  cookieName,
  eventsIn,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type Page, type TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

interface Listed {
  readonly session: string;
  readonly user: string;
  readonly name: string;
}

const form = {
  'Sec-Fetch-Site': 'same-origin',
  'Content-Type': 'application/x-www-form-urlencoded',
};
const statusOf = async (browser: TestBrowser) =>
  (await fetchJson(`${app}/auth/session`, browser)).status;

async function listedFor(browser: TestBrowser, query = ''): Promise<readonly Listed[]> {
  const { body } = await fetchJson(`${app}/auth/admin${query}`, browser);
  return (Object(body) as { sessions: readonly Listed[] }).sessions;
}

function end(browser: TestBrowser | undefined, fields: Record<string, string>, headers = {}) {
  return fetchJson(`${app}/auth/admin/end`, browser, {
    method: 'POST',
    headers: { ...form, ...headers },
    body: new URLSearchParams(fields),
  });
}

/** An administrator, and a plain user alone in one or more browsers, as the console names them. */
async function startWith(count: number) {
  const { plainUser, administrator } = accounts(stack);
  const admin = await signIn(app, administrator, '/auth/admin');
  const [known] = (await listedFor(admin.browser)).filter(({ name }) => name === plainUser);
  if (known !== undefined) await end(admin.browser, { user: known.user });
  const visitors = [];
  for (let number = 0; number < count; number += 1) visitors.push(await signIn(app, plainUser));
  const theirs = (await listedFor(admin.browser)).filter(({ name }) => name === plainUser);
  expect(theirs).toHaveLength(count);
  const [one] = theirs;
  if (one === undefined) throw new Error('nobody to end');
  return { admin, visitors, theirs, one };
}

const confirmPath = ({ user, session }: { user: string; session?: string }) =>
  `${app}/auth/admin/end?user=${user}${session === undefined ? '' : `&session=${session}`}`;

describe('the console', () => {
  it('ends one session after a page that shows which, and leaves an audit event', async () => {
    const { admin, visitors, one } = await startWith(2);
    const [running] = stack.apps;
    if (running === undefined) throw new Error('no app');
    const confirm = await admin.browser.open(confirmPath(one), { from: admin.page.url });
    expect(words(confirm.text)).toContain('End this session?');
    expect(words(confirm.text)).toContain(one.name);
    expect(words(confirm.text)).toContain('The person can sign in again');
    for (const { browser } of visitors) expect(await statusOf(browser)).toBe(200);
    const list = await admin.browser.press(confirm, 'End the session');
    expect(list.url.href).toBe(`${app}/auth/admin`);
    expect(words(list.text)).toContain(`1 session of ${one.name} has ended.`);
    expect(list.text).toContain(`<title>1 session of ${one.name} has ended. · Anteroom</title>`);
    const statuses = await Promise.all(visitors.map(({ browser }) => statusOf(browser)));
    expect(statuses.sort()).toEqual([200, 401]);

    const log = await stack.output(running);
    const event = eventsIn(log).find(({ why }) => why === 'end session') ?? {};
    const line = JSON.stringify(event);
    expect(event).toMatchObject({
      event: 'session ended',
      of: one.user.slice(0, 8),
      session: one.session.slice(0, 8),
      outcome: 'done',
      count: 1,
    });
    expect(event['by']).toMatch(/^[\w-]{8}$/);
    expect(event['by']).not.toBe(event['of']);
    expect(Math.abs(Date.parse(String(event['at'])) - Date.now())).toBeLessThan(600_000);
    expect(line).not.toContain(one.session);
    expect(line).not.toContain(one.name);
  });

  it('ends all sessions of a user after a page that shows them', async () => {
    const { admin, visitors, one } = await startWith(3);
    const confirm = await admin.browser.open(confirmPath({ user: one.user }));
    expect(words(confirm.text)).toContain('End all sessions of this person?');
    expect(confirm.text.match(/<dt>/g)).toHaveLength(3);
    const list = await admin.browser.press(confirm, 'End 3 sessions');
    expect(words(list.text)).toContain(`3 sessions of ${one.name} have ended.`);
    for (const { browser } of visitors) expect(await statusOf(browser)).toBe(401);
    expect(await statusOf(admin.browser)).toBe(200);
  });

  it('lets them sign in again: what is ended is the session', async () => {
    const { admin, visitors, one } = await startWith(1);
    await end(admin.browser, { user: one.user });
    const [visitor] = visitors;
    const page = await visitor?.browser.open(`${app}/auth/login`);
    expect(words(page?.text ?? '')).toContain('Signed in as');
  });

  it.each<[string, boolean]>([
    ['this session', true],
    ['all of one’s own', false],
  ])('ending %s works as sign-out', async (_name, named) => {
    const { administrator } = accounts(stack);
    const { browser, page } = await signIn(app, administrator, '/auth/admin');
    const { body } = await fetchJson(`${app}/auth/sessions`, browser);
    const own = (
      Object(body) as { sessions: { session: string; is_current: boolean }[] }
    ).sessions.find(({ is_current: isCurrent }) => isCurrent);
    const me = (await listedFor(browser)).find(({ session }) => session === own?.session);
    const target = { user: me?.user ?? '', ...(named && { session: me?.session ?? '' }) };
    const confirm = await browser.open(confirmPath(target), { from: page.url });
    expect(words(confirm.text)).toContain('you will be signed out');
    const out = await browser.press(confirm, named ? 'End the session' : 'End ');
    expect(out.url.href).toBe(`${app}/auth/signed-out`);
    expect(out.trail.some((url) => url.startsWith(stack.facts.entraUrl))).toBe(true);
    expect(browser.cookies(app).size).toBe(0);
  });

  it('finds people by name or address, and says when it finds nobody', async () => {
    const { admin, one } = await startWith(2);
    const found = await listedFor(
      admin.browser,
      `?search=${encodeURIComponent(one.name.slice(0, 4).toUpperCase())}`,
    );
    expect(found.map(({ name }) => name)).toEqual([one.name, one.name]);
    expect(await listedFor(admin.browser, `?search=${one.user.slice(0, 8)}`)).toHaveLength(2);
    const page: Page = await admin.browser.open(`${app}/auth/admin?search=nobody+at+all`);
    expect(words(page.text)).toMatch(
      /Nobody matches “ ?nobody at all ?”, among \d+ live sessions?\./,
    );
    expect(page.text).toContain('value="nobody at all"');
  });

  it.each([
    'from=rubbish',
    'from=a&from=b',
    'search=a&search=b',
    `search=${'a'.repeat(101)}`,
    'search=a&from=e30',
    'sort=age',
    'page=0',
    `from=${'a'.repeat(2049)}`,
    `from=${Buffer.from('{"nextPartitionKey":"a","$filter":"true"}').toString('base64url')}`,
  ])('refuses %s', async (query) => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    const { status, body } = await fetchJson(`${app}/auth/admin?${query}`, browser);
    expect([status, body]).toMatchObject([400, { code: 'ERR_BAD_REQUEST' }]);
  });
});

describe('a sign-in of more than ten minutes ago', () => {
  /** The provider says that the administrator was asked for the password an hour ago. */
  async function startWithOldSignIn() {
    const { visitors, one } = await startWith(1);
    const authTime = Math.floor(Date.now() / 1000) - 3600;
    const { entraUrl } = stack.facts;
    await control(entraUrl, { idTokenClaims: { auth_time: authTime }, idTokenTimes: 1 });
    const admin = await signIn(app, accounts(stack).administrator, '/auth/admin');
    await resetControl(entraUrl);
    return { admin, visitors, one };
  }

  it('is asked for again before others’ sessions end: the page comes back, and nothing ends by itself', async () => {
    const { admin, visitors, one } = await startWithOldSignIn();
    const confirm = await admin.browser.open(confirmPath(one), { from: admin.page.url });
    expect(confirm.trail.some((url) => url.startsWith(stack.facts.entraUrl))).toBe(true);
    expect(confirm.trail.some((url) => url.includes('max_age=600'))).toBe(true);
    expect(confirm.url.href).toBe(confirmPath(one));
    expect(words(confirm.text)).toContain('End this session?');
    expect(await statusOf(visitors[0]?.browser ?? admin.browser)).toBe(200);
    const list = await admin.browser.press(confirm, 'End the session');
    expect(words(list.text)).toContain(`1 session of ${one.name} has ended.`);
  });

  it('ends nothing by a form, and leads back to the page that asks', async () => {
    const { admin, visitors, one } = await startWithOldSignIn();
    const { status, body } = await end(admin.browser, { user: one.user, session: one.session });
    expect([status, textOf(body, 'code')]).toEqual([401, 'ERR_STEP_UP']);
    const everybody = await end(admin.browser, { everybody: 'true' });
    expect([everybody.status, textOf(everybody.body, 'code')]).toEqual([401, 'ERR_STEP_UP']);
    expect(await statusOf(visitors[0]?.browser ?? admin.browser)).toBe(200);
    const confirm = await admin.browser.open(textOf(body, 'login_url'), { from: new URL(app) });
    expect(confirm.url.href).toBe(confirmPath(one));
    expect(await statusOf(visitors[0]?.browser ?? admin.browser)).toBe(200);
  });

  it('does for one’s own sessions', async () => {
    const { admin } = await startWithOldSignIn();
    const [me] = await listedFor(admin.browser, `?search=${accounts(stack).administrator}`);
    const confirm = await admin.browser.open(confirmPath({ user: me?.user ?? '' }), {
      from: new URL(app),
    });
    expect(confirm.trail.some((url) => url.startsWith(stack.facts.entraUrl))).toBe(false);
    expect(words(confirm.text)).toContain('you will be signed out');
  });
});

/** The key that signed the session cookie of a browser. */
const keyOf = (browser: TestBrowser): unknown =>
  decodeProtectedHeader(browser.cookies(app).get(cookieName(app)) ?? '').kid;

describe('ending everybody', () => {
  it('ends all sessions in every instance, and makes new keys', async () => {
    const { admin, visitors } = await startWith(2);
    const other = await stack.startApp({ env: { APP_BASE_URL: app } });
    const [running] = stack.apps;
    if (running === undefined) throw new Error('no app');
    /** Through the other instance, which has the keys in memory. */
    const elsewhere = (browser: TestBrowser) =>
      fetchJson(`${other.url}/auth/session`, undefined, {
        headers: { Cookie: browser.jar.getCookieStringSync(app) },
      });
    for (const { browser } of visitors) expect((await elsewhere(browser)).status).toBe(200);
    const before = keyOf(admin.browser);

    const confirm = await admin.browser.click(admin.page, 'End everybody’s sessions');
    expect(words(confirm.text)).toContain('The keys of the app are deleted');
    const ended = await admin.browser.press(confirm, 'Sign everybody out');
    expect(words(ended.text)).toMatch(
      /Everybody is signed out.* \d+ sessions have ended, yours too/,
    );
    expect(ended.text).not.toContain('There was no time');
    expect(admin.browser.cookies(app).size).toBe(0);
    for (const { browser } of visitors) {
      expect(await statusOf(browser)).toBe(401);
      expect((await elsewhere(browser)).status).toBe(401);
    }
    const log = await stack.output(running);
    expect(eventsIn(log)).toContainEqual(
      expect.objectContaining({ why: 'end everybody', of: 'everybody', outcome: 'done' }),
    );

    // The new key works everywhere.
    const again = await admin.browser.click(ended, 'Sign in again');
    expect(again.url.href).toBe(`${app}/auth/admin`);
    expect(keyOf(admin.browser)).not.toBe(before);
    expect((await elsewhere(admin.browser)).status).toBe(200);
    await stack.stopApp(other);
  });

  it.each([
    ['beside a user', { everybody: 'true', user: 'B'.repeat(43) }],
    ['with another word', { everybody: 'yes' }],
    ['with false', { everybody: 'false' }],
  ])('refuses everybody %s, and ends nothing', async (_name, fields) => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    const { status, body } = await end(browser, fields);
    expect([status, textOf(body, 'code')]).toEqual([400, 'ERR_BAD_REQUEST']);
    expect(await statusOf(browser)).toBe(200);
  });

  it('is for holders of the role', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status, body } = await end(browser, { everybody: 'true' });
    expect([status, textOf(body, 'code')]).toEqual([403, 'ERR_ROLE_MISSING']);
  });
});

describe('the activity', () => {
  /** Events are written after the answers, so a test asks until they are there. */
  async function eventsFor(browser: TestBrowser, query: string, wanted: (text: string) => boolean) {
    for (;;) {
      const { status, body } = await fetchJson(`${app}/auth/admin/activity${query}`, browser);
      expect(status).toBe(200);
      const { events } = Object(body) as { events: readonly Readonly<Record<string, unknown>>[] };
      if (wanted(JSON.stringify(events))) return events;
      await delay(100);
    }
  }

  it('shows who signed in, and who ended whose session, by person and by kind', async () => {
    const { admin, one } = await startWith(1);
    await end(admin.browser, { user: one.user, session: one.session });
    const session = one.session.slice(0, 8);
    const has = (why: string) => (text: string) => text.includes(session) && text.includes(why);
    const about = `?person=${one.user.slice(0, 8)}`;
    const [ended, begun] = await eventsFor(admin.browser, about, has('end session'));
    expect(ended).toMatchObject({
      ...{ event: 'session ended', why: 'end session', session, count: 1 },
      name: accounts(stack).administrator,
      of: one.user.slice(0, 8),
    });
    expect(begun).toMatchObject({ event: 'sign-in', name: one.name, session });
    const byName = `?person=${encodeURIComponent(one.name)}&kind=sign-in`;
    const signIns = await eventsFor(admin.browser, byName, has('sign-in'));
    expect(new Set(signIns.map(({ event, name }) => `${String(event)} ${String(name)}`))).toEqual(
      new Set([`sign-in ${one.name}`]),
    );
  });

  it('has a page, which the console leads to, with a link to the events of each person', async () => {
    const { browser, page } = await signIn(app, accounts(stack).administrator, '/auth/admin');
    await eventsFor(browser, '', (text) => text.includes('console viewed'));
    const list = await browser.click(page, 'What happened lately');
    expect([list.status, list.url.pathname]).toEqual([200, '/auth/admin/activity']);
    expect(words(list.text)).toMatch(/\d+ events?, the newest first\./);
    const theirs = await browser.click(list, accounts(stack).administrator);
    expect(theirs.url.search).toMatch(/^\?person=[\w-]{8}$/);
    expect(words(theirs.text)).toMatch(/\d+ events? found, among \d+\./);
    const back = await browser.click(theirs, 'Who is signed in');
    expect(back.url.pathname).toBe('/auth/admin');
  });

  it('can be downloaded as lines of JSON', async () => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    await eventsFor(browser, '', (text) => text.includes('console viewed'));
    const { headers, body } = await fetchJson(`${app}/auth/admin/activity?format=jsonl`, browser, {
      headers: { Accept: '*/*' },
    });
    expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="activity-latest.jsonl"');
    const lines = String(body).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toContain('sign-in');
    // The last line may count events whose key was deleted.
    const times = events.flatMap(({ at }) => at ?? []).map(String);
    expect(times).toEqual([...times].sort().reverse());
  });

  it.each(['?kind=secrets', '?day=today', '?from=a', '?format=xml', '?kind=fault&kind=fault'])(
    'refuses %s',
    async (query) => {
      const { browser } = await signIn(app, accounts(stack).administrator);
      const { status, body } = await fetchJson(`${app}/auth/admin/activity${query}`, browser);
      expect([status, textOf(body, 'code')]).toEqual([400, 'ERR_BAD_REQUEST']);
    },
  );

  it('is for holders of the role', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const { status, body } = await fetchJson(`${app}/auth/admin/activity`, browser);
    expect([status, textOf(body, 'code')]).toEqual([403, 'ERR_ROLE_MISSING']);
  });
});

describe('ending sessions from the console', () => {
  it('is for holders of the role: others get 403 by GET and POST, and end nothing', async () => {
    const { visitors, admin, one } = await startWith(1);
    const [visitor] = visitors;
    const adminStatus = () => statusOf(admin.browser);
    const [me] = (await listedFor(admin.browser)).filter(({ name }) => name !== one.name);
    const byGet = await fetchJson(confirmPath(one), visitor?.browser);
    const byPost = await end(visitor?.browser, { user: me?.user ?? '' });
    for (const { status, body } of [byGet, byPost]) {
      expect([status, body]).toMatchObject([403, { code: 'ERR_ROLE_MISSING' }]);
    }
    expect(await adminStatus()).toBe(200);
    expect(JSON.stringify(byGet.body)).not.toContain(one.session);
  });

  it.each<[string, (one: Listed) => Record<string, string>, number, string]>([
    [
      'a session under another user',
      (one) => ({ user: 'B'.repeat(43), session: one.session }),
      404,
      'ERR_SESSION_GONE',
    ],
    [
      'a forged session',
      (one) => ({ user: one.user, session: 'A'.repeat(43) }),
      404,
      'ERR_SESSION_GONE',
    ],
    ['a forged user', () => ({ user: 'B'.repeat(43) }), 404, 'ERR_SESSION_GONE'],
    ['no user', (one) => ({ session: one.session }), 400, 'ERR_BAD_REQUEST'],
    ['another partition', () => ({ user: 'key-ring' }), 400, 'ERR_BAD_REQUEST'],
    ['an index partition', () => ({ user: `sid:${'A'.repeat(43)}` }), 400, 'ERR_BAD_REQUEST'],
    ['an empty session', (one) => ({ user: one.user, session: '' }), 400, 'ERR_BAD_REQUEST'],
    [
      'a session with a quote',
      (one) => ({ user: one.user, session: `'${'A'.repeat(42)}` }),
      400,
      'ERR_BAD_REQUEST',
    ],
  ])('refuses %s, and ends nothing', async (_name, fieldsOf, expected, code) => {
    const { admin, visitors, one } = await startWith(1);
    const { status, body } = await end(admin.browser, fieldsOf(one));
    expect([status, body]).toMatchObject([expected, { code }]);
    expect(await statusOf(visitors[0]?.browser ?? admin.browser)).toBe(200);
  });

  it('tells of a session that has ended already, when asking and when ending', async () => {
    const { admin, one } = await startWith(1);
    expect((await end(admin.browser, { user: one.user, session: one.session })).status).toBe(200);
    const page = await admin.browser.open(confirmPath(one));
    expect(page.status).toBe(404);
    const list = await admin.browser.click(page, 'Back to the list');
    expect(list.url.href).toBe(`${app}/auth/admin`);
    const again = await end(admin.browser, { user: one.user, session: one.session });
    expect([again.status, again.body]).toMatchObject([404, { code: 'ERR_SESSION_GONE' }]);
    expect((await end(admin.browser, { user: one.user })).status).toBe(404);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['from another site', { 'Sec-Fetch-Site': 'cross-site' }, 403, 'ERR_CROSS_SITE'],
    ['as text/plain', { 'Content-Type': 'text/plain', 'X-CSRF': '1' }, 415, 'ERR_MEDIA_TYPE'],
    ['as JSON without X-CSRF', { 'Content-Type': 'application/json' }, 403, 'ERR_CSRF_HEADER'],
  ])('refuses a request %s', async (_name, headers, expected, code) => {
    const { admin, visitors, one } = await startWith(1);
    const { status, body } = await end(admin.browser, { user: one.user }, headers);
    expect([status, body]).toMatchObject([expected, { code }]);
    expect(await statusOf(visitors[0]?.browser ?? admin.browser)).toBe(200);
  });

  it.each(['PUT', 'DELETE'])('by %s, a wrong method, is the host’s 404', async (method) => {
    const { browser } = await signIn(app, accounts(stack).administrator);
    expect((await fetchJson(`${app}/auth/admin/end`, browser, { method })).status).toBe(404);
  });
});
