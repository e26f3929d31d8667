import { type AppTokens, createAppTokens } from '../../src/entra/app-tokens';
import type { RelyingParty } from '../../src/entra/msal';
import { createRelyingParty, failureOf, longEnough, printed } from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start } from '../support/session-fixture';
import { startTinyProvider, type TinyAnswer, type TinyProvider } from '../support/tiny-provider';

let tiny: TinyProvider;
let parts: RelyingParty;
let tokens: AppTokens;
let now: number;

/** MSAL looks at the system's clock. */
function setClock(time: number): void {
  now = time;
  stopClockAt(time);
}

beforeAll(async () => {
  tiny = await startTinyProvider();
});
afterAll(() => tiny.stop());
beforeEach(() => {
  setClock(start);
  parts = createRelyingParty(tiny, () => now);
  tokens = createAppTokens(parts, () => now);
  tiny.forms.length = 0;
  let issued = 0;
  tiny.token = () => {
    issued += 1;
    const access_token = `token ${issued}`;
    return { body: { token_type: 'Bearer', expires_in: 3600, access_token } };
  };
});

const scope = 'api://orders/.default';
const ofApp = (claims?: string) => tokens.ofApp({ scope, claims }, longEnough());
const onBehalf = (assertion = 'assertion of ada') =>
  tokens.onBehalfOf({ assertion, tenantId: undefined }, ['api://orders/Orders.Read'], longEnough());

const refusal = (error: string, number: number, more: object = {}): TinyAnswer => ({
  status: 400,
  body: {
    error,
    error_description: `AADSTS${number}: of ada@contoso.example`,
    error_codes: [number],
    ...more,
  },
});

describe('the app’s own token', () => {
  it('is asked for by client credentials, once for all who need it at the same time', async () => {
    expect(await Promise.all([ofApp(), ofApp(), ofApp()])).toEqual([
      'token 1',
      'token 1',
      'token 1',
    ]);
    expect(tiny.forms).toHaveLength(1);
    expect(Object.fromEntries(tiny.forms[0] ?? [])).toMatchObject({
      grant_type: 'client_credentials',
      scope: expect.stringContaining(scope) as string,
    });
  });

  it('is kept until five minutes before it expires', async () => {
    await ofApp();
    setClock(start + 3299);
    expect(await ofApp()).toBe('token 1');
    setClock(start + 3301);
    expect(await ofApp()).toBe('token 2');
  });

  it('is new for each instance, and where claims are asked for', async () => {
    await ofApp();
    expect(await createAppTokens(parts, () => now).ofApp({ scope }, longEnough())).toBe('token 2');
    const claims = '{"access_token":{"acrs":{"value":"c1"}}}';
    expect(await ofApp(claims)).toBe('token 3');
    expect(tiny.forms[2]?.get('claims')).toContain('acrs');
    // The one with more claims is kept.
    expect(await ofApp()).toBe('token 3');
  });

  it('is of one tenant', async () => {
    const other = '99999999-9999-4999-8999-999999999999';
    const ofTenant = (tenantId: string) => tokens.ofApp({ scope, tenantId }, longEnough());
    expect([await ofApp(), await ofTenant(other), await ofTenant(other)]).toEqual([
      'token 1',
      'token 2',
      'token 2',
    ]);
  });

  it.each<[string, string, TinyAnswer]>([
    ['a refused app', 'ERR_PROVIDER_REFUSED', refusal('invalid_client', 7000222)],
    ['an API that is not there', 'ERR_PROVIDER_REFUSED', refusal('invalid_resource', 500011)],
    ['consent, which no user can give', 'ERR_PROVIDER_REFUSED', refusal('invalid_grant', 65001)],
    ['a busy provider', 'ERR_PROVIDER_UNAVAILABLE', { status: 503, body: {} }],
    ['an answer without token', 'ERR_PROVIDER_UNAVAILABLE', { body: { token_type: 'Bearer' } }],
  ])('that fails for %s signs nobody out: %s', async (_name, code, answer) => {
    tiny.token = () => answer;
    const failure = await failureOf(ofApp());
    expect(failure.code).toBe(code);
    expect(printed(failure)).not.toContain('ada@contoso.example');
  });

  it('is not asked for again before the time that the provider names', async () => {
    tiny.token = () => ({ status: 429, headers: { 'retry-after': '30' }, body: {} });
    await failureOf(ofApp());
    const asked = tiny.forms.length;
    setClock(start + 20);
    const failure = await failureOf(ofApp());
    expect([failure.retryAfterSeconds, tiny.forms.length - asked]).toEqual([10, 0]);
  });
});

describe('a token on behalf of a user', () => {
  it('is asked for with the assertion, and kept for it alone', async () => {
    expect(await Promise.all([onBehalf(), onBehalf()])).toEqual(['token 1', 'token 1']);
    expect(await onBehalf()).toBe('token 1');
    expect(await onBehalf('assertion of grace')).toBe('token 2');
    expect(Object.fromEntries(tiny.forms[0] ?? [])).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion: 'assertion of ada',
    });
  });

  it.each([
    ['claims', refusal('interaction_required', 50076, { claims: '{"access_token":{}}' })],
    ['consent', refusal('invalid_grant', 65001, { suberror: 'consent_required' })],
  ])('that needs %s first is a step-up', async (_name, answer) => {
    tiny.token = () => answer;
    const failure = await failureOf(onBehalf());
    expect(failure).toMatchObject({
      code: 'ERR_STEP_UP',
      stepUp: { scopes: ['api://orders/Orders.Read'] },
    });
  });
});
