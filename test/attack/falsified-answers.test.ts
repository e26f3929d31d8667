import type { JWK } from 'jose';
import { meFunctions, sessionFunction } from '../../src/functions/me';
import { clientInfo, tokenBody } from '../support/auth-fixture';
import {
  accepted,
  createFalsifiedSignIn,
  type FalsifiedSignIn,
  honestAnswer,
  type Lie,
  refused,
} from '../support/falsified-sign-in';
import { stopClockAt } from '../support/fixed-clock';
import { FunctionBrowser, sessionCookie } from '../support/function-browser';
import {
  clientId,
  paths,
  tenantId,
  type TinyAnswer,
  type TinyKey,
  tinyKey,
} from '../support/tiny-provider';

let fixture: FalsifiedSignIn;
let otherTenant: TinyKey;
beforeAll(async () => {
  otherTenant = await tinyKey('older');
});
beforeEach(async () => {
  fixture = await createFalsifiedSignIn();
});
afterEach(() => fixture.stop());

/** Members of a token answer, one at a time, and what a sign-in and a refresh make of them. */
const wrongMembers: Record<string, Record<string, unknown>> = {
  id_token: { 'a list': [], 'an object': { a: 'b' }, 'a text': 'text', 'a number': 7 },
  access_token: { 'a list': [], 'an object': { a: [1] }, 'a number': -1, 'two lines': 'a\r\nX: b' },
  refresh_token: { 'a list': [], 'an object': { a: [1] }, 'a number': 7, 'two lines': 'a\r\nb' },
  token_type: { 'a list': [], 'an object': {}, true: true, 'a number': 1e300 },
  scope: { 'a list': ['User.Read'], 'an object': {}, 'a number': 7 },
  client_info: {
    'a list': [],
    'an object': {},
    'no base64': '%',
    'no JSON': 'AAAA',
    'a number': 7,
  },
  expires_in: { 'a list': [3600], 'an object': {}, true: true },
  error: { 'an error beside tokens': 'invalid_grant', 'a list': [], 'an object': {} },
};
const rightMembers: Record<string, Record<string, unknown>> = {
  access_token: { null: null, empty: '', long: 'x'.repeat(50_000) },
  refresh_token: { null: null, empty: '' },
  token_type: { missing: undefined, null: null, 'odd case': 'bEARer' },
  scope: { missing: undefined, null: null, empty: '', long: 'x '.repeat(5000) },
  client_info: { missing: undefined, null: null, 'of another account': clientInfo('o', 't') },
  expires_in: {
    missing: undefined,
    'a text': '3600',
    negative: -1,
    endless: 1e300,
    'no number': 'x',
  },
  id_token_expires_in: { 'a member that nobody knows': { a: [1] } },
  ['__proto__']: { 'a member that is special here': { id_token: 'text' } },
};

const rowsOf = (table: typeof wrongMembers) =>
  Object.entries(table).flatMap(([name, values]) =>
    Object.entries(values).map(([what, value]) => ({ name, what, value })),
  );

/** An honest answer with one more or another member. `__proto__` stays a member. */
const withMember =
  (name: string, value: unknown): Lie =>
  async ({ token }) => {
    const body = tokenBody(await token());
    Object.defineProperty(body, name, { value, enumerable: true });
    return { body };
  };

