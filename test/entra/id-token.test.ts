import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK, type JWTPayload } from 'jose';
import type { SignInDemands } from '../../src/entra/claims-challenge';
import { verifyIdToken } from '../../src/entra/id-token';
import type { RelyingParty } from '../../src/entra/msal';
import { userKeyOf } from '../../src/sessions/session';
import {
  adaClaims,
  createRelyingParty,
  clientSecret,
  failureOf,
  longEnough,
  objectId,
  printed,
  subject,
} from '../support/auth-fixture';
import {
  clientId,
  tinyKey,
  paths,
  startTinyProvider,
  tenantId,
  type TinyKey,
  type TinyProvider,
} from '../support/tiny-provider';

const now = 1_800_000_000;
const nonce = 'the-nonce-of-this-attempt';
const foreignTenant = '99999999-9999-4999-8999-999999999999';

let tiny: TinyProvider;
let parts: RelyingParty;
let claims: JWTPayload;

beforeEach(async () => {
  tiny = await startTinyProvider();
  parts = createRelyingParty(tiny, () => now);
  claims = { ...adaClaims(tiny, now), nonce };
});
afterEach(() => tiny.stop());

const verify = (token: string) => verifyIdToken(parts, token, { nonce, now, signal: longEnough() });

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function hmacToken(secret: string): string {
  const signed = `${encode({ alg: 'HS256', kid: 'first', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

type Change = (claims: JWTPayload) => JWTPayload;
const without =
  (claim: string): Change =>
  (all) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => name !== claim));
const withClaims =
  (more: JWTPayload): Change =>
  (all) => ({ ...all, ...more });

describe('verifyIdToken', () => {
  it('returns the user, the sid, the login hint and the claims', async () => {
    const verified = await verify(await tiny.sign(claims));

    expect(verified.user).toEqual({
      userKey: userKeyOf(tiny.issuer, objectId, subject),
      issuer: tiny.issuer,
      subject,
      objectId,
      tenantId,
      name: 'Ada Lovelace',
      username: 'ada@contoso.example',
      roles: ['admin'],
    });
    expect(verified.sid).toBe('sid-of-ada');
    expect(verified.loginHint).toBe('O.hint-of-ada');
    expect(verified.issuedAt).toBe(now);
    expect(verified.claims['ver']).toBe('2.0');
  });

  describe('accepts', () => {
    it.each<[string, Change]>([
      ['an aud array of one', withClaims({ aud: [clientId] })],
      ['several audiences with azp', withClaims({ aud: [clientId, 'other'], azp: clientId })],
      ['azp equal to the client id', withClaims({ azp: clientId })],
      ['exp 59 s ago', withClaims({ exp: now - 59 })],
      ['nbf in 60 s', withClaims({ nbf: now + 60 })],
      ['iat in 60 s', withClaims({ iat: now + 60 })],
      ['an iat of yesterday', withClaims({ iat: now - 86_399 })],
      ['no nbf', without('nbf')],
      ['no tid, as Azure AD B2C', without('tid')],
      ['tid in capitals', (all) => ({ ...all, tid: tenantId.toUpperCase() })],
      ['no oid', without('oid')],
      ['no roles', without('roles')],
      ['no sid', without('sid')],
      ['no login_hint', without('login_hint')],
      ['no name', without('name')],
      ['no preferred_username', without('preferred_username')],
      ['five hundred roles', withClaims({ roles: Array.from({ length: 500 }, (_, i) => `r${i}`) })],
      [
        'five hundred long roles',
        withClaims({ roles: Array.from({ length: 500 }, () => 'r'.repeat(256)) }),
      ],
      ['a role as one text', withClaims({ roles: 'admin' })],
      ['a role of 512 characters', withClaims({ roles: ['r'.repeat(512)] })],
    ])('%s', async (_what, change) => {
      const verified = await verify(await tiny.sign(change(claims)));
      expect(verified.user.subject).toBe(subject);
    });

    it('a role as one text for a list of one', async () => {
      const verified = await verify(await tiny.sign({ ...claims, roles: 'admin' }));
      expect(verified.user.roles).toEqual(['admin']);
    });

    it('no kid when there is a single key', async () => {
      const token = await tiny.sign(claims, { header: { kid: undefined } });
      expect((await verify(token)).user.subject).toBe(subject);
    });

    it('no kid when all but one key are for encryption or of another kind', async () => {
      const other = await tinyKey('other');
      const foreign = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'ec' };
      tiny.keys = [{ ...other.jwk, use: 'enc' }, foreign, tiny.key.jwk];
      const token = await tiny.sign(claims, { header: { kid: undefined } });
      expect((await verify(token)).user.subject).toBe(subject);
    });

    it('no kid when one of several keys fits', async () => {
      tiny.keys = [(await tinyKey('second')).jwk, tiny.key.jwk];
      const token = await tiny.sign(claims, { header: { kid: undefined } });
      expect((await verify(token)).user.subject).toBe(subject);
    });

    it('a key set that lists its key twice', async () => {
      tiny.keys = [tiny.key.jwk, tiny.key.jwk];
      expect((await verify(await tiny.sign(claims))).user.subject).toBe(subject);
    });

    it('a key set that lists other keys under the same kid', async () => {
      const other = (await tinyKey('other')).jwk;
      const twins = [
        { ...other, kid: 'first' },
        { ...tiny.key.jwk, alg: 'PS256' },
        { ...other, kid: 'first', n: '!' },
        { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'first' },
      ];
      tiny.keys = [...twins, tiny.key.jwk];
      expect((await verify(await tiny.sign(claims))).user.subject).toBe(subject);
    });

    it("a key of this app's own, which Entra ID lists only for the app", async () => {
      const own = await tinyKey('of-this-app');
      tiny.appKeys = [own.jwk];
      expect((await verify(await tiny.sign(claims, { key: own }))).user.subject).toBe(subject);
    });

    it('a new kid after the keys have rotated', async () => {
      await verify(await tiny.sign(claims));
      const second = await tinyKey('second');
      tiny.keys = [second.jwk];
      const verified = await verify(await tiny.sign(claims, { key: second }));
      expect(verified.user.subject).toBe(subject);
      expect(tiny.count(paths.keys)).toBe(2);
    });
  });

  describe('compares the user flow of Azure AD B2C: a token that names', () => {
    const verifyIn = (authority: string, token: string) => {
      const settings = { ...parts.settings, authority: tiny.origin + authority };
      return verifyIdToken({ ...parts, settings }, token, { nonce, now, signal: longEnough() });
    };

    it.each<[string, JWTPayload, string | undefined]>([
      ['its own user flow, in any case', { tfp: 'b2c_1_SIGN_in' }, undefined],
      ['it in acr, as old ones do', { acr: 'b2c_1_sign_in' }, undefined],
      ['none, as custom policies may', {}, undefined],
      ['another thing in acr', { acr: 'urn:password' }, undefined],
      ['another user flow', { tfp: 'B2C_1_reset' }, 'tfp'],
      ['another one in acr', { acr: 'b2c_1a_edit' }, 'acr'],
      ['another one beside its own in acr', { tfp: 'B2C_1_reset', acr: 'b2c_1_sign_in' }, 'tfp'],
      ['one that is no text', { tfp: ['B2C_1_sign_in'] }, 'tfp'],
    ])('%s', async (_what, more, failed) => {
      const token = await tiny.sign({ ...claims, ...more });
      const verified = verifyIn('/contoso.example/B2C_1_sign_in/v2.0', token);
      if (failed === undefined) {
        expect((await verified).user.subject).toBe(subject);
        return;
      }
      const { code, note } = await failureOf(verified);
      expect([code, note]).toEqual(['ERR_ID_TOKEN', `the ID token failed the check of ${failed}`]);
    });

    it('another, of a provider that has no user flows, is not looked at', async () => {
      const token = await tiny.sign({ ...claims, tfp: 'B2C_1_reset', acr: '1' });
      expect((await verifyIn(`/${tenantId}/v2.0`, token)).user.subject).toBe(subject);
    });
  });

  describe('keeps nobody out for a claim that only serves convenience', () => {
    const username = 'ada@contoso.example';

    it.each<[string, JWTPayload, Record<string, unknown>]>([
      ['a name of 256 characters', { name: 'n'.repeat(256) }, { name: 'n'.repeat(256) }],
      ['an oversized name, which is cut', { name: 'n'.repeat(257) }, { name: 'n'.repeat(256) }],
      ['an empty name: the user name stands in', { name: '' }, { name: username }],
      ['a name that is no text', { name: ['Ada'] }, { name: username }],
      [
        'an oversized user name, which is cut',
        { preferred_username: 'u'.repeat(257) },
        { username: 'u'.repeat(256), name: 'Ada Lovelace' },
      ],
      ['an empty user name', { preferred_username: '' }, { username: '', name: 'Ada Lovelace' }],
      [
        'neither name nor user name: the object id stands in',
        { name: '', preferred_username: 1, oid: 'an-object-id' },
        { username: '', name: 'an-object-id' },
      ],
      [
        'no user name, as Azure AD B2C sends none: a mail address stands in',
        { preferred_username: undefined, emails: [username, 'ada@fabrikam.example'] },
        { username, name: 'Ada Lovelace' },
      ],
      [
        'no user name, and mail addresses that are no texts',
        { preferred_username: undefined, email: 1, emails: [{}], upn: username },
        { username },
      ],
    ])('%s', async (_what, more, expected) => {
      const { user } = await verify(await tiny.sign({ ...claims, ...more }));
      expect(user).toMatchObject(expected);
    });

    it.each<[string, unknown, string | undefined]>([
      ['sid', 's'.repeat(256), 's'.repeat(256)],
      ['sid', 's'.repeat(257), undefined],
      ['sid', '', undefined],
      ['sid', 7, undefined],
      ['login_hint', 'h'.repeat(1024), 'h'.repeat(1024)],
      ['login_hint', 'h'.repeat(1025), undefined],
      ['login_hint', '', undefined],
      ['login_hint', { hint: 'h' }, undefined],
    ])('%s %j: used or absent, never cut, since a part of it names nothing', async (...row) => {
      const [claim, value, expected] = row;
      const { sid, loginHint } = await verify(await tiny.sign({ ...claims, [claim]: value }));
      expect(claim === 'sid' ? sid : loginHint).toBe(expected);
    });
  });

  describe('refuses', () => {
    it.each<[string, string, Change]>([
      ['another iss', 'iss', (all) => ({ ...all, iss: `${all.iss ?? ''}1` })],
      ['a missing iss', 'iss', without('iss')],
      ['a trailing slash in iss', 'iss', (all) => ({ ...all, iss: `${all.iss ?? ''}/` })],
      ['another aud', 'aud', withClaims({ aud: `${clientId}1` })],
      ['a missing aud', 'aud', without('aud')],
      ['an aud array without us', 'aud', withClaims({ aud: ['other'] })],
      ['several audiences without azp', 'azp', withClaims({ aud: [clientId, 'other'] })],
      ['several audiences, azp another', 'azp', withClaims({ aud: [clientId, 'o'], azp: 'o' })],
      ['azp of another client', 'azp', withClaims({ azp: 'other' })],
      ['a missing exp', 'exp', without('exp')],
      ['exp 60 s ago', 'exp', withClaims({ exp: now - 60 })],
      ['exp as text', 'exp', (all) => ({ ...all, exp: `${now + 60}` as unknown as number })],
      ['nbf in 61 s', 'nbf', withClaims({ nbf: now + 61 })],
      ['nbf as text', 'nbf', (all) => ({ ...all, nbf: `${now}` as unknown as number })],
      ['a missing iat', 'iat', without('iat')],
      ['iat in 61 s', 'iat', withClaims({ iat: now + 61 })],
      ['an iat of last week', 'iat', withClaims({ iat: now - 7 * 86_400 })],
      ['an iat a day ago', 'iat', withClaims({ iat: now - 86_400 })],
      ['iat as text', 'iat', (all) => ({ ...all, iat: `${now}` as unknown as number })],
      ['a missing nonce', 'nonce', without('nonce')],
      ['another nonce', 'nonce', withClaims({ nonce: `${nonce}1` })],
      ['a nonce that is no text', 'nonce', withClaims({ nonce: [nonce] })],
      ['a missing sub', 'sub', without('sub')],
      ['an empty sub', 'sub', withClaims({ sub: '' })],
      ['a sub that is no text', 'sub', withClaims({ sub: 1 as unknown as string })],
      ['an oversized sub', 'sub', withClaims({ sub: 's'.repeat(257) })],
      ['an oid that is no text', 'oid', withClaims({ oid: { a: 1 } })],
      ['an empty oid', 'oid', withClaims({ oid: '' })],
      ['a tid that is no text', 'tid', withClaims({ tid: [tenantId] })],
      ['an oversized oid', 'oid', withClaims({ oid: 'o'.repeat(257) })],
      ['an empty tid', 'tid', withClaims({ tid: '' })],
      ['an oversized tid', 'tid', withClaims({ tid: 't'.repeat(257) })],
      ['an empty nonce', 'nonce', withClaims({ nonce: '' })],
      ['an oversized nonce', 'nonce', withClaims({ nonce: 'n'.repeat(257) })],
      ['an oversized role', 'roles', withClaims({ roles: ['r'.repeat(513)] })],
      ['roles that are neither list nor text', 'roles', withClaims({ roles: { admin: true } })],
      ['a role that is no text', 'roles', withClaims({ roles: ['admin', 1] })],
    ])('%s', async (_what, check, change) => {
      const failure = await failureOf(verify(await tiny.sign(change(claims))));
      expect(failure.code).toBe('ERR_ID_TOKEN');
      expect(failure.note).toBe(`the ID token failed the check of ${check}`);
    });

    it('501 roles, and says which limit that is', async () => {
      const roles = Array.from({ length: 501 }, () => 'r');
      const failure = await failureOf(verify(await tiny.sign({ ...claims, roles })));
      expect([failure.code, failure.note]).toEqual([
        'ERR_TOO_MANY_ROLES',
        'the ID token has 501 roles, more than 500',
      ]);
    });

    it('another tenant by its tid', async () => {
      const failure = await failureOf(verify(await tiny.sign({ ...claims, tid: foreignTenant })));
      expect(failure.code).toBe('ERR_WRONG_TENANT');
    });

    it('alg none, with and without a signature', async () => {
      const unsigned = `${encode({ alg: 'none', kid: 'first' })}.${encode(claims)}`;
      const signature = (await tiny.sign(claims)).split('.')[2] ?? '';
      for (const token of [`${unsigned}.`, `${unsigned}.${signature}`]) {
        expect((await failureOf(verify(token))).note).toContain('check of alg');
      }
    });

    it('HS256 signed with the client secret', async () => {
      const failure = await failureOf(verify(hmacToken(clientSecret)));
      expect([failure.code, failure.note]).toEqual([
        'ERR_ID_TOKEN',
        'the ID token failed the check of alg',
      ]);
    });

    it("HS256 signed with the provider's public key", async () => {
      const publicKey = await importJWK(tiny.key.jwk, 'RS256', { extractable: true });
      if (publicKey instanceof Uint8Array) throw new Error('not a public key');
      const failure = await failureOf(verify(hmacToken(await exportSPKI(publicKey))));
      expect(failure.note).toBe('the ID token failed the check of alg');
    });

    it.each(['PS256', 'RS512', 'ES256', 'EdDSA'])('the other algorithm %s', async (alg) => {
      const [, payload, signature] = (await tiny.sign(claims)).split('.');
      const token = `${encode({ alg, kid: 'first' })}.${payload ?? ''}.${signature ?? ''}`;
      expect((await failureOf(verify(token))).note).toContain('check of alg');
    });

    it('a corrupted signature', async () => {
      const token = await tiny.sign(claims);
      const broken = token.slice(0, -20) + (token.at(-20) === 'A' ? 'B' : 'A') + token.slice(-19);
      expect((await failureOf(verify(broken))).note).toContain('check of signature');
    });

    it('padding after the signature, which jose takes', async () => {
      const failure = await failureOf(verify(`${await tiny.sign(claims)}==`));
      expect(failure.note).toContain('check of form');
    });

    it('changed claims under an old signature', async () => {
      const [header, , signature] = (await tiny.sign(claims)).split('.');
      const token = `${header ?? ''}.${encode({ ...claims, roles: ['owner'] })}.${signature ?? ''}`;
      expect((await failureOf(verify(token))).note).toContain('check of signature');
    });

    it('a signature by another key under a known kid', async () => {
      const other: TinyKey = { ...(await tinyKey('x')), kid: 'first' };
      const failure = await failureOf(verify(await tiny.sign(claims, { key: other })));
      expect(failure.note).toContain('check of signature');
    });

    it('a kid the provider does not list, after looking once more', async () => {
      const failure = await failureOf(verify(await tiny.sign(claims, { header: { kid: 'no' } })));
      expect(failure.note).toBe('the ID token failed the check of kid');
      expect(tiny.count(paths.keys)).toBe(2);
    });

    it('no kid when none of the keys fits, without fetching them again', async () => {
      tiny.keys = [(await tinyKey('second')).jwk, (await tinyKey('third')).jwk];
      const token = await tiny.sign(claims, { header: { kid: undefined } });
      expect((await failureOf(verify(token))).note).toContain('check of signature');
      expect(tiny.count(paths.keys)).toBe(1);
    });

    it('a key that is not for signing', async () => {
      tiny.keys = [{ ...tiny.key.jwk, use: 'enc' }, (await tinyKey('second')).jwk];
      expect((await failureOf(verify(await tiny.sign(claims)))).note).toContain('check of kid');
    });

    it('an oversized token before anything else', async () => {
      const token = await tiny.sign({ ...claims, padding: 'p'.repeat(256 * 1024) });
      const { code, note } = await failureOf(verify(token));
      expect(code).toBe('ERR_TOKEN_SIZE');
      expect(note).toMatch(/^the ID token has \d{6} characters, more than 262144$/);
      expect(tiny.requests).toEqual([]);
    });

    it.each(['', 'abc', 'a.b.c', 'e30.e30.', '....'])('%p, which is no JWT', async (token) => {
      expect((await failureOf(verify(token))).code).toBe('ERR_ID_TOKEN');
    });
  });

  describe('on a refresh', () => {
    const ada = () => ({ issuer: tiny.issuer, subject, objectId });
    const verifyRefreshed = async (change: Change) =>
      verifyIdToken(parts, await tiny.sign(change(without('nonce')(claims))), {
        user: ada(),
        now,
        signal: longEnough(),
      });

    it('needs no nonce', async () => {
      expect((await verifyRefreshed((all) => all)).user.objectId).toBe(objectId);
    });

    it.each<[string, string, Change]>([
      ['sub', 'sub of the session', withClaims({ sub: 'another' })],
      ['oid', 'oid of the session', withClaims({ oid: 'another' })],
      ['missing oid', 'oid of the session', without('oid')],
      ['iss', 'iss', withClaims({ iss: 'https://other.example' })],
    ])('refuses another %s than the session has', async (_what, check, change) => {
      const failure = await failureOf(verifyRefreshed(change));
      expect(failure.note).toBe(`the ID token failed the check of ${check}`);
    });

    it('refuses a session of another issuer', async () => {
      const work = verifyIdToken(parts, await tiny.sign(claims), {
        user: { ...ada(), issuer: 'https://other.example' },
        now,
        signal: longEnough(),
      });
      expect((await failureOf(work)).note).toContain('iss of the session');
    });
  });

  describe('when the sign-in itself had to be of a kind', () => {
    const verifyDemands = async (change: JWTPayload, demands: SignInDemands) =>
      verifyIdToken(parts, await tiny.sign({ ...claims, ...change }), {
        nonce,
        demands,
        now,
        signal: longEnough(),
      });

    it.each<[string, JWTPayload, SignInDemands]>([
      ['the authentication context', { acrs: ['c1', 'c2'] }, { acrs: ['c2'] }],
      ['one of several contexts', { acrs: ['c3'] }, { acrs: ['c1', 'c3'] }],
      ['a context as one text', { acrs: 'c1' }, { acrs: ['c1'] }],
      ['an auth_time', { auth_time: now - 9999 }, { authTime: true }],
      ['an auth_time within max_age', { auth_time: now - 360 }, { maxAgeSeconds: 300 }],
    ])('takes a token with %s', async (_what, change, demands) => {
      expect((await verifyDemands(change, demands)).user.subject).toBe(subject);
    });

    it.each<[string, string, JWTPayload, SignInDemands]>([
      ['no context', 'acrs', {}, { acrs: ['c1'] }],
      ['another context', 'acrs', { acrs: ['c2'] }, { acrs: ['c1'] }],
      ['no auth_time', 'auth_time', {}, { authTime: true }],
      ['no auth_time for max_age', 'auth_time', {}, { maxAgeSeconds: 300 }],
      ['an auth_time as text', 'auth_time', { auth_time: `${now}` }, { maxAgeSeconds: 300 }],
      ['an auth_time long ago', 'auth_time', { auth_time: now - 361 }, { maxAgeSeconds: 300 }],
      ['an auth_time to come', 'auth_time', { auth_time: now + 61 }, { maxAgeSeconds: 300 }],
    ])('refuses a token with %s', async (_what, check, change, demands) => {
      const failure = await failureOf(verifyDemands(change, demands));
      expect(failure.code).toBe('ERR_STEP_UP_UNMET');
      expect(failure.note).toBe(`the ID token failed the check of ${check}`);
    });

    it.each<[string, JWTPayload, readonly string[] | undefined, number | undefined]>([
      ['neither', {}, undefined, undefined],
      ['both', { acrs: ['c1'], auth_time: now - 5 }, ['c1'], now - 5],
      ['a context as text', { acrs: 'c1' }, ['c1'], undefined],
      ['no context at all', { acrs: [] }, [], undefined],
      ['others than texts', { acrs: [1], auth_time: '5' }, undefined, undefined],
      ['too many', { acrs: Array.from({ length: 101 }, () => 'c1') }, undefined, undefined],
    ])('tells of a token with %s', async (_what, change, acrs, authTime) => {
      expect(await verifyDemands(change, {})).toMatchObject({ acrs, authTime });
    });
  });

  it('prints no claim and no token in its errors', async () => {
    const token = await tiny.sign({ ...claims, exp: now - 3600 });
    const text = printed(await failureOf(verify(token)));
    for (const secret of [...token.split('.'), nonce, subject, objectId, 'ada@contoso.example']) {
      expect(text).not.toContain(secret);
    }
  });
});
