import { decodeJwt } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import { act, client, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  type PlainBrowser,
  redemption,
  signIn,
  textOf,
} from './entra-client';

const [admin, plain] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string, string];
const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns();
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

/** The answer of the confirmation page to `url`, by which a signed-in browser is asked. */
async function confirm(browser: PlainBrowser, url: string, answer: string): Promise<Response> {
  const page = locationOf(await browser.get(url));
  expect(await (await browser.get(page)).text()).toContain('Confirm that it is you');
  return browser.get(locationOf(await browser.post(page, { confirm: answer })));
}

describe('claims with acrs', () => {
  it.each([
    ['access_token, one value', claims],
    ['access_token, a list', '{"access_token":{"acrs":{"essential":true,"values":["c1"]}}}'],
    ['id_token', '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'],
  ])('in %s ask to confirm, and the tokens that were meant say it', async (_, asked) => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const attempt = createAttempt(origin, { claims: asked });
    const answer = answerOf(await confirm(browser, attempt.url, 'yes'));
    const { body } = await askForTokens(origin, redemption(answer, attempt));
    expect(decodeJwt(textOf(body, 'access_token'))['acrs']).toEqual(['c1']);
    const isForIdToken = asked.includes('id_token');
    const inIdToken = decodeJwt(textOf(body, 'id_token'))['acrs'];
    expect(inIdToken).toEqual(isForIdToken ? ['c1'] : undefined);
    const again = await askForTokens(origin, {
      ...{ grant_type: 'refresh_token', refresh_token: textOf(body, 'refresh_token') },
    });
    expect(decodeJwt(textOf(again.body, 'id_token'))).not.toHaveProperty('acrs');
  });

  it('stay in ID tokens, also after a refresh, where the app has registered the claim', async () => {
    const other = await startStandIns({ client: { ...client, optionalClaims: ['acrs'] } });
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(other.entra.url).url, plain);
    const attempt = createAttempt(other.entra.url, { claims });
    const answer = answerOf(await confirm(browser, attempt.url, 'yes'));
    const { body } = await askForTokens(other.entra.url, redemption(answer, attempt));
    const again = await askForTokens(other.entra.url, {
      ...{ grant_type: 'refresh_token', refresh_token: textOf(body, 'refresh_token') },
    });
    await other.stop();
    expect(decodeJwt(textOf(again.body, 'id_token'))['acrs']).toEqual(['c1']);
  });

  it('can ask for auth_time, which is the time of the last sign-in', async () => {
    const asked = '{"id_token":{"auth_time":{"essential":true}}}';
    const attempt = createAttempt(origin, { claims: asked });
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
    const { body } = await askForTokens(origin, redemption(answer, attempt));
    const { auth_time: at } = decodeJwt(textOf(body, 'id_token'));
    expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('ask once a session: who has confirmed is not asked again', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    await confirm(browser, createAttempt(origin, { claims }).url, 'yes');
    const again = await browser.get(createAttempt(origin, { claims }).url);
    expect(answerOf(again).get('code')).not.toBeNull();
    const other = createAttempt(origin, { claims: claims.replace('c1', 'c2') });
    expect(locationOf(await browser.get(other.url)).pathname).toContain('/sign-in/');
  });

  it('declined are an error of the sign-in', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const answer = answerOf(await confirm(browser, createAttempt(origin, { claims }).url, 'no'));
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('error_description')).toMatch(/^AADSTS500121: /);
    expect(answer.get('code')).toBeNull();
  });

  it('with prompt=none are interaction_required', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const silent = await browser.get(createAttempt(origin, { claims, prompt: 'none' }).url);
    expect(answerOf(silent).get('error')).toBe('interaction_required');
    expect(answerOf(silent).get('error_description')).toMatch(/^AADSTS50076: /);
  });

  it.each(['{', '[]', '{"access_token":{"acrs":{"value":"not a context"}}}', '{"access_token":1}'])(
    'that make no sense ask for nothing: %s',
    async (asked) => {
      const url = createAttempt(origin, { claims: asked }).url;
      const answer = answerOf(await pick(createPlainBrowser(), url, plain));
      expect(answer.get('code')).not.toBeNull();
    },
  );

  it('are not in tokens where nobody asked', async () => {
    const tokens = await signIn(origin, plain);
    expect(decodeJwt(textOf(tokens, 'access_token'))).not.toHaveProperty('acrs');
    expect(decodeJwt(textOf(tokens, 'id_token'))).not.toHaveProperty('acrs');
  });
});

describe('accessPolicies', () => {
  const refresh = (token: string, changes: Record<string, string> = {}) =>
    askForTokens(origin, { grant_type: 'refresh_token', refresh_token: token, ...changes });

  it.each<[string, object]>([
    ['everybody', { acrs: 'c1' }],
    ['the user by name', { user: 'Tomas@anteroom.example', acrs: 'c1' }],
    ['the user by id', { user: plain, acrs: 'c1' }],
    ['the scope', { scope: 'User.Read', acrs: 'c1' }],
  ])('for %s refuse a refresh, with the claims to ask for', async (_, policy) => {
    const token = textOf(await signIn(origin, plain), 'refresh_token');
    expect((await refresh(token)).status).toBe(200);
    await control(origin, { accessPolicies: [policy] });
    const { status, body } = await refresh(token);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: 'invalid_grant',
      suberror: 'basic_action',
      error_codes: [50076],
      claims,
    });
  });

  it.each<[string, object]>([
    ['another user', { user: admin, acrs: 'c1' }],
    ['another scope', { scope: 'Mail.Read', acrs: 'c1' }],
  ])('for %s change nothing', async (_, policy) => {
    const token = textOf(await signIn(origin, plain), 'refresh_token');
    await control(origin, { accessPolicies: [policy] });
    expect((await refresh(token)).status).toBe(200);
  });

  it('are asked about at sign-in, and then refreshes go through', async () => {
    await control(origin, { accessPolicies: [{ acrs: 'c1' }] });
    const browser = createPlainBrowser();
    const attempt = createAttempt(origin);
    const page = locationOf(await pick(browser, attempt.url, plain));
    const confirmed = await browser.post(page, { confirm: 'yes' });
    const answer = answerOf(await browser.get(locationOf(confirmed)));
    const { body } = await askForTokens(origin, redemption(answer, attempt));
    const again = await refresh(textOf(body, 'refresh_token'));
    expect(decodeJwt(textOf(again.body, 'access_token'))['acrs']).toEqual(['c1']);
    expect((await refresh(textOf(again.body, 'refresh_token'), { claims })).status).toBe(200);
  });

  it('are not needed for a refresh that itself asks for a context', async () => {
    const token = textOf(await signIn(origin, plain), 'refresh_token');
    expect((await refresh(token, { claims })).body).toMatchObject({ error_codes: [50076], claims });
  });

  it.each<[string, unknown]>([
    ['no list', { acrs: 'c1' }],
    ['a context that is none', [{ acrs: 'x1' }]],
    ['no context', [{ user: plain }]],
    ['a name nobody knows', [{ acrs: 'c1', place: 'Berlin' }]],
  ])('are refused with %s', async (_, accessPolicies) => {
    expect((await control(origin, { accessPolicies })).status).toBe(400);
  });
});