describe('one wrong member in the token answer', () => {
  it('signs nobody in', async () => {
    for (const { name, what, value } of rowsOf(wrongMembers)) {
      const given = await fixture.signIn(withMember(name, value));
      expect([name, what, given]).toEqual([name, what, refused]);
    }
  });

  it('that is left out, or that RFC 6749 allows, keeps nobody out', async () => {
    for (const { name, what, value } of rowsOf(rightMembers)) {
      const given = await fixture.signIn(withMember(name, value));
      expect([name, what, given]).toEqual([name, what, accepted]);
    }
  });

  const deep = 50_000;
  it.each<[string, string, TinyAnswer]>([
    ['null', '503 ERR_PROVIDER_UNAVAILABLE', { body: 'null' }],
    ['a list', '503 ERR_PROVIDER_UNAVAILABLE', { body: [{}] }],
    ['a number', '503 ERR_PROVIDER_UNAVAILABLE', { body: '7' }],
    ['nothing', '503 ERR_PROVIDER_UNAVAILABLE', { body: '' }],
    ['an empty object', refused, { body: {} }],
    ['lists in lists', '503 ERR_PROVIDER_UNAVAILABLE', { body: '['.repeat(deep) }],
    ['objects in objects', refused, { body: `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}` }],
    ['bytes that are no text', '503 ERR_PROVIDER_UNAVAILABLE', { body: Buffer.from([123, 255]) }],
    [
      'an encoding that it does not have',
      '503 ERR_PROVIDER_UNAVAILABLE',
      { headers: { 'content-encoding': 'gzip' }, body: '{}' },
    ],
    [
      'a redirect',
      '503 ERR_PROVIDER_UNAVAILABLE',
      { status: 302, headers: { location: '/evil' }, body: '' },
    ],
    ['an error as a list', '503 ERR_PROVIDER_UNAVAILABLE', { status: 400, body: { error: [] } }],
    [
      'claims that are none',
      '403 ERR_SIGN_IN_REFUSED',
      { status: 400, body: { error: 'interaction_required', claims: '[' } },
    ],
    [
      'a time to wait that is none',
      '503 ERR_PROVIDER_UNAVAILABLE',
      { status: 429, headers: { 'retry-after': '-1' }, body: {} },
    ],
  ])('%s for an answer is %s', async (_what, expected, answer) => {
    expect(await fixture.signIn(() => answer)).toBe(expected);
    expect(fixture.tiny.count('/evil')).toBe(0);
  });

  it('at a refresh gives nobody a token, and ends no session', async () => {
    const [me] = meFunctions;
    if (me === undefined) throw new Error('no function');
    fixture.tiny.answers.set('/me', { body: { id: '1', displayName: 'Ada Lovelace' } });
    for (const { name, what, value } of rowsOf(wrongMembers)) {
      const { browser, state } = await fixture.begin(honestAnswer);
      await browser.redirect({ code: 'the-code', state });
      // Fifteen minutes later the session is verified again, which asks for new tokens.
      fixture.now += 901;
      stopClockAt(fixture.now);
      fixture.answerWith(withMember(name, value));
      const answers = [await browser.ask(me), await browser.ask(sessionFunction)];
      const outcomes = answers.map(({ status, code }) => `${status} ${code}`);
      expect([name, what, ...outcomes]).toEqual([name, what, refused, refused]);
      expect(await fixture.endAll()).toBe(1);
    }
  });
});

describe('one wrong part of what the provider says of itself', () => {
  const other = '502';
  const unsafe: Record<string, unknown> = {
    ...{ null: null, zero: 0, empty: '', true: true, object: {} },
    list: ['https://login.example/x'],
    script: 'javascript:alert(1)',
    ftp: 'ftp://login.example/x',
    http: 'http://login.example/x',
    relative: '/x',
    fragment: 'https://login.example/x#y',
    password: 'https://a:b@login.example/x',
    long: `https://login.example/${'x'.repeat(5000)}`,
    'two lines': 'https://login.example/x\r\nSet-Cookie: x',
    'a tab': 'https://login.example/\tx',
    'a space': ' https://login.example/x',
    'other letters': 'https://login.example/ü',
  };
  /** The answer to a sign-in's begin. */
  const loginStatus = async (): Promise<string> => {
    const browser = new FunctionBrowser(fixture.services);
    return browser.login().then(
      () => 'begun',
      (error: unknown) => /\d{3}$/.exec(String(error))?.[0] ?? '',
    );
  };

  it.each([
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'end_session_endpoint',
    'issuer',
  ])('%s begins no sign-in', async (name) => {
    for (const [what, value] of Object.entries(unsafe)) {
      const own = await createFalsifiedSignIn();
      own.tiny.metadata = { [name]: value };
      await fixture.stop();
      fixture = own;
      expect([what, await loginStatus()]).toEqual([what, other]);
    }
  });

  it.each<[string, string, (jwk: JWK) => object | null]>([
    ['a key for encryption', other, (jwk) => ({ ...jwk, use: 'enc' })],
    ['a key for another algorithm', other, (jwk) => ({ ...jwk, alg: 'RS512' })],
    ['a key that does not verify', other, (jwk) => ({ ...jwk, use: undefined, key_ops: ['sign'] })],
    ['a key for signatures that only wraps', other, (jwk) => ({ ...jwk, key_ops: ['wrapKey'] })],
    ['a key for nothing', other, (jwk) => ({ ...jwk, key_ops: [] })],
    ['a key for a text', other, (jwk) => ({ ...jwk, key_ops: 'verify' })],
    ['a key that verifies', accepted, (jwk) => ({ ...jwk, use: undefined, key_ops: ['verify'] })],
    ['a key that does not say its use', accepted, ({ kty, n, e, kid }) => ({ kty, n, e, kid })],
    ['a key without modulus', other, (jwk) => ({ ...jwk, n: undefined })],
    ['a key with a list as modulus', other, (jwk) => ({ ...jwk, n: [jwk.n] })],
    ['a short key', other, (jwk) => ({ ...jwk, n: 'AQAB' })],
    ['a secret as key', other, ({ n }) => ({ kty: 'oct', k: n, kid: 'first' })],
    ['a key of nobody', other, (jwk) => ({ ...jwk, issuer: 7 })],
    ['null', other, () => null],
    ['a key of another issuer', refused, (jwk) => ({ ...jwk, issuer: 'https://evil.example' })],
    ['a key without a name', refused, (jwk) => ({ ...jwk, kid: 7 })],
    ['a key with exponent 1', refused, (jwk) => ({ ...jwk, e: 'AQ' })],
    ['a key with another modulus', refused, (jwk) => ({ ...jwk, n: 'A'.repeat(342) })],
    ['the key of another tenant', refused, () => otherTenant.jwk],
    ['the key of another tenant by our name', refused, ({ kid }) => ({ ...otherTenant.jwk, kid })],
    ['a key with a huge modulus', refused, (jwk) => ({ ...jwk, n: '_'.repeat(100_000) })],
  ])('%s in the key set is %s', async (_what, expected, change) => {
    fixture.tiny.keys = [change(fixture.tiny.key.jwk) as JWK];
    const begun = await loginStatus();
    expect(begun === 'begun' ? await fixture.signIn(honestAnswer) : begun).toBe(expected);
  });

  it.each([
    ['the metadata', paths.metadata],
    ['the keys', paths.keys],
  ])('%s as anything but an object', async (_what, path) => {
    for (const body of ['null', '[]', '"x"', '7', '', '<html>', '['.repeat(50_000)]) {
      fixture.tiny.answers.set(path, { body });
      expect(['502', '503']).toContain(await loginStatus());
    }
  });
});

