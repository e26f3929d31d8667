import { InteractionRequiredAuthError } from '@azure/msal-node';
import type { RelyingParty } from '../../src/entra/msal';
import { refreshError } from '../../src/entra/refusals';
import { StepUpError } from '../../src/errors';
import type { User } from '../../src/sessions/session';
import { finishSignIn } from '../../src/sign-in/finish';
import { acquireAccessToken } from '../../src/tokens/access-token';
import {
  adaClaims,
  clientInfo,
  clientSecret,
  createRelyingParty,
  failureOf,
  longEnough,
  objectId,
  ownAttempt,
  printed,
  subject,
  tokenBody,
} from '../support/auth-fixture';
import { stopClockAt } from '../support/fixed-clock';
import { start } from '../support/session-fixture';
import {
  clientId,
  tinyKey,
  paths,
  startTinyProvider,
  tenantId,
  type TinyAnswer,
  type TinyProvider,
} from '../support/tiny-provider';

// MSAL looks at the system's clock.
const now = start;
beforeEach(() => {
  stopClockAt(now);
});
const scopes = ['User.Read'];

let tiny: TinyProvider;
let parts: RelyingParty;
let user: User;
let tokenCache: string;

/** Ada signs in; afterwards no request is remembered. */
async function signIn(more: Record<string, unknown> = {}, claims: object = {}): Promise<void> {
  const attempt = ownAttempt(now, { asked: { scopes } });
  const idToken = await tiny.sign({
    ...adaClaims(tiny, now),
    auth_time: now - 100,
    nonce: attempt.nonce,
    ...claims,
  });
  tiny.token = () => ({ body: tokenBody(idToken, more) });
  const callback = { kind: 'code', state: undefined, issuer: undefined, code: 'c' } as const;
  const finished = await finishSignIn(parts, attempt, callback, { now, signal: longEnough() });
  ({ user, tokenCache } = finished);
  tiny.requests.length = 0;
  tiny.forms.length = 0;
}

const refreshed = async (claims: object = {}, more: Record<string, unknown> = {}) =>
  tokenBody(await tiny.sign({ ...adaClaims(tiny, now + 10), roles: ['reader'], ...claims }), {
    access_token: 'access-token-2',
    refresh_token: 'refresh-token-2',
    ...more,
  });
const acquire = (
  more: Partial<Parameters<typeof acquireAccessToken>[1]> = {},
  at = now,
  signal = longEnough(),
) => acquireAccessToken(parts, { tokenCache, user, scopes, ...more }, at, signal);
const refuse = (body: Record<string, unknown>, status = 400): TinyAnswer => ({
  status,
  body: { error_description: "AADSTS1: user 'ada@contoso.example'", ...body },
});

beforeEach(async () => {
  tiny = await startTinyProvider();
  parts = createRelyingParty(tiny, () => now);
  await signIn();
});
afterEach(() => tiny.stop());

