import { createHash, randomBytes } from 'node:crypto';
import { readCookies, readOverflows } from '../../src/cookies';
import { AppError } from '../../src/errors';
import { attemptSecrets, openAttempt } from '../../src/sign-in/attempt';
import { beginSignIn, type SignInOptions, startSignIn } from '../../src/sign-in/start';
import { clientSecret, createRelyingParty, failureOf, longEnough } from '../support/auth-fixture';
import { type ContextFixture, createContextFixture } from '../support/context-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { clientId, paths, startTinyProvider, type TinyProvider } from '../support/tiny-provider';

const now = 1_800_000_000;
let tiny: TinyProvider;

beforeEach(async () => {
  tiny = await startTinyProvider();
});
afterEach(() => tiny.stop());

const keyRing = createStaticKeyRing(new Uint8Array(32).fill(1));
const browserSecret = randomBytes(32).toString('base64url');
const browser = () => ({ browserSecret, keyRing, now, signal: longEnough() });
const start = (options: Partial<SignInOptions> = {}) =>
  startSignIn(
    createRelyingParty(tiny, () => now),
    { returnPath: '/reports?year=2027', retries: 0, ...options },
    browser(),
  );
/** The authorization request, and the attempt as it comes back in its `state`. */
const started = async (options: Partial<SignInOptions> = {}) => {
  const { authorizationUrl, overflow } = await start(options);
  const url = new URL(authorizationUrl);
  const state = url.searchParams.get('state') ?? '';
  const attempt = await openAttempt(state, overflow === undefined ? [] : [overflow], browser());
  const secrets = await attemptSecrets(state, browserSecret, browser());
  return { attempt, secrets, url, query: url.searchParams };
};
const noise = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

