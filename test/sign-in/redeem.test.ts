import { createHash } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { RelyingParty, RelyingPartySettings } from '../../src/entra/msal';
import { findLiveAccessToken, findLiveToken, openTokens } from '../../src/entra/msal-cache';
import { AppError, SignInRefusedError } from '../../src/errors';
import { isBare, parseCallback } from '../../src/functions/redirect';
import type { ProviderAnswer } from '../../src/sign-in/attempt';
import { finishSignIn, type OwnAttempt } from '../../src/sign-in/finish';
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
import { createThrowawayCertificate } from '../support/throwaway-certificate';
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
const code = '0.the-code_that-redeems';
const correlationId = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';

let tiny: TinyProvider;
let parts: RelyingParty;
let attempt: OwnAttempt;

beforeEach(async () => {
  tiny = await startTinyProvider();
  parts = createRelyingParty(tiny, () => now);
  attempt = ownAttempt(now - 5);
  tiny.token = async () => ({ body: tokenBody(await idToken()) });
});
afterEach(() => tiny.stop());

const idToken = (more: Record<string, unknown> = {}) =>
  tiny.sign({ ...adaClaims(tiny, now), nonce: attempt.nonce, ...more });
const withCode = (more: Partial<ProviderAnswer> = {}): ProviderAnswer => ({
  kind: 'code',
  state: undefined,
  issuer: undefined,
  code,
  ...(more as object),
});
const finish = (callback = withCode(), signal = longEnough()) =>
  finishSignIn(parts, attempt, callback, { now, signal });
const refuse = (body: Record<string, unknown>, status = 400): TinyAnswer => ({
  status,
  body: {
    error_description: "user 'ada@contoso.example' of tenant Contoso",
    trace_id: '11111111-2222-4333-8444-555555555555',
    correlation_id: correlationId,
    timestamp: '2026-11-21 01:02:03Z',
    ...body,
  },
});