describe('acquireAccessToken', () => {
  it.each([
    ['the same auth_time', { auth_time: now - 100 }],
    ['a later auth_time', { auth_time: now }],
    ['no auth_time', {}],
  ])('takes a refreshed ID token with %s', async (_what, claims) => {
    const body = await refreshed(claims);
    tiny.token = () => ({ body });
    expect((await acquire({ forceRefresh: true })).idToken?.issuedAt).toBe(now + 10);
  });

  it('gives the live token from the cache without any request', async () => {
    const acquired = await acquire();
    expect(acquired).toEqual({ accessToken: 'access-token-1', tokenCache, changed: false });
    expect(tiny.requests).toEqual([]);
  });

  it('finds the live token of a guest too, whose home tenant is another', async () => {
    await signIn({ client_info: clientInfo('guest-oid', 'home-tenant') });
    expect((await acquire()).accessToken).toBe('access-token-1');
    expect(tiny.requests).toEqual([]);
  });

  it.each<[string, object, object]>([
    ['by B2C, which names a policy instead of a tenant', {}, { tid: undefined, tfp: 'B2C_1_in' }],
    ['without client_info', { client_info: undefined }, {}],
    ['without tid', {}, { tid: undefined }],
    ['without tid and client_info', { client_info: undefined }, { tid: undefined }],
  ])('finds the live token issued %s', async (_what, more, claims) => {
    await signIn({ ...more }, claims);
    expect((await acquire()).accessToken).toBe('access-token-1');
    expect(tiny.requests).toEqual([]);
    const body = await refreshed(claims, { ...more });
    tiny.token = () => ({ body });
    expect((await acquire({ forceRefresh: true })).accessToken).toBe('access-token-2');
  });

  it('refreshes once when the token has expired, by one request', async () => {
    await signIn({ expires_in: 1 });
    const body = await refreshed();
    tiny.token = () => ({ body });
    const acquired = await acquire();
    expect(acquired).toMatchObject({ accessToken: 'access-token-2', changed: true });
    expect(acquired.idToken).toMatchObject({ issuedAt: now + 10, user: { roles: ['reader'] } });
    expect(tiny.requests).toEqual([`POST ${paths.token}`]);
    expect(Object.fromEntries(tiny.forms[0] ?? [])).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-1',
    });
  });

  it('returns a cache that serves the next request and holds no expired token', async () => {
    await signIn({ expires_in: 1, scope: 'Mail.Read' });
    const body = await refreshed();
    tiny.token = () => ({ body });
    const first = await acquire({}, now + 5);
    expect(first.tokenCache).not.toContain('access-token-1');
    expect(first.tokenCache).not.toContain('refresh-token-1');
    const second = await acquire({ tokenCache: first.tokenCache });
    expect(second).toMatchObject({ accessToken: 'access-token-2', changed: false });
    expect(tiny.requests).toHaveLength(1);
  });

  it('refreshes by force, and for other scopes', async () => {
    const body = await refreshed();
    tiny.token = () => ({ body });
    await acquire({ forceRefresh: true });
    await acquire({ scopes: ['Mail.Read'] });
    expect(tiny.forms).toHaveLength(2);
    expect(tiny.forms[1]?.get('scope')).toContain('Mail.Read');
    expect(JSON.parse(tiny.forms[1]?.get('claims') ?? '')).toMatchObject({
      access_token: { xms_cc: { values: ['cp1'] } },
    });
  });

  it('accepts a refresh without ID token, and says that none was verified', async () => {
    const body = await refreshed({}, { id_token: undefined });
    tiny.token = () => ({ body });
    const acquired = await acquire({ forceRefresh: true });
    expect(acquired.accessToken).toBe('access-token-2');
    expect(acquired).not.toHaveProperty('idToken');
  });

  it.each<[string, Record<string, unknown>]>([
    ['narrower', { scope: 'profile openid' }],
    ['in another form', { scope: 'https://graph.microsoft.com/User.Read openid' }],
    ['wider, in another case and order', { scope: 'email Mail.Read USER.READ openid' }],
    ['not named at all', { scope: undefined }],
  ])('asks once for scopes that the answer grants %s', async (_what, more) => {
    await signIn({ ...more, expires_in: 1 });
    const body = await refreshed({}, more);
    tiny.token = () => ({ body });
    const first = await acquire();
    const second = await acquire({ tokenCache: first.tokenCache });
    expect(second).toMatchObject({ accessToken: 'access-token-2', changed: false });
    expect(tiny.forms).toHaveLength(1);
  });

  describe('without any API', () => {
    /** Azure AD B2C gives no access token for the scopes of OpenID Connect alone, Entra ID one for Graph. */
    const answers = { 'no access token': { access_token: undefined, scope: 'openid' }, one: {} };

    beforeEach(() => {
      parts = createRelyingParty(tiny, () => now, { graphScopes: [] });
    });

    it.each(Object.entries(answers))('signs in and verifies again with %s', async (_what, more) => {
      await signIn(more);
      tiny.token = async () => ({ body: await refreshed({}, more) });
      const { idToken } = await acquire({ scopes: [], forceRefresh: true });
      expect(idToken?.user.roles).toEqual(['reader']);
      const [form] = tiny.forms;
      expect(form?.get('scope')?.split(' ').sort()).toEqual([
        'offline_access',
        'openid',
        'profile',
      ]);
    });

    it('still refuses an answer without the token that was asked for', async () => {
      await signIn();
      tiny.token = async () => ({ body: await refreshed({}, answers['no access token']) });
      expect((await failureOf(acquire({ forceRefresh: true }))).code).toBe(
        'ERR_PROVIDER_UNAVAILABLE',
      );
    });
  });

  it('does not ask in turn for the tokens of two pages', async () => {
    let count = 1;
    const idToken = await tiny.sign(adaClaims(tiny, now));
    tiny.token = () => {
      count += 1;
      const access_token = `access-token-${count}`;
      return { body: tokenBody(idToken, { access_token, scope: 'User.Read openid' }) };
    };
    const pages = [
      ['User.Read', 'Files.Read'],
      ['User.Read', 'Mail.Read'],
    ];
    for (const page of [...pages, ...pages, ...pages]) {
      ({ tokenCache } = await acquire({ scopes: page }));
    }
    expect(tiny.forms).toHaveLength(2);
  });

  it('refuses scopes of two resources without asking', async () => {
    const failure = await failureOf(acquire({ scopes: ['User.Read', 'api://orders/Read'] }));
    expect([failure.code, tiny.forms.length]).toEqual(['ERR_INTERNAL', 0]);
  });

  describe('gives nothing away when the refreshed ID token', () => {
    it.each<[string, string, object]>([
      ['names another sub', 'sub of the session', { sub: 'another' }],
      ['names another oid', 'oid of the session', { oid: 'another' }],
      ['lacks the oid', 'oid of the session', { oid: undefined }],
      ['is of another issuer', 'iss', { iss: 'https://other.example' }],
      ['is for another client', 'aud', { aud: 'another' }],
      ['has expired', 'exp', { exp: now - 61 }],
      ['has the nonce of another sign-in', 'nonce of the session', { nonce: 'another' }],
      ['is of an earlier sign-in', 'auth_time of the session', { auth_time: now - 101 }],
      ['names an authorized party it did not have', 'azp of the session', { azp: clientId }],
    ])('%s', async (_what, check, claims) => {
      const body = await refreshed(claims);
      tiny.token = () => ({ body });
      const failure = await failureOf(acquire({ forceRefresh: true }));
      expect([failure.code, failure.note]).toEqual([
        'ERR_ID_TOKEN',
        `the ID token failed the check of ${check}`,
      ]);
    });

    it('is of another account, which MSAL returns without caching it', async () => {
      const body = await refreshed(
        { sub: 'another', oid: 'another' },
        { client_info: clientInfo('another', tenantId) },
      );
      tiny.token = () => ({ body });
      expect((await failureOf(acquire({ forceRefresh: true }))).code).toBe('ERR_ID_TOKEN');
    });

    it('is of another tenant', async () => {
      const body = await refreshed({ tid: 'another' });
      tiny.token = () => ({ body });
      expect((await failureOf(acquire({ forceRefresh: true }))).code).toBe('ERR_WRONG_TENANT');
    });

    it('is signed by somebody else', async () => {
      const foreign = { ...(await tinyKey('x')), kid: 'first' };
      const forged = await tiny.sign(adaClaims(tiny, now), { key: foreign });
      tiny.token = () => ({ body: tokenBody(forged) });
      expect((await failureOf(acquire({ forceRefresh: true }))).note).toContain('signature');
    });
  });

  describe('when the token endpoint asks to wait', () => {
    const busy = (status: number, headers: Record<string, string>, body = {}): TinyAnswer => ({
      status,
      headers,
      body: { error: 'temporarily_unavailable', ...body },
    });
    const askAt = async (seconds: number, more: Partial<Parameters<typeof acquire>[0]> = {}) => {
      const failure = await failureOf(acquire({ forceRefresh: true, ...more }, now + seconds));
      return [failure.code, failure.retryAfterSeconds];
    };

    it.each<[string, TinyAnswer]>([
      ['429 and seconds', busy(429, { 'retry-after': '60' })],
      ['503 and seconds', busy(503, { 'retry-after': '60' })],
      ['400, temporarily_unavailable and seconds', busy(400, { 'retry-after': '60' })],
      [
        '429 and a date',
        busy(429, {
          date: 'Wed, 21 Oct 2026 07:28:00 GMT',
          'retry-after': 'Wed, 21 Oct 2026 07:29:00 GMT',
        }),
      ],
    ])('by %s, asks once and tells what is left', async (_what, answer) => {
      tiny.token = () => answer;
      const expected = 'ERR_PROVIDER_UNAVAILABLE';
      expect(await askAt(0)).toEqual([expected, 60]);
      for (let second = 0; second < 60; second += 6) {
        expect(await askAt(second)).toEqual([expected, 60 - second]);
      }
      expect(tiny.forms).toHaveLength(1);
      const body = await refreshed();
      tiny.token = () => ({ body });
      const acquired = await acquire({ forceRefresh: true }, now + 60);
      expect(acquired.accessToken).toBe('access-token-2');
    });

    it('waits ten seconds after 429 without a time', async () => {
      tiny.token = () => busy(429, {});
      expect(await askAt(0)).toEqual(['ERR_PROVIDER_UNAVAILABLE', 10]);
      expect(await askAt(9)).toEqual(['ERR_PROVIDER_UNAVAILABLE', 1]);
      expect(tiny.forms).toHaveLength(1);
    });

    it('does not wait after 500 without a time', async () => {
      tiny.token = () => busy(500, {});
      await askAt(0);
      await askAt(0);
      expect(tiny.forms).toHaveLength(2);
    });

    it('asks for other scopes, gives live tokens, and lets other people ask', async () => {
      tiny.token = () => busy(429, { 'retry-after': '60' });
      await askAt(0);
      await askAt(0, { scopes: ['Mail.Read'] });
      await askAt(0, { user: { ...user, userKey: 'another' } });
      expect(tiny.forms).toHaveLength(3);
      expect((await acquire()).accessToken).toBe('access-token-1');
    });

    it('takes another refusal for what it is, whatever header comes along', async () => {
      tiny.token = () => busy(400, { 'retry-after': '60' }, { error: 'invalid_grant' });
      expect((await askAt(0))[0]).toBe('ERR_SIGNED_OUT');
      await askAt(0);
      expect(tiny.forms).toHaveLength(2);
    });
  });

  describe('sorts the outcomes of a refresh', () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    it.each<[string, string, TinyAnswer]>([
      [
        'interaction_required',
        'ERR_STEP_UP',
        refuse({ error: 'interaction_required', error_codes: [50076] }),
      ],
      ['login_required', 'ERR_STEP_UP', refuse({ error: 'login_required' })],
      ['consent_required', 'ERR_STEP_UP', refuse({ error: 'consent_required' })],
      ['basic_action', 'ERR_STEP_UP', refuse({ error: 'invalid_grant', suberror: 'basic_action' })],
      ['code 65001 alone', 'ERR_STEP_UP', refuse({ error: 'invalid_grant', error_codes: [65001] })],
      [
        'code 65001 as the second',
        'ERR_STEP_UP',
        refuse({ error: 'invalid_grant', error_codes: [1, 65001] }),
      ],
      [
        'claims with interaction_required',
        'ERR_STEP_UP',
        refuse({ error: 'interaction_required', claims }),
      ],
      ['claims with invalid_grant', 'ERR_STEP_UP', refuse({ error: 'invalid_grant', claims })],
      [
        'claims with bad_token',
        'ERR_SIGNED_OUT',
        refuse({ error: 'invalid_grant', suberror: 'bad_token', claims }),
      ],
      [
        'invalid_grant',
        'ERR_SIGNED_OUT',
        refuse({ error: 'invalid_grant', error_codes: [700082] }),
      ],
      [
        'a disabled user',
        'ERR_SIGNED_OUT',
        refuse({ error: 'invalid_grant', error_codes: [50057] }),
      ],
      ['bad_token', 'ERR_SIGNED_OUT', refuse({ error: 'invalid_grant', suberror: 'bad_token' })],
      ['bad_token as error', 'ERR_SIGNED_OUT', refuse({ error: 'bad_token' })],
      ['invalid_client', 'ERR_PROVIDER_REFUSED', refuse({ error: 'invalid_client' }, 401)],
      ['invalid_scope', 'ERR_PROVIDER_REFUSED', refuse({ error: 'invalid_scope' })],
      [
        'invalid_client with claims',
        'ERR_PROVIDER_REFUSED',
        refuse({ error: 'invalid_client', error_codes: [7000222], claims }, 401),
      ],
      [
        'sign-in frequency',
        'ERR_STEP_UP',
        refuse({ error: 'invalid_grant', error_codes: [70043], suberror: 'token_expired' }),
      ],
      [
        'a malformed request',
        'ERR_PROVIDER_REFUSED',
        refuse({ error: 'invalid_grant', error_codes: [9002313] }),
      ],
      ['an endless answer', 'ERR_TOKEN_SIZE', { body: ' '.repeat(512 * 1024 + 1) }],
      [
        'temporarily_unavailable',
        'ERR_PROVIDER_UNAVAILABLE',
        refuse({ error: 'temporarily_unavailable' }),
      ],
      ['500', 'ERR_PROVIDER_UNAVAILABLE', refuse({ error: 'invalid_grant' }, 500)],
      ['429', 'ERR_PROVIDER_UNAVAILABLE', refuse({ error: 'invalid_grant' }, 429)],
      ['a page instead of JSON', 'ERR_PROVIDER_UNAVAILABLE', { status: 400, body: '<html>' }],
      ['400 without error', 'ERR_PROVIDER_UNAVAILABLE', { status: 400, body: {} }],
      ['an answer without token', 'ERR_PROVIDER_UNAVAILABLE', { body: {} }],
    ])('%s', async (_what, expected, answer) => {
      tiny.token = () => answer;
      const failure = await failureOf(acquire({ forceRefresh: true }));
      expect(failure.code).toBe(expected);
      const text = printed(failure);
      for (const secret of [
        'refresh-token-',
        'access-token-',
        clientSecret,
        'ada@',
        subject,
        objectId,
      ]) {
        expect(text).not.toContain(secret);
      }
    });

    it('and tells the step-up which scopes and claims', async () => {
      tiny.token = () => refuse({ error: 'invalid_grant', claims });
      const failure = await failureOf(acquire({ scopes: ['Mail.Read'] }));
      expect(failure).toHaveProperty('stepUp', { scopes: ['Mail.Read'], claims });
      tiny.token = () => refuse({ error: 'invalid_grant', error_codes: [65001] });
      const consent = await failureOf(acquire({ scopes: ['Mail.Read'] }));
      expect(consent).toHaveProperty('stepUp', { scopes: ['Mail.Read'] });
    });

    it('no refresh token: the session ends', async () => {
      await signIn({ refresh_token: undefined });
      expect((await failureOf(acquire({ forceRefresh: true }))).code).toBe('ERR_SIGNED_OUT');
      expect(tiny.requests).toEqual([]);
    });

    it('a refresh token that MSAL knows to have expired: step-up', () => {
      // MSAL does not serialize that time yet, so its error is made here.
      const error = new InteractionRequiredAuthError('refresh_token_expired', '');
      const failure = refreshError(error, { kind: 'not-asked' }, scopes);
      expect(failure).toBeInstanceOf(StepUpError);
    });

    it.each(['{}', '{"Account":{}}', '[]'])(
      'an empty cache %s: the session ends',
      async (cache) => {
        expect((await failureOf(acquire({ tokenCache: cache }))).code).toBe('ERR_SIGNED_OUT');
      },
    );

    it('nobody listens', async () => {
      await tiny.stop();
      expect((await failureOf(acquire({ forceRefresh: true }))).code).toBe(
        'ERR_PROVIDER_UNAVAILABLE',
      );
    });

    it('the deadline passes', async () => {
      tiny.token = () => ({ hangs: true, body: '' });
      const work = acquire({ forceRefresh: true }, now, AbortSignal.timeout(100));
      expect((await failureOf(work)).code).toBe('ERR_PROVIDER_UNAVAILABLE');
    });
  });
});