describe('startSignIn', () => {
  it('makes a URL of the authorization endpoint that carries the attempt', async () => {
    const { secrets, url, query } = await started();
    expect(url.origin + url.pathname).toBe(tiny.origin + paths.authorize);
    const challenge = createHash('sha256').update(secrets.codeVerifier).digest('base64url');
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: clientId,
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: 'http://localhost:7071/auth/redirect',
      nonce: secrets.nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    expect(query.get('scope')?.split(' ').sort()).toEqual([
      'User.Read',
      'offline_access',
      'openid',
      'profile',
    ]);
  });

  it('asks consent for the scopes of declared APIs in the same request', async () => {
    const parts = createRelyingParty(tiny, () => now);
    const consentScopes = ['api://orders/Orders.Read', 'api://people/People.Read'];
    const { authorizationUrl } = await startSignIn(
      { ...parts, consentScopes },
      { returnPath: '/', retries: 0 },
      browser(),
    );
    const scopes = new URL(authorizationUrl).searchParams.get('scope')?.split(' ');
    expect(scopes).toEqual(expect.arrayContaining(['User.Read', ...consentScopes]));
  });

  it('tells the provider that this client handles claims challenges', async () => {
    const { query } = await started();
    expect(JSON.parse(query.get('claims') ?? '')).toMatchObject({
      access_token: { xms_cc: { values: ['cp1'] } },
    });
  });

  it('tells the provider how old a sign-in may be, where a step-up asks for it', async () => {
    expect((await started()).query.has('max_age')).toBe(false);
    const { query, attempt } = await started({ asked: { scopes: [], maxAgeSeconds: 300 } });
    expect(query.getAll('max_age')).toEqual(['300']);
    expect(attempt?.asked).toMatchObject({ maxAgeSeconds: 300 });
  });

  it('keeps verifier and secret to itself', async () => {
    const { secrets, url } = await started();
    expect(url.href).not.toContain(secrets.codeVerifier);
    expect(url.href).not.toContain(browserSecret);
    expect(url.href).not.toContain(clientSecret);
  });

  it('keeps in state what the end of the sign-in needs', async () => {
    const { attempt } = await started({ retries: 1, prompt: 'none' });
    expect(attempt).toMatchObject({
      returnPath: '/reports?year=2027',
      startedAt: now,
      retries: 1,
      prompt: 'none',
      asked: undefined,
    });
  });

  it('makes every attempt anew', async () => {
    const [a, b] = [await started(), await started()];
    expect(a.query.get('state')).not.toBe(b.query.get('state'));
    expect(a.secrets.nonce).not.toBe(b.secrets.nonce);
    expect(a.secrets.codeVerifier).not.toBe(b.secrets.codeVerifier);
  });

  it('gives no hint of an account together with the question which one', async () => {
    const { query } = await started({ loginHint: 'ada@contoso.example', prompt: 'select_account' });
    expect([query.get('login_hint'), query.get('prompt')]).toEqual([null, 'select_account']);
  });

  it.each<[string, Partial<SignInOptions>]>([
    ['a page of 2 KB that hardly compresses', { returnPath: `/reports?q=${noise(2030)}` }],
    [
      'claims of 2 KB and a page of 2 KB',
      {
        returnPath: `/reports?q=${noise(2030)}`,
        asked: { scopes: [], claims: JSON.stringify({ id_token: { a: { value: noise(2000) } } }) },
      },
    ],
  ])(
    'keeps the query under 4,096 characters, and its answer’s, with %s',
    async (_name, options) => {
      const { attempt, query, url } = await started(options);
      expect(url.search.length).toBeLessThan(4096);
      expect(attempt).toMatchObject({ ...options, isPartial: false, isIncomplete: false });
      const answer = new URLSearchParams({
        code: noise(2450),
        state: query.get('state') ?? '',
        session_state: '00000000-0000-4000-8000-000000000000',
        iss: 'https://login.microsoftonline.com/00000000-0000-4000-8000-000000000000/v2.0',
        hop: '1',
      });
      expect(answer.toString().length).toBeLessThan(4096);
    },
  );

  it('refuses what fits no address at all', async () => {
    const scopes = Array.from({ length: 40 }, () => noise(250));
    expect((await failureOf(start({ asked: { scopes } }))).code).toBe('ERR_BAD_REQUEST');
  });

  it('passes hints and prompt on', async () => {
    const { query } = await started({
      loginHint: 'ada@contoso.example',
      domainHint: 'contoso.example',
      prompt: 'login',
    });
    expect(query.get('login_hint')).toBe('ada@contoso.example');
    expect(query.get('domain_hint')).toBe('contoso.example');
    expect(query.get('prompt')).toBe('login');
  });

  it('asks a step-up for its scopes and claims beside the usual ones', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    const userKey = 'u'.repeat(43);
    const { attempt, query } = await started({
      asked: { userKey, scopes: ['Mail.Read', 'User.Read'], claims },
    });
    expect(query.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['User.Read', 'Mail.Read']),
    );
    expect(JSON.parse(query.get('claims') ?? '')).toMatchObject({
      access_token: { nbf: { essential: true, value: '1' }, xms_cc: { values: ['cp1'] } },
    });
    expect(attempt).toMatchObject({
      asked: { userKey, scopes: ['Mail.Read', 'User.Read'], claims },
    });
  });

  it('asks a step-up for .default alone, which Entra ID takes beside no other scope', async () => {
    const scopes = ['api://orders/.default'];
    const { query } = await started({ asked: { userKey: 'u'.repeat(43), scopes } });
    expect(query.get('scope')?.split(' ').sort()).toEqual([
      'api://orders/.default',
      'offline_access',
      'openid',
      'profile',
    ]);
  });

  it.each<[string, Partial<SignInOptions>]>([
    ['an oversized login_hint', { loginHint: 'a'.repeat(513) }],
    ['a login_hint with a line break', { loginHint: 'ada\r\nx' }],
    ['an oversized domain_hint', { domainHint: 'a'.repeat(254) }],
    ['a domain_hint that is no domain', { domainHint: 'a b' }],
  ])('refuses %s', async (_what, options) => {
    expect((await failureOf(start(options))).code).toBe('ERR_BAD_REQUEST');
  });

  it('lets MSAL ask for nothing: only our own two documents are fetched', async () => {
    await start();
    expect(tiny.requests).toEqual([`GET ${paths.metadata}`, `GET ${paths.keys}`]);
  });

  it('takes endpoints as they are when the authority has a single path segment', async () => {
    const authority = `${tiny.origin}/tenant`;
    tiny.metadata = { issuer: authority, authorization_endpoint: `${tiny.origin}/oauth/authorize` };
    tiny.answers.set('/tenant/.well-known/openid-configuration', {
      body: {
        issuer: authority,
        authorization_endpoint: `${tiny.origin}/oauth/authorize`,
        token_endpoint: `${tiny.origin}/oauth/token`,
        jwks_uri: tiny.origin + paths.keys,
      },
    });
    const parts = createRelyingParty(tiny, () => now, { authority, issuer: authority });
    const { authorizationUrl } = await startSignIn(
      parts,
      { returnPath: '/', retries: 0 },
      browser(),
    );
    expect(new URL(authorizationUrl).pathname).toBe('/oauth/authorize');
  });

  it('needs no client assertion for the managed identity yet', async () => {
    const parts = createRelyingParty(tiny, () => now, { credential: { kind: 'managed-identity' } });
    const work = startSignIn(parts, { returnPath: '/', retries: 0 }, browser());
    await expect(work).resolves.toHaveProperty('authorizationUrl');
  });
});