describe('one wrong part of the answer that the browser brings', () => {
  const spoilt = (state: string) => `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`;
  it.each<[string, string, (state: string) => Record<string, string>]>([
    [
      'a spoilt state',
      '400 ERR_SIGN_IN_UNSOLICITED',
      (state) => ({ code: 'c', state: spoilt(state) }),
    ],
    ['no state', '400 ERR_SIGN_IN_UNSOLICITED', () => ({ code: 'c' })],
    ['an empty state', '400 ERR_SIGN_IN_UNSOLICITED', () => ({ code: 'c', state: '' })],
    [
      'another iss',
      '400 ERR_OTHER_ISSUER',
      (state) => ({ code: 'c', state, iss: 'https://evil.example' }),
    ],
    ['an empty iss', '400 ERR_OTHER_ISSUER', (state) => ({ code: 'c', state, iss: '' })],
    [
      'the iss of another tenant',
      '400 ERR_OTHER_ISSUER',
      (state) => {
        const iss = fixture.tiny.issuer.replace(tenantId, clientId);
        return { code: 'c', state, iss };
      },
    ],
    ['a code and an error', '400 ERR_BAD_REQUEST', (state) => ({ code: 'c', state, error: 'x' })],
    ['an empty code', '400 ERR_BAD_REQUEST', (state) => ({ code: '', state })],
    ['two lines as code', '400 ERR_BAD_REQUEST', (state) => ({ code: 'a\r\nb', state })],
    ['an ID token for a code', '400 ERR_BAD_REQUEST', (state) => ({ id_token: 'a.b.c', state })],
  ])('%s is %s', async (_what, expected, answer) => {
    expect(await fixture.signIn(honestAnswer, answer)).toBe(expected);
    expect(fixture.tiny.forms).toEqual([]);
  });

  it('an answer that comes again redeems its code no second time', async () => {
    const { browser, state } = await fixture.begin(honestAnswer);
    const answer = { code: 'c', state };
    expect(await fixture.outcomeOf(browser, await browser.redirect(answer))).toBe(accepted);
    const { cookies } = browser;
    expect(await fixture.outcomeOf(browser, await browser.redirect(answer))).toBe(accepted);
    expect(fixture.tiny.forms).toHaveLength(1);
    expect(browser.cookies).toEqual(cookies);
  });

  it('an answer that comes twice at the same moment redeems its code once', async () => {
    const { browser, state } = await fixture.begin(honestAnswer);
    const answer = { code: 'c', state };
    const both = [browser.redirect(answer), browser.redirect(answer)];
    const places = (await Promise.all(both)).map(({ headers }) => headers.get('location') ?? '');
    expect(fixture.tiny.forms).toHaveLength(1);
    expect(places.map((place) => place.split('?')[0]).sort()).toEqual([
      `${fixture.tiny.issuer.replace('/v2.0', '')}/oauth2/v2.0/authorize`,
      'http://localhost:7071/reports',
    ]);
    expect(browser.cookies.has(sessionCookie)).toBe(true);
    await fixture.endAll();
  });

  it('the nonce of another attempt of the same browser', async () => {
    const browser = new FunctionBrowser(fixture.services);
    let first = '';
    await fixture.begin(
      async ({ token }) => ({ body: tokenBody((first = await token())) }),
      browser,
    );
    await fixture.tiny.token(new URLSearchParams());
    const { state } = await fixture.begin(() => ({ body: tokenBody(first) }), browser);
    const answer = await browser.redirect({ code: 'the-code', state });
    expect(await fixture.outcomeOf(browser, answer)).toBe(refused);
  });
});