describe('finishSignIn', () => {
  it('returns the verified user and what the session keeps', async () => {
    const finished = await finish();
    expect(finished.user).toMatchObject({ subject, objectId, tenantId, roles: ['admin'] });
    expect(finished).toMatchObject({
      sid: 'sid-of-ada',
      loginHint: 'O.hint-of-ada',
      verifiedAt: now,
    });
    const cache = JSON.parse(finished.tokenCache) as Record<string, object>;
    expect(Object.keys(cache['RefreshToken'] ?? {})).toHaveLength(1);
    expect(Object.keys(cache['Account'] ?? {})).toHaveLength(1);
  });

  it('makes one request at redemption, to the token endpoint, with code, verifier and secret', async () => {
    await parts.provider.metadata(longEnough());
    tiny.requests.length = 0;
    await finish();
    expect(tiny.requests).toEqual([`POST ${paths.token}`]);
    const form = Object.fromEntries(tiny.forms[0] ?? []);
    expect(form).toMatchObject({
      grant_type: 'authorization_code',
      client_id: clientId,
      client_secret: clientSecret,
      code,
      code_verifier: attempt.codeVerifier,
      redirect_uri: 'http://localhost:7071/auth/redirect',
    });
    expect(JSON.parse(form['claims'] ?? '')).toMatchObject({
      access_token: { xms_cc: { values: ['cp1'] } },
    });
  });

  it('redeems for one resource, whatever was asked for, and keeps the token for its scopes', async () => {
    attempt = { ...attempt, asked: { scopes: ['api://orders/Read'] } };
    const { tokenCache } = await finish();
    const asked = tiny.forms[0]?.get('scope')?.split(' ').sort();
    expect(asked).toEqual(['User.Read', 'offline_access', 'openid', 'profile']);
    expect(findLiveAccessToken(tokenCache, ['user.read'], now)).toBe('access-token-1');
  });

  it('redeems for .default alone where it was asked for', async () => {
    attempt = { ...attempt, asked: { scopes: ['api://orders/.default'] } };
    await finish();
    const asked = tiny.forms[0]?.get('scope')?.split(' ').sort();
    expect(asked).toEqual(['api://orders/.default', 'offline_access', 'openid', 'profile']);
  });

  it('refuses an ID token that does not show what the claims demand of it', async () => {
    const claims = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}';
    attempt = { ...attempt, asked: { scopes: [], claims } };
    const failure = await failureOf(finish());
    expect([failure.code, failure.note]).toEqual([
      'ERR_STEP_UP_UNMET',
      'the ID token failed the check of acrs',
    ]);
  });

  it('refuses an ID token of a sign-in that is older than max_age', async () => {
    attempt = { ...attempt, asked: { scopes: [], maxAgeSeconds: 300 } };
    const failure = await failureOf(finish());
    expect([failure.code, failure.note]).toEqual([
      'ERR_STEP_UP_UNMET',
      'the ID token failed the check of auth_time',
    ]);
  });

  it('repeats the scopes and claims that were asked for', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    attempt = { ...attempt, asked: { scopes: ['Mail.Read'], claims } };
    await finish();
    expect(tiny.forms[0]?.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['User.Read', 'Mail.Read']),
    );
    expect(JSON.parse(tiny.forms[0]?.get('claims') ?? '')).toMatchObject({
      access_token: { acrs: { essential: true, value: 'c1' } },
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['no expires_in', { expires_in: undefined }],
    ['token_type in odd case', { token_type: 'bEARer' }],
    ['no scope', { scope: undefined }],
    ['no client_info', { client_info: undefined }],
    ['no refresh token', { refresh_token: undefined }],
    ['a guest of another home tenant', { client_info: clientInfo('guest-oid', 'home-tenant') }],
  ])('accepts a token answer with %s', async (_what, more) => {
    tiny.token = async () => ({ body: tokenBody(await idToken(), more) });
    const { user, tokenCache } = await finish();
    expect(user.subject).toBe(subject);
    // Without a lifetime (RFC 6749 section 5.1), the next request asks for a new token.
    const live = 'expires_in' in more ? undefined : 'access-token-1';
    expect(findLiveAccessToken(tokenCache, ['User.Read'], now)).toBe(live);
  });

  it.each<[stated: unknown, kept: number]>([
    [3600, 3600],
    // As the v1.0 endpoints of Entra ID have it.
    ['3600', 3600],
    [3599.5, 3599],
    [1e300, 172_800],
    ['1e300', 0],
    ['NaN', 0],
    ['', 0],
    [-1, 0],
    [0, 0],
  ])('keeps an access token with expires_in %j for %d seconds', async (stated, kept) => {
    tiny.token = async () => ({ body: tokenBody(await idToken(), { expires_in: stated }) });
    const { tokenCache } = await finish();
    const expiryIn = (later: number) =>
      findLiveToken(openTokens(tokenCache), ['User.Read'], now + later)?.expiresAt;
    expect(expiryIn(0)).toBe(kept === 0 ? undefined : now + kept);
    expect(expiryIn(kept)).toBeUndefined();
  });

  describe('refuses before it redeems', () => {
    const unredeemed = async (callback: ProviderAnswer) => {
      const failure = await failureOf(finish(callback));
      expect(tiny.count(paths.token)).toBe(0);
      return failure;
    };

    it('an attempt older than ten minutes', async () => {
      attempt = { ...attempt, startedAt: now - 600 };
      expect((await unredeemed(withCode())).code).toBe('ERR_SIGN_IN_EXPIRED');
    });

    it('an answer of another issuer (RFC 9207)', async () => {
      for (const issuer of ['https://other.example', `${tiny.issuer}/`, '']) {
        expect((await unredeemed(withCode({ issuer }))).code).toBe('ERR_OTHER_ISSUER');
      }
    });

    it('an answer without iss when the metadata promises it', async () => {
      tiny.metadata = { authorization_response_iss_parameter_supported: true };
      expect((await unredeemed(withCode())).code).toBe('ERR_OTHER_ISSUER');
      const refusal: ProviderAnswer = {
        kind: 'error',
        state: undefined,
        issuer: undefined,
        refusal: { error: 'access_denied' },
      };
      expect((await unredeemed(refusal)).code).toBe('ERR_OTHER_ISSUER');
    });

    it("the provider's error, however late it comes", async () => {
      attempt = { ...attempt, startedAt: now - 3600 };
      const refusal = { error: 'access_denied' };
      const failure = await unredeemed({
        kind: 'error',
        state: undefined,
        issuer: undefined,
        refusal,
      });
      expect(failure).toHaveProperty('refusal', refusal);
    });

    it("the provider's error, passing on what may be shown", async () => {
      const refusal = { error: 'access_denied', number: 'AADSTS65004', correlationId };
      const failure = await unredeemed({
        kind: 'error',
        state: undefined,
        issuer: tiny.issuer,
        refusal,
      });
      expect(failure).toBeInstanceOf(SignInRefusedError);
      expect(failure).toHaveProperty('refusal', refusal);
    });
  });

  it('takes a failure of the provider in its answer for one that passes', async () => {
    const refusal = { error: 'server_error', number: 'AADSTS90033', where: 'redirect' } as const;
    const answer = { kind: 'error', state: undefined, issuer: tiny.issuer, refusal } as const;
    const failure = await failureOf(finish(answer));
    expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
    expect(failure.retryAfterSeconds).toBe(10);
    expect(failure.refusal).toEqual(refusal);
  });

  it('accepts an answer with the right iss', async () => {
    tiny.metadata = { authorization_response_iss_parameter_supported: true };
    expect((await finish(withCode({ issuer: tiny.issuer }))).user.subject).toBe(subject);
  });

  describe('verifies the ID token itself', () => {
    it.each<[string, string, () => Promise<object>]>([
      ['another audience', 'aud', async () => tokenBody(await idToken({ aud: 'other' }))],
      ['another nonce', 'nonce', async () => tokenBody(await idToken({ nonce: 'other' }))],
      ['no nonce', 'nonce', async () => tokenBody(await idToken({ nonce: undefined }))],
      ['no ID token', 'nonce', () => Promise.resolve(tokenBody('', { id_token: undefined }))],
      ['an ID token that is none', 'form', () => Promise.resolve(tokenBody('not.a-token'))],
      [
        'a key of somebody else',
        'signature',
        async () => {
          const foreign = { ...(await tinyKey('x')), kid: 'first' };
          const claims = { ...adaClaims(tiny, now), nonce: attempt.nonce };
          return tokenBody(await tiny.sign(claims, { key: foreign }));
        },
      ],
    ])('and refuses %s', async (_what, check, body) => {
      const answer = await body();
      tiny.token = () => ({ body: answer });
      const failure = await failureOf(finish());
      expect([failure.code, failure.note]).toEqual([
        'ERR_ID_TOKEN',
        `the ID token failed the check of ${check}`,
      ]);
    });

    it('and refuses another tenant', async () => {
      tiny.token = async () => ({ body: tokenBody(await idToken({ tid: 'another' })) });
      expect((await failureOf(finish())).code).toBe('ERR_WRONG_TENANT');
    });
  });

  describe('explains a redemption that the provider refuses', () => {
    it.each<[string, string, TinyAnswer]>([
      [
        'a used code',
        'ERR_SIGN_IN_EXPIRED',
        refuse({ error: 'invalid_grant', error_codes: [54005] }),
      ],
      [
        'an expired code',
        'ERR_SIGN_IN_EXPIRED',
        refuse({ error: 'invalid_grant', error_codes: [70008] }),
      ],
      ['a code it does not know', 'ERR_SIGN_IN_EXPIRED', refuse({ error: 'invalid_grant' })],
      [
        'a disabled account',
        'ERR_SIGN_IN_REFUSED',
        refuse({ error: 'invalid_grant', error_codes: [50057] }),
      ],
      [
        'a second factor',
        'ERR_SIGN_IN_REFUSED',
        refuse({ error: 'interaction_required', error_codes: [50076] }),
      ],
      [
        'missing consent',
        'ERR_SIGN_IN_REFUSED',
        refuse({ error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' }),
      ],
      [
        'a claims challenge',
        'ERR_STEP_UP',
        refuse({ error: 'invalid_grant', error_codes: [1], claims: '{"access_token":{}}' }),
      ],
      [
        'a wrong secret',
        'ERR_PROVIDER_REFUSED',
        refuse({ error: 'invalid_client', error_codes: [7000215] }, 401),
      ],
      [
        'an expired secret',
        'ERR_PROVIDER_REFUSED',
        refuse({ error: 'invalid_client', error_codes: [7000222] }, 401),
      ],
      [
        'a wrong redirect URI',
        'ERR_PROVIDER_REFUSED',
        refuse({ error: 'invalid_request', error_codes: [50011] }),
      ],
      [
        'an unknown app',
        'ERR_PROVIDER_REFUSED',
        refuse({ error: 'unauthorized_client', error_codes: [700016] }),
      ],
      [
        'a passing failure',
        'ERR_PROVIDER_UNAVAILABLE',
        refuse({ error: 'temporarily_unavailable' }),
      ],
      ['500', 'ERR_PROVIDER_UNAVAILABLE', refuse({ error: 'server_error' }, 500)],
      ['503 without a body', 'ERR_PROVIDER_UNAVAILABLE', { status: 503, body: '' }],
      [
        '429',
        'ERR_PROVIDER_UNAVAILABLE',
        { status: 429, headers: { 'retry-after': '5' }, body: {} },
      ],
      ['a page instead of JSON', 'ERR_PROVIDER_UNAVAILABLE', { status: 400, body: '<html>' }],
      ['400 without error', 'ERR_PROVIDER_UNAVAILABLE', { status: 400, body: {} }],
      ['null', 'ERR_PROVIDER_UNAVAILABLE', { body: 'null' }],
      [
        'a redirect',
        'ERR_PROVIDER_UNAVAILABLE',
        { status: 307, headers: { location: '/moved' }, body: '' },
      ],
      ['an endless answer', 'ERR_TOKEN_SIZE', { body: ' '.repeat(512 * 1024 + 1) }],
    ])('%s', async (_what, expected, answer) => {
      tiny.token = () => answer;
      const failure = await failureOf(finish());
      expect(failure.code).toBe(expected);
      const text = printed(failure);
      for (const secret of [code, attempt.codeVerifier, clientSecret, 'ada@', 'Contoso']) {
        expect(text).not.toContain(secret);
      }
      expect(tiny.count('/moved')).toBe(0);
    });

    it.each([
      [503, { error: 'temporarily_unavailable', error_codes: [90033] }, 'AADSTS90033'],
      [500, { error: 'invalid_grant', error_codes: [99999] }, 'AADSTS99999'],
      [429, { error: 'invalid_request', error_codes: [90055] }, 'AADSTS90055'],
    ])('as passing by the status %i, with its number', async (status, body, number) => {
      tiny.token = () => refuse(body, status);
      const failure = await failureOf(finish());
      expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
      expect(failure.refusal).toMatchObject({ number, correlationId, where: 'redemption' });
      expect(failure.retryAfterSeconds).toBeGreaterThan(0);
    });

    it('with the number and the correlation id, for those who can look them up', async () => {
      tiny.token = () => refuse({ error: 'interaction_required', error_codes: [50076] });
      const failure = await failureOf(finish());
      expect(failure).toHaveProperty('refusal', {
        error: 'interaction_required',
        number: 'AADSTS50076',
        correlationId,
        where: 'redemption',
      });
      tiny.token = () => refuse({ error: 'invalid_client', error_codes: [7000215] }, 401);
      expect((await failureOf(finish())).refusal).toEqual({
        error: 'invalid_client',
        number: 'AADSTS7000215',
        correlationId,
        where: 'redemption',
      });
    });
  });

  it('gives up at the deadline while the token endpoint hangs', async () => {
    await parts.provider.metadata(longEnough());
    tiny.token = () => ({ hangs: true, body: '' });
    const failure = await failureOf(finish(withCode(), AbortSignal.timeout(100)));
    expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
  });

  it('passes on when the token endpoint wants to be asked again', async () => {
    tiny.token = () => ({ status: 429, headers: { 'retry-after': '75' }, body: {} });
    const failure = await failureOf(finish());
    expect([failure.code, failure.retryAfterSeconds]).toEqual(['ERR_PROVIDER_UNAVAILABLE', 75]);
  });

  it('is unavailable when nobody listens', async () => {
    await parts.provider.metadata(longEnough());
    await tiny.stop();
    expect((await failureOf(finish())).code).toBe('ERR_PROVIDER_UNAVAILABLE');
  });

  describe('proves itself', () => {
    const withCredential = (credential: RelyingPartySettings['credential']) => {
      parts = createRelyingParty(tiny, () => now, { credential });
    };

    it('by a certificate: PS256 under its SHA-256 thumbprint', async () => {
      const { privateKeyPem, certificatePem, publicKey, thumbprint } = createThrowawayCertificate();
      withCredential({ kind: 'certificate', privateKeyPem, certificatePem });
      await finish();
      const assertion = tiny.forms[0]?.get('client_assertion') ?? '';
      expect(tiny.forms[0]?.get('client_secret')).toBeNull();
      expect(decodeProtectedHeader(assertion)).toMatchObject({
        alg: 'PS256',
        'x5t#S256': thumbprint,
      });
      const { payload } = await jwtVerify(assertion, publicKey, {
        audience: tiny.origin + paths.token,
        issuer: clientId,
      });
      const { sub, jti, iat = 0, nbf, exp } = payload;
      expect([sub, nbf, exp]).toEqual([clientId, iat, iat + 600]);
      expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('by an assertion that is asked for when it is needed', async () => {
      withCredential({ kind: 'managed-identity' });
      const signals: AbortSignal[] = [];
      parts = {
        ...parts,
        clientAssertion: (signal) => {
          signals.push(signal);
          return Promise.resolve('assertion-of-the-identity');
        },
      };
      const signal = longEnough();
      await finish(withCode(), signal);
      expect(tiny.forms[0]?.get('client_assertion')).toBe('assertion-of-the-identity');
      expect(signals).toEqual([signal]);
    });

    it('or passes on why it has no assertion', async () => {
      withCredential({ kind: 'managed-identity' });
      const unavailable = new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'no identity' });
      parts = { ...parts, clientAssertion: () => Promise.reject(unavailable) };
      expect(await failureOf(finish())).toBe(unavailable);
    });

    it('or says that the certificate is of no use', async () => {
      const { certificatePem } = createThrowawayCertificate();
      for (const faulty of [
        { privateKeyPem: 'no key', certificatePem },
        { privateKeyPem: 'no key', certificatePem: 'no certificate' },
      ]) {
        withCredential({ kind: 'certificate', ...faulty });
        expect((await failureOf(finish())).code).toBe('ERR_PROVIDER_MISMATCH');
      }
      expect(tiny.count(paths.token)).toBe(0);
    });
  });

  it('shares nothing between two sign-ins at once', async () => {
    const other = ownAttempt(now);
    tiny.token = async (form) => {
      const isOther = form.get('code') === 'other-code';
      const claims = isOther ? { nonce: other.nonce, sub: 'grace', oid: 'oid-of-grace' } : {};
      const id = createHash('sha256')
        .update(form.get('code') ?? '')
        .digest('hex');
      return { body: tokenBody(await idToken(claims), { access_token: `token-${id}` }) };
    };
    const [ada, grace] = await Promise.all([
      finish(),
      finishSignIn(
        parts,
        other,
        { kind: 'code', state: undefined, issuer: undefined, code: 'other-code' },
        { now, signal: longEnough() },
      ),
    ]);
    expect(ada.user.subject).toBe(subject);
    expect(grace.user.subject).toBe('grace');
    expect(Object.keys((JSON.parse(ada.tokenCache) as { IdToken: object }).IdToken)).toHaveLength(
      1,
    );
  });
});

const state = `${'s'.repeat(43)}.0`;
const parse = (query: string) => parseCallback(new URLSearchParams(query));
const codeOf = (query: string) => {
  try {
    parse(query);
  } catch (error) {
    return error instanceof AppError ? error.code : 'another error';
  }
  return 'no error';
};

describe('parseCallback', () => {
  it('reads a code, ignoring what it does not know', () => {
    expect(parse(`code=0.AX-y_z&state=${state}&session_state=x&client_info=y&hop=1`)).toEqual({
      kind: 'code',
      state,
      issuer: undefined,
      code: '0.AX-y_z',
    });
  });

  it('reads iss', () => {
    expect(parse(`code=c&state=${state}&iss=https://login.example/v2.0`)).toMatchObject({
      issuer: 'https://login.example/v2.0',
    });
  });

  it('reads an error, of its description only number and correlation id', () => {
    const description = encodeURIComponent(
      "AADSTS50105: The signed in user 'ada@contoso.example' is not assigned. Trace ID: 11111111-2222-4333-8444-555555555555 Correlation ID: AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee Timestamp: 2026-11-21 01:02:03Z",
    );
    const callback = parse(`error=access_denied&state=${state}&error_description=${description}`);
    expect(callback).toEqual({
      kind: 'error',
      state,
      issuer: undefined,
      refusal: {
        error: 'access_denied',
        number: 'AADSTS50105',
        correlationId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
        where: 'redirect',
      },
    });
  });

  it.each([
    ['no description', ''],
    ['markup', '<script>alert(1)</script>'],
    ['a number too long', 'AADSTS12345678901'],
    ['a number that is none', 'AADSTS5010x'],
    ['an id too long', 'Correlation ID: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee-f'],
    ['an id of other characters', 'Correlation ID: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeeg'],
    ['36 dashes', `Correlation ID: ${'-'.repeat(36)}`],
  ])('takes nothing from a description with %s', (_what, description) => {
    const query = new URLSearchParams({
      error: 'server_error',
      state,
      error_description: description,
    });
    expect(parseCallback(query)).toMatchObject({ refusal: { error: 'server_error' } });
    expect(Object.keys(parseCallback(query)).sort()).toEqual([
      'issuer',
      'kind',
      'refusal',
      'state',
    ]);
    const callback = parseCallback(query);
    expect(callback.kind === 'error' && Object.keys(callback.refusal)).toEqual(['error', 'where']);
  });

  it('reads an answer without state: whose it is, is the caller’s to see', () => {
    expect(parse('code=a')).toMatchObject({ kind: 'code', state: undefined });
    expect(parse('code=a&state=abc')).toMatchObject({ kind: 'code', state: 'abc' });
  });

  it.each(['', 'hop=1'])('takes %j for nothing at all', (query) => {
    expect(parse(query)).toEqual({ kind: 'bare' });
    expect(isBare(new URLSearchParams(query))).toBe(true);
  });

  it.each(['True', 'true'])('reads admin consent: %s', (value) => {
    const query = `admin_consent=${value}&tenant=t&state=12345&scope=User.Read&hop=1`;
    expect(parse(query)).toEqual({ kind: 'admin-consent', refusal: undefined });
    expect(isBare(new URLSearchParams(query))).toBe(false);
  });

  it('reads admin consent that was declined, and a code beside it as a code', () => {
    const declined = 'admin_consent=True&error=access_denied&error_description=AADSTS65004%3a+x';
    expect(parse(declined)).toEqual({
      kind: 'admin-consent',
      refusal: { error: 'access_denied', number: 'AADSTS65004', where: 'redirect' },
    });
    expect(parse(`admin_consent=True&code=c&state=${state}`)).toMatchObject({ kind: 'code' });
  });

  it.each<[string, string, string]>([
    ['a doubled code', 'ERR_BAD_REQUEST', `code=a&code=b&state=${state}`],
    ['a doubled state', 'ERR_BAD_REQUEST', `code=a&state=${state}&state=${state}`],
    ['a doubled error', 'ERR_BAD_REQUEST', `error=a&error=b&state=${state}`],
    ['a doubled unknown parameter', 'ERR_BAD_REQUEST', `code=a&state=${state}&x=1&x=1`],
    ['a doubled iss', 'ERR_BAD_REQUEST', `code=a&state=${state}&iss=a&iss=a`],
    ['code and error', 'ERR_BAD_REQUEST', `code=a&error=b&state=${state}`],
    ['neither code nor error', 'ERR_BAD_REQUEST', `state=${state}`],
    ['an empty code', 'ERR_BAD_REQUEST', `code=&state=${state}`],
    ['a code with spaces', 'ERR_BAD_REQUEST', `code=a%20b&state=${state}`],
    ['a code with a line break', 'ERR_BAD_REQUEST', `code=a%0Ab&state=${state}`],
    ['an oversized code', 'ERR_BAD_REQUEST', `code=${'a'.repeat(8193)}&state=${state}`],
    [
      'an oversized unknown value',
      'ERR_BAD_REQUEST',
      `code=a&state=${state}&x=${'a'.repeat(8193)}`,
    ],
    ['an error that is none', 'ERR_BAD_REQUEST', `error=%3Cb%3E&state=${state}`],
    ['an oversized error', 'ERR_BAD_REQUEST', `error=${'a'.repeat(65)}&state=${state}`],
    [
      'thirty-one parameters',
      'ERR_BAD_REQUEST',
      `code=a&state=${state}${Array.from({ length: 29 }, (_, i) => `&p${i}=1`).join('')}`,
    ],
    ['admin consent twice', 'ERR_BAD_REQUEST', 'admin_consent=True&admin_consent=True'],
    ['admin consent that is neither', 'ERR_BAD_REQUEST', 'admin_consent=False&tenant=x'],
    ['admin consent with an error that is none', 'ERR_BAD_REQUEST', 'admin_consent=True&error=%3C'],
    ['a tenant alone', 'ERR_BAD_REQUEST', 'tenant=x'],
  ])('refuses %s', (_what, code, query) => {
    expect(codeOf(query)).toBe(code);
  });
});
