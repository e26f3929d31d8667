import { accounts, fetchJson, signIn, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import type { TestBrowser } from '../support/test-browser';

let stack: TestStack;
let app: string;

beforeAll(async () => {
  stack = await startJourney();
  app = stack.apps[0]?.url ?? '';
});
afterAll(() => stack.stop());

const statusOf = async (browser: TestBrowser) =>
  (await fetchJson(`${app}/auth/session`, browser)).status;
const frame = (query: string, init: RequestInit = {}) =>
  fetch(`${app}/auth/front-channel-logout${query}`, init);

/** Signs out at the provider alone and gives the `sid` it would tell the app in a frame, which this browser does not load. */
async function sidOf(browser: TestBrowser): Promise<string> {
  const page = await browser.open(new URL('../oauth2/v2.0/logout', `${stack.facts.authority}/`));
  const source = /<iframe[^>]*src="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const url = new URL(source.replaceAll('&amp;', '&'));
  expect(url.origin + url.pathname).toBe(`${app}/auth/front-channel-logout`);
  const sid = url.searchParams.get('sid') ?? '';
  expect(sid).not.toBe('');
  return sid;
}

/** All that an answer tells. */
async function tellingsOf(answer: Response): Promise<unknown> {
  const headers = [...answer.headers].filter(([name]) => name !== 'date');
  return [answer.status, headers, await answer.text()];
}

describe('front-channel logout', () => {
  it('ends the sessions with that sid without any cookie, and no other', async () => {
    const here = await signIn(app, accounts(stack).plainUser);
    const elsewhere = await signIn(app, accounts(stack).plainUser);
    const stranger = await signIn(app, accounts(stack).administrator);
    const answer = await frame(`?sid=${await sidOf(here.browser)}`);
    expect(answer.status).toBe(200);
    expect(await statusOf(here.browser)).toBe(401);
    expect(await statusOf(elsewhere.browser)).toBe(200);
    expect(await statusOf(stranger.browser)).toBe(200);
    const [facts] = stack.apps;
    const log = facts === undefined ? '' : await stack.output(facts);
    const [line = ''] = /audit \{"event":"sign-out at the provider".*/.exec(log) ?? [];
    expect(line).toMatch(/"by":"([\w-]{8})","of":"\1".*"outcome":"done","count":1\}/);
  });

  it('takes the exact issuer', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const sid = await sidOf(browser);
    await frame(`?sid=${sid}&iss=${encodeURIComponent(stack.facts.authority)}`);
    expect(await statusOf(browser)).toBe(401);
  });

  it.each<[string, (sid: string, issuer: string) => string]>([
    ['another issuer', (sid) => `?sid=${sid}&iss=https%3A%2F%2Fevil.example`],
    [
      'the issuer with a slash more',
      (sid, iss) => `?sid=${sid}&iss=${encodeURIComponent(`${iss}/`)}`,
    ],
    ['an empty issuer', (sid) => `?sid=${sid}&iss=`],
    ['two issuers', (sid, iss) => `?sid=${sid}&iss=${encodeURIComponent(iss)}&iss=x`],
    ['two sids', (sid) => `?sid=${sid}&sid=other`],
    ['another case', (sid) => `?sid=${sid.toUpperCase()}x`],
  ])('ends nothing with %s', async (_name, queryOf) => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const query = queryOf(await sidOf(browser), stack.facts.authority);
    expect((await frame(query)).status).toBe(200);
    expect(await statusOf(browser)).toBe(200);
  });

  it('answers the same, and never sooner, whatever it was asked: nobody learns which sids exist', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const sid = await sidOf(browser);
    const queries = [
      `?sid=${sid}`,
      `?sid=${sid}`,
      '?sid=00000000-0000-0000-0000-000000000000',
      `?sid=${'a'.repeat(128)}`,
      `?sid=${'a'.repeat(129)}`,
      '?sid=a%27b',
      '?sid=..%2F..',
      '?sid=%00',
      '?sid=',
      '',
      '?sid=a&iss=https%3A%2F%2Fevil.example',
    ];
    const answers: unknown[] = [];
    for (const query of queries) {
      const began = performance.now();
      answers.push(await tellingsOf(await frame(query)));
      expect(performance.now() - began).toBeGreaterThan(240);
    }
    expect(answers).toEqual(queries.map(() => answers[0]));
  });

  it('may be framed by the provider’s origin only, is not stored, sets no cookie', async () => {
    const { headers } = await frame('?sid=a');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`frame-ancestors ${stack.facts.entraUrl}`);
    expect(policy).not.toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(headers.get('x-frame-options')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.getSetCookie()).toEqual([]);
  });

  it('looks at no cookie: neither does one end by it, nor is one cleared', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const cookie = browser.jar.getCookieStringSync(app);
    const answer = await frame('?sid=unknown', { headers: { Cookie: cookie } });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await statusOf(browser)).toBe(200);
  });

  it('answers 200 with storage out of reach too, and the log tells', async () => {
    const blind = await stack.startApp({ env: { TABLES_NAME: 'nosuchtable' } });
    const answer = await fetch(`${blind.url}/auth/front-channel-logout?sid=a`);
    expect(answer.status).toBe(200);
    expect(await stack.output(blind)).toContain(
      "the provider's sign-out was not followed: ERR_STORAGE_UNAVAILABLE",
    );
    await stack.stopApp(blind);
  });

  it('is the host’s 404 by POST', async () => {
    expect((await frame('?sid=a', { method: 'POST' })).status).toBe(404);
  });
});