let fixture: ContextFixture;

beforeAll(async () => {
  fixture = await createContextFixture();
});
afterAll(() => fixture.stop());

const locationOf = (answer: { readonly headers?: unknown }) =>
  new URL(new Headers(Object(answer.headers) as Record<string, string>).get('location') ?? '');

describe('beginSignIn', () => {
  it('sends the browser to the provider, with one small cookie', async () => {
    const context = fixture.context('/auth/login');
    const answer = await beginSignIn(context, { retries: 0, returnPath: '/reports#row-17' });
    expect(answer.status).toBe(302);
    const url = locationOf(answer);
    expect(url.origin + url.pathname).toBe(fixture.tiny.origin + paths.authorize);
    expect(context.cookies.map(({ name }) => name)).toEqual(['anteroom-7071-sign-in']);
    const options = { keyRing: fixture.services.keyRing, now: fixture.now, signal: longEnough() };
    const attempt = await openAttempt(url.searchParams.get('state') ?? '', [], options);
    expect(attempt).toMatchObject({ returnPath: '/reports#row-17', startedAt: fixture.now });
  });

  it('keeps the cookie that other tabs have begun with', async () => {
    const value = randomBytes(32).toString('base64url');
    const headers = { accept: 'text/html', cookie: `anteroom-7071-sign-in=${value}` };
    const context = fixture.context('/auth/login', { headers });
    await beginSignIn(context, { retries: 0, returnPath: '/' });
    expect(context.cookies).toMatchObject([{ name: 'anteroom-7071-sign-in', value }]);
  });

  it('keeps a page that fits into no state in a cookie of its own', async () => {
    const context = fixture.context('/auth/login');
    const returnPath = `/reports?q=${randomBytes(1500).toString('base64url')}`;
    const url = locationOf(await beginSignIn(context, { retries: 0, returnPath }));
    expect(context.cookies).toHaveLength(2);
    const header = context.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const options = { keyRing: fixture.services.keyRing, now: fixture.now, signal: longEnough() };
    const overflows = readOverflows(readCookies(header), fixture.services.settings);
    const attempt = await openAttempt(url.searchParams.get('state') ?? '', overflows, options);
    expect(attempt).toMatchObject({ returnPath, isPartial: false });
  });

  it('passes on what is wrong with the keys, sets no cookie, and still knows the page', async () => {
    const unavailable = new AppError('ERR_KEYS_UNAVAILABLE');
    const keyRing = {
      ...fixture.services.keyRing,
      current: () => Promise.reject(unavailable),
    };
    const context = fixture.context('/auth/login');
    const services = { ...context.services, keyRing };
    const work = beginSignIn({ ...context, services }, { retries: 0, returnPath: '/reports' });
    expect(await failureOf(work)).toBe(unavailable);
    expect([context.cookies, context.visitor.returnPath]).toEqual([[], '/reports']);
  });
});
