import { setTimeout as delay } from 'node:timers/promises';
import type { AppFacts } from '../../local/stack/stack-process';
import {
  accounts,
  control,
  eventsIn,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
/** Asks the provider again a second after the last ID token. */
let app: AppFacts;

beforeAll(async () => {
  stack = await startJourney();
  app = await stack.startApp({ env: { SESSION_REVALIDATE_SECONDS: '1' } });
});
afterAll(() => stack.stop());
afterEach(() => resetControl(stack.facts.entraUrl));

/** What the provider says to token requests from now on, with the claims that Conditional Access adds. */
const refuseTokens = (tokenError: unknown) =>
  control(stack.facts.entraUrl, { tokenError, policyClaims: true });

/** Somebody whose last ID token is old enough: the next guarded request asks the provider. */
async function signInLongAgo(url: string) {
  const signedIn = await signIn(url, accounts(stack).plainUser);
  // Whole seconds count, so one has passed for sure.
  await delay(2_000);
  return signedIn;
}

describe('a refusal while somebody is signed in', () => {
  it.each<[string, unknown, number, string]>([
    ['an expired secret', 7000222, 502, 'AADSTS7000222'],
    ['a wrong secret', 7000215, 502, 'AADSTS7000215'],
    ['a disabled app', { code: 7000112, error: 'unauthorized_client' }, 502, 'AADSTS7000112'],
    [
      'a request that cannot be read',
      { code: 9002313, error: 'invalid_grant' },
      502,
      'AADSTS9002313',
    ],
    [
      'sign-in frequency',
      { code: 70043, error: 'invalid_grant', suberror: 'token_expired' },
      401,
      'AADSTS70043',
    ],
    ['a second factor', 50076, 401, 'AADSTS50076'],
    [
      'an unknown number about the app',
      { code: 99999, error: 'invalid_client' },
      502,
      'AADSTS99999',
    ],
  ])(
    'of %s is told truly, logged with its number, and signs nobody out',
    async (_what, order, status, number) => {
      const { browser } = await signInLongAgo(app.url);
      await refuseTokens(order);
      const refused = await fetchJson(`${app.url}/auth/session`, browser);
      expect([refused.status, textOf(refused.body, 'number')]).toEqual([status, number]);
      expect(textOf(refused.body, 'code')).toBe(
        status === 502 ? 'ERR_PROVIDER_REFUSED' : 'ERR_STEP_UP',
      );
      expect(textOf(refused.body, 'provider_correlation_id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(eventsIn(await stack.output(app))).toContainEqual(
        expect.objectContaining({
          event: status === 502 ? 'refresh refused' : 'step-up',
          by: expect.stringMatching(/^[\w-]{8}$/) as string,
          where: 'refresh',
          number,
        }),
      );
      await resetControl(stack.facts.entraUrl);
      expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(200);
    },
  );

  it('of the app is named by /health, and so is a wrong clock', async () => {
    const fresh = await stack.startApp({ env: { SESSION_REVALIDATE_SECONDS: '1' } });
    const { browser } = await signInLongAgo(fresh.url);
    await refuseTokens(7000222);
    await control(stack.facts.entraUrl, { dateAheadSeconds: 600 });
    await fetchJson(`${fresh.url}/auth/session`, browser);
    const health = await fetchJson(`${fresh.url}/health`);
    expect([health.status, health.body]).toEqual([
      503,
      { status: 'failing', failing: ['clock', 'credential'] },
    ]);
    const failing = eventsIn(await stack.output(fresh)).filter(
      ({ event }) => event === 'health failing',
    );
    expect(failing).toContainEqual(
      expect.objectContaining({ what: 'credential', code: 'ERR_PROVIDER_REFUSED' }),
    );
    const note = expect.stringContaining("seconds behind the provider's") as string;
    expect(failing).toContainEqual(expect.objectContaining({ what: 'clock', note }));
    await stack.stopApp(fresh);
  });

  it('of the app is shown to a person as what it is', async () => {
    const { browser, page } = await signInLongAgo(app.url);
    await refuseTokens(7000222);
    const refused = await browser.open(`${app.url}/auth/me`, { from: page.url });
    expect(refused.status).toBe(502);
    const said = words(refused.text);
    expect(said).toContain('The sign-in service does not accept this app');
    expect(said).toContain('The secret of the app has expired.');
    expect(said).toContain('AADSTS7000222');
    expect(said).not.toMatch(/did not answer|out of reach|too long/);
  });

  it('of the session itself ends it, and leaves a line for the audit', async () => {
    const { browser } = await signInLongAgo(app.url);
    await refuseTokens(50173);
    const refused = await fetchJson(`${app.url}/auth/session`, browser);
    expect([refused.status, textOf(refused.body, 'code')]).toEqual([401, 'ERR_SIGNED_OUT']);
    expect(eventsIn(await stack.output(app))).toContainEqual(
      expect.objectContaining({ event: 'session ended', why: 'end refused session' }),
    );
    await resetControl(stack.facts.entraUrl);
    expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(401);
  });

  it('that passes lets the session go on, and is logged all the same', async () => {
    const { browser } = await signInLongAgo(app.url);
    await control(stack.facts.entraUrl, { tokenOutage: 'error' });
    expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(200);
    expect(await stack.output(app)).toContain('ERR_PROVIDER_UNAVAILABLE');
  });
});

describe('a refusal when the code is redeemed', () => {
  it.each<[unknown, number, string, string]>([
    [7000222, 502, 'AADSTS7000222', 'The secret of the app has expired.'],
    [7000215, 502, 'AADSTS7000215', 'The secret of the app is wrong.'],
    [{ code: 9002327, error: 'invalid_request' }, 502, 'AADSTS9002327', 'single-page application'],
    [{ code: 700025, error: 'invalid_client' }, 502, 'AADSTS700025', 'public client'],
    [
      { code: 700024, error: 'invalid_client' },
      502,
      'AADSTS700024',
      'has expired, or is not valid yet',
    ],
    [
      { code: 530035, error: 'invalid_grant', suberror: 'message_only' },
      403,
      'AADSTS530035',
      'A policy of your organisation blocks',
    ],
    [
      { code: 99999, error: 'invalid_grant', claims: '' },
      403,
      'AADSTS99999',
      'for a reason that this app does not know',
    ],
    [
      { code: 500133, codes: [70002, 500133], error: 'invalid_grant' },
      502,
      'AADSTS500133',
      'has expired, or is not valid yet',
    ],
    [{ code: 'AADB2C90129', error: 'invalid_grant' }, 403, 'AADB2C90129', 'has ended your sign-in'],
  ])(
    '%j: %i, with number, correlation id and who must act',
    async (order, status, number, meaning) => {
      await refuseTokens(order);
      const { browser, page } = await signIn(app.url, accounts(stack).plainUser);
      expect(page.status).toBe(status);
      const said = words(page.text);
      for (const text of [number, meaning]) expect(said).toContain(text);
      expect(said).toMatch(/must act:|You can do this yourself:/);
      expect(said).toMatch(/Correlation [0-9a-f]{8}-/);
      expect(said).not.toMatch(/too long|did not answer|does not work any more/);
      expect(page.trail.filter((href) => href.includes('/authorize?'))).toHaveLength(1);
      expect(browser.cookies(app.url).has('anteroom')).toBe(false);
      expect(eventsIn(await stack.output(app))).toContainEqual(
        expect.objectContaining({ event: 'sign-in refused', where: 'redemption', number }),
      );
    },
  );
});

describe('a refusal of the sign-in page', () => {
  it.each<[unknown, string, string]>([
    [{ code: 50105, error: 'access_denied' }, 'AADSTS50105', 'is not assigned to this app'],
    [{ code: 'AADB2C90118', error: 'access_denied' }, 'AADB2C90118', 'self-service password reset'],
    [{ code: 'AADB2C90091', error: 'access_denied' }, 'AADB2C90091', 'You cancelled the sign-in.'],
    [{ code: 99999, error: 'invalid_scope' }, 'AADSTS99999', 'GRAPH_SCOPES'],
  ])('%j is shown by its number, with what it means', async (signInError, number, meaning) => {
    await control(stack.facts.entraUrl, { signInError });
    const page = await new TestBrowser().open(`${app.url}/auth/login`);
    expect(page.status).toBe(403);
    expect(words(page.text)).toContain(number);
    expect(words(page.text)).toContain(meaning);
  });
});
