import { createHash } from 'node:crypto';
import { startSignIn, type SignInWishes } from '../../src/auth/start-sign-in';
import { authParts, failureOf, longEnough, clientSecret } from '../support/auth-fixture';
import { clientId, paths, startTinyProvider, type TinyProvider } from '../support/tiny-provider';

const now = 1_800_000_000;
let tiny: TinyProvider;

beforeEach(async () => {
  tiny = await startTinyProvider();
});
afterEach(() => tiny.stop());

const start = (wishes: Partial<SignInWishes> = {}) =>
  startSignIn(
    authParts(tiny, () => now),
    { returnPath: '/reports?year=2027', round: 0, ...wishes },
    { now, signal: longEnough() },
  );
const started = async (wishes: Partial<SignInWishes> = {}) => {
  const { attempt, authorizationUrl } = await start(wishes);
  const url = new URL(authorizationUrl);
  return { attempt, url, query: url.searchParams };
};

describe('startSignIn', () => {
  it('makes a URL of the authorization endpoint that carries the attempt', async () => {
    const { attempt, url, query } = await started();
    expect(url.origin + url.pathname).toBe(tiny.origin + paths.authorize);
    const challenge = createHash('sha256').update(attempt.codeVerifier).digest('base64url');
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: clientId,
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: 'http://localhost:7071/auth/redirect',
      state: attempt.state,
      nonce: attempt.nonce,
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

  it('tells the provider that this client handles claims challenges', async () => {
    const { query } = await started();
    expect(JSON.parse(query.get('claims') ?? '')).toMatchObject({
      access_token: { xms_cc: { values: ['cp1'] } },
    });
  });

  it('keeps verifier and secret to itself', async () => {
    const { attempt, url } = await started();
    expect(url.href).not.toContain(attempt.codeVerifier);
    expect(url.href).not.toContain(clientSecret);
  });

  it('keeps in the attempt what the end of the sign-in needs', async () => {
    const { attempt } = await started({ round: 1, prompt: 'none' });
    expect(attempt).toMatchObject({
      returnPath: '/reports?year=2027',
      startedAt: now,
      prompt: 'none',
      scopes: ['User.Read'],
    });
    expect(attempt.state).toMatch(/^[A-Za-z0-9_-]{43}\.1$/);
    expect(attempt).not.toHaveProperty('stepUp');
    expect(attempt).not.toHaveProperty('claims');
  });

  it('makes every attempt anew', async () => {
    const [a, b] = [(await start()).attempt, (await start()).attempt];
    for (const member of ['state', 'nonce', 'codeVerifier'] as const) {
      expect(a[member]).not.toBe(b[member]);
    }
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
      stepUp: { userKey, scopes: ['Mail.Read', 'User.Read'], claims },
    });
    expect(query.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['User.Read', 'Mail.Read']),
    );
    expect(JSON.parse(query.get('claims') ?? '')).toMatchObject({
      access_token: { nbf: { essential: true, value: '1' }, xms_cc: { values: ['cp1'] } },
    });
    expect(attempt).toMatchObject({
      stepUp: { userKey },
      scopes: ['User.Read', 'Mail.Read'],
      claims,
    });
  });

  it.each<[string, Partial<SignInWishes>]>([
    ['an oversized login_hint', { loginHint: 'a'.repeat(513) }],
    ['a login_hint with a line break', { loginHint: 'ada\r\nx' }],
    ['an oversized domain_hint', { domainHint: 'a'.repeat(254) }],
    ['a domain_hint that is no domain', { domainHint: 'a b' }],
  ])('refuses %s', async (_what, wishes) => {
    expect((await failureOf(start(wishes))).code).toBe('ERR_BAD_REQUEST');
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
    const parts = authParts(tiny, () => now, { authority, issuer: authority });
    const { authorizationUrl } = await startSignIn(
      parts,
      { returnPath: '/', round: 0 },
      { now, signal: longEnough() },
    );
    expect(new URL(authorizationUrl).pathname).toBe('/oauth/authorize');
  });

  it('needs no client assertion for the managed identity yet', async () => {
    const parts = authParts(tiny, () => now, { credential: { kind: 'managed-identity' } });
    const work = startSignIn(parts, { returnPath: '/', round: 0 }, { now, signal: longEnough() });
    await expect(work).resolves.toHaveProperty('authorizationUrl');
  });
});
