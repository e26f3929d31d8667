import { createHmac, generateKeyPairSync, randomBytes, sign as signBytes } from 'node:crypto';
import {
  base64url,
  CompactEncrypt,
  CompactSign,
  exportSPKI,
  importJWK,
  type JWTPayload,
} from 'jose';
import type { RelyingParty } from '../../src/entra/msal';
import { userKeyOf } from '../../src/sessions/session';
import { verifyBearerToken } from '../../src/tokens/bearer-token';
import {
  adaClaims,
  createRelyingParty,
  failureOf,
  longEnough,
  objectId,
  subject,
} from '../support/auth-fixture';
import {
  clientId,
  paths,
  startTinyProvider,
  tenantId,
  tinyKey,
  type TinyProvider,
} from '../support/tiny-provider';

const now = 1_800_000_000;
const audience = 'api://notes';
const caller = '44444444-4444-4444-8444-444444444444';
const foreignTenant = '99999999-9999-4999-8999-999999999999';

let tiny: TinyProvider;
let parts: RelyingParty;
/** As Entra ID sends them in a v2.0 token: for Ada through another app, and for that app itself. */
let personal: JWTPayload;
let ofApp: JWTPayload;

beforeAll(async () => {
  tiny = await startTinyProvider();
});
beforeEach(() => {
  parts = createRelyingParty(tiny, () => now);
  const times = { iat: now, nbf: now, exp: now + 3600 };
  const common = { ...times, iss: tiny.issuer, aud: clientId, tid: tenantId, ver: '2.0', uti: 'u' };
  personal = {
    ...common,
    azp: caller,
    azpacr: '0',
    name: 'Ada Lovelace',
    oid: objectId,
    preferred_username: 'ada@contoso.example',
    roles: ['editor'],
    scp: 'Notes.Read Notes.Write',
    sub: subject,
  };
  ofApp = {
    ...common,
    azp: caller,
    azpacr: '1',
    oid: 'service-principal',
    roles: ['Notes.Read.All'],
    sub: 'service-principal',
  };
});
afterAll(() => tiny.stop());

const verify = (token: string) =>
  verifyBearerToken(parts, token, { audience, now, signal: longEnough() });

/** The same token as a registration gets it whose `requestedAccessTokenVersion` is not set. */
function firstVersion({ azp, ...claims }: JWTPayload): JWTPayload {
  const iss = `https://sts.windows.net/${tenantId}/`;
  return { ...claims, iss, aud: audience, appid: azp, ver: '1.0' };
}

const without = (claims: JWTPayload, claim: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim));

const encode = (value: unknown) => base64url.encode(JSON.stringify(value));

/** A token with exactly these texts, which the provider signed: with members that no library would write. */
async function signText(header: string, payload: string): Promise<string> {
  const { privateKey } = await tinyKey('first');
  const input = `${base64url.encode(header)}.${base64url.encode(payload)}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input));
  return `${input}.${base64url.encode(new Uint8Array(signature))}`;
}

async function checkOf(token: string): Promise<string> {
  const { code, note = '' } = await failureOf(verify(token));
  expect(code).toBe('ERR_BEARER_TOKEN');
  return note.replace('the token failed the check of ', '');
}

describe('verifyBearerToken', () => {
  it('gives the person and the client of a v2.0 token', async () => {
    const token = await tiny.sign({ ...personal, acrs: ['c1'], auth_time: now - 60 });
    expect(await verify(token)).toEqual({
      user: {
        userKey: userKeyOf(tiny.issuer, objectId, subject),
        issuer: tiny.issuer,
        subject,
        objectId,
        tenantId,
        name: 'Ada Lovelace',
        username: 'ada@contoso.example',
        roles: ['editor'],
      },
      client: {
        id: caller,
        objectId: undefined,
        tenantId: undefined,
        scopes: ['Notes.Read', 'Notes.Write'],
        roles: [],
      },
      acrs: ['c1'],
      authTime: now - 60,
      assertion: token,
    });
  });

  describe('with a user flow of Azure AD B2C, as in ID tokens', () => {
    it.each<[string, JWTPayload, string | undefined]>([
      ['its own', { tfp: 'b2c_1_sign_in' }, undefined],
      ['none', {}, undefined],
      ['another', { tfp: 'B2C_1_reset' }, 'tfp'],
    ])('%s', async (_what, more, failed) => {
      const authority = `${tiny.origin}/contoso.example/B2C_1_sign_in/v2.0`;
      parts = { ...parts, settings: { ...parts.settings, authority } };
      const token = await tiny.sign({ ...personal, ver: '1.0', ...more });
      if (failed === undefined) expect((await verify(token)).user?.subject).toBe(subject);
      else expect(await checkOf(token)).toBe(failed);
    });
  });

  it('gives the app of a token without a person', async () => {
    const { user, client } = await verify(await tiny.sign(ofApp));
    expect(user).toBeUndefined();
    expect(client).toEqual({
      id: caller,
      objectId: 'service-principal',
      tenantId,
      scopes: [],
      roles: ['Notes.Read.All'],
    });
  });

  it('gives the same person for a v1.0 token, and the user name that it has', async () => {
    const claims = without(firstVersion(personal), 'preferred_username');
    const { user, client } = await verify(
      await tiny.sign({ ...claims, unique_name: 'ada@contoso.example' }),
    );
    expect(user?.userKey).toBe(userKeyOf(tiny.issuer, objectId, subject));
    expect([user?.issuer, user?.username]).toEqual([tiny.issuer, 'ada@contoso.example']);
    expect(client.id).toBe(caller);
  });

  it.each<[string, (claims: JWTPayload) => JWTPayload]>([
    ['the App ID URI with a slash', (claims) => ({ ...claims, aud: `${audience}/` })],
    ['the client id', (claims) => ({ ...claims, aud: clientId })],
    ['a list of one', (claims) => ({ ...claims, aud: [audience] })],
  ])('accepts as audience of a v1.0 token %s', async (_what, change) => {
    const { user } = await verify(await tiny.sign(change(firstVersion(personal))));
    expect(user?.subject).toBe(subject);
  });

  it.each<[string, JWTPayload]>([
    ['idtyp of a user', { idtyp: 'user' }],
    ['tid in capitals', { tid: tenantId.toUpperCase() }],
    ['exp 59 s ago', { exp: now - 59 }],
    ['nbf in 60 s', { nbf: now + 60 }],
    ['iat in 60 s', { iat: now + 60 }],
    ['five hundred roles', { roles: Array.from({ length: 500 }, (_, index) => `r${index}`) }],
    ['one role as a text', { roles: 'editor' }],
  ])('accepts %s', async (_what, more) => {
    expect((await verify(await tiny.sign({ ...personal, ...more }))).user?.subject).toBe(subject);
  });

  it("accepts an app's token that says so, whatever its subject", async () => {
    const token = await tiny.sign({ ...ofApp, idtyp: 'app', sub: 'another' });
    expect((await verify(token)).user).toBeUndefined();
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt', undefined])(
    'accepts the type %s',
    async (typ) => {
      const token = await tiny.sign(personal, { header: { typ } });
      expect((await verify(token)).user?.subject).toBe(subject);
    },
  );

  it('knows a key that came with a rotation', async () => {
    const second = await tinyKey('second');
    tiny.keys = [...tiny.keys, second.jwk];
    const token = await tiny.sign(personal, { key: second });
    expect((await verify(token)).user?.subject).toBe(subject);
  });
});

describe('verifyBearerToken refuses', () => {
  it.each<[string, string, JWTPayload]>([
    ['the audience of another API', 'aud', { aud: 'api://orders' }],
    ['the audience of Microsoft Graph', 'aud', { aud: 'https://graph.microsoft.com' }],
    ['an audience that only begins as ours', 'aud', { aud: `${clientId}1` }],
    ['an audience below ours', 'aud', { aud: `${audience}/more` }],
    ['several audiences', 'aud', { aud: [clientId, 'api://orders'] }],
    ['an empty list of audiences', 'aud', { aud: [] }],
    ['another issuer', 'iss', { iss: 'https://login.evil.example/v2.0' }],
    ['a v1.0 issuer in a v2.0 token', 'iss', { iss: `https://sts.windows.net/${tenantId}/` }],
    ['a v2.0 issuer in a v1.0 token', 'iss', { ver: '1.0' }],
    ['another version', 'ver', { ver: '3.0' }],
    ['a version that is a number', 'ver', { ver: 2 }],
    ['another tenant', 'tid', { tid: foreignTenant }],
    ['a tenant that is no text', 'tid', { tid: [tenantId] }],
    ['exp 60 s ago', 'exp', { exp: now - 60 }],
    ['exp as text', 'exp', { exp: `${now + 60}` as unknown as number }],
    ['nbf in 61 s', 'nbf', { nbf: now + 61 }],
    ['iat in 61 s', 'iat', { iat: now + 61 }],
    ['iat as text', 'iat', { iat: `${now}` as unknown as number }],
    ['an empty sub', 'sub', { sub: '' }],
    ['a sub that is no text', 'sub', { sub: 7 as unknown as string }],
    ['an oid that is no text', 'oid', { oid: { id: 1 } }],
    ['azp that is no text', 'azp', { azp: [caller] }],
    ['an empty azp', 'azp', { azp: '' }],
    ['scp as a list', 'scp', { scp: ['Notes.Read'] }],
    ['scp without a scope, of a person', 'scp', { scp: ' ' }],
    ['501 scopes', 'scp', { scp: Array.from({ length: 501 }, () => 's').join(' ') }],
    ['an oversized scp', 'scp', { scp: 's'.repeat(8193) }],
    ['roles that are no list', 'roles', { roles: { editor: true } }],
    ['a role that is no text', 'roles', { roles: ['editor', 1] }],
    ['501 roles', 'roles', { roles: Array.from({ length: 501 }, () => 'r') }],
    ['idtyp of an app beside scp', 'idtyp', { idtyp: 'app' }],
    ['idtyp of a device', 'idtyp', { idtyp: 'device' }],
    ['acrs that are no texts', 'acrs', { acrs: [1] }],
    ['auth_time as text', 'auth_time', { auth_time: `${now}` }],
    ['a token that is bound to a key (PoP, DPoP, mTLS)', 'cnf', { cnf: { jkt: 'x' } }],
  ])('%s', async (_what, check, more) => {
    expect(await checkOf(await tiny.sign({ ...personal, ...more }))).toBe(check);
  });

  it('our issuer with a slash more', async () => {
    expect(await checkOf(await tiny.sign({ ...personal, iss: `${tiny.issuer}/` }))).toBe('iss');
  });

  it.each(['exp', 'iat', 'iss', 'sub', 'aud', 'tid', 'ver', 'azp', 'scp'])(
    'a token without %s',
    async (claim) => {
      expect(await checkOf(await tiny.sign(without(personal, claim)))).toBe(claim);
    },
  );

  it('a v1.0 token of another tenant, by issuer and by tid', async () => {
    const theirs = { ...firstVersion(personal), iss: `https://sts.windows.net/${foreignTenant}/` };
    expect(await checkOf(await tiny.sign(theirs))).toBe('iss');
    const named = { ...firstVersion(personal), tid: foreignTenant };
    expect(await checkOf(await tiny.sign(named))).toBe('iss');
    expect(await checkOf(await tiny.sign({ ...theirs, tid: foreignTenant }))).toBe('iss');
  });

  it('an account of a tenant that is not on the list', async () => {
    parts = createRelyingParty(tiny, () => now, { allowedTenants: new Set([foreignTenant]) });
    expect(await checkOf(await tiny.sign(personal))).toBe('tid');
  });

  it('the role of the console to everybody but the tenant of the settings', async () => {
    const allowedTenants = new Set([tenantId]);
    const roles = ['admin', 'editor'];
    const rolesIn = async (adminTenantId: string | undefined, claims: JWTPayload) => {
      parts = createRelyingParty(tiny, () => now, { allowedTenants, adminTenantId });
      const { user, client } = await verify(await tiny.sign({ ...claims, roles }));
      return user?.roles ?? client.roles;
    };
    for (const claims of [personal, ofApp]) {
      expect(await rolesIn(tenantId, claims)).toEqual(roles);
      expect(await rolesIn(foreignTenant, claims)).toEqual(['editor']);
      expect(await rolesIn(undefined, claims)).toEqual(['editor']);
    }
  });

  it('an ID token, also one of a person with roles', async () => {
    const idToken = await tiny.sign({ ...adaClaims(tiny, now), nonce: 'n' });
    expect(await checkOf(idToken)).toBe('azp');
    // Some providers send `azp` in ID tokens.
    const withParty = await tiny.sign({ ...adaClaims(tiny, now), azp: clientId });
    expect(await checkOf(withParty)).toBe('scp');
  });

  it("an app's token that says it is a person's", async () => {
    expect(await checkOf(await tiny.sign({ ...ofApp, idtyp: 'user' }))).toBe('scp');
  });

  it('v1.0 tokens where the provider is no workforce tenant of Entra ID', async () => {
    parts = createRelyingParty(tiny, () => now, { issuer: 'https://other.example/v2.0' });
    tiny.metadata = { issuer: 'https://other.example/v2.0' };
    expect(await checkOf(await tiny.sign(firstVersion(personal)))).toBe('iss');
    tiny.metadata = {};
  });
});

describe('verifyBearerToken refuses by the form', () => {
  it('alg none, with a signature and without', async () => {
    const [, , signature = ''] = (await tiny.sign(personal)).split('.');
    const unsigned = `${encode({ alg: 'none', kid: 'first' })}.${encode(personal)}`;
    expect(await checkOf(`${unsigned}.`)).toBe('alg');
    expect(await checkOf(`${unsigned}.${signature}`)).toBe('alg');
  });

  it("HS256 with the provider's public key as the secret", async () => {
    const publicKey = await importJWK(tiny.key.jwk, 'RS256', { extractable: true });
    if (publicKey instanceof Uint8Array) throw new Error('not a public key');
    const input = `${encode({ alg: 'HS256', kid: 'first', typ: 'JWT' })}.${encode(personal)}`;
    const mac = createHmac('sha256', await exportSPKI(publicKey))
      .update(input)
      .digest('base64url');
    expect(await checkOf(`${input}.${mac}`)).toBe('alg');
  });

  it.each(['PS256', 'RS384', 'ES256', 'rs256', 'EdDSA'])('the algorithm %s', async (alg) => {
    const [, payload = '', signature = ''] = (await tiny.sign(personal)).split('.');
    expect(await checkOf(`${encode({ alg, kid: 'first' })}.${payload}.${signature}`)).toBe('alg');
  });

  it('a missing, an empty and an unknown kid, and one that is no text', async () => {
    for (const kid of [undefined, '', 'unknown', 1]) {
      expect(await checkOf(await tiny.sign(personal, { header: { kid } }))).toBe('kid');
    }
  });

  it('another key under a known kid', async () => {
    const other = await tinyKey('other');
    const forged = await tiny.sign(personal, { key: { ...other, kid: 'first' } });
    expect(await checkOf(forged)).toBe('signature');
  });

  it('a key that the token brings along, or names by an address', async () => {
    const other = await tinyKey('other');
    const evil = 'https://evil.example/keys';
    for (const member of [{ jwk: other.jwk }, { jku: evil }, { x5u: evil }, { x5c: ['AA'] }]) {
      const header = { ...member, kid: 'first' };
      expect(await checkOf(await tiny.sign(personal, { key: other, header }))).toBe('signature');
    }
    expect(tiny.requests.filter((line) => !/metadata|keys|openid/.test(line))).toEqual([]);
  });

  it('changed claims and a changed header under an old signature', async () => {
    const [header = '', payload = '', signature = ''] = (await tiny.sign(personal)).split('.');
    const more = encode({ ...personal, scp: 'Notes.Delete' });
    expect(await checkOf(`${header}.${more}.${signature}`)).toBe('signature');
    const other = encode({ alg: 'RS256', kid: 'first' });
    expect(await checkOf(`${other}.${payload}.${signature}`)).toBe('signature');
  });

  it('a header that says there is more to understand', async () => {
    const claims = JSON.stringify(personal);
    const crit = { alg: 'RS256', kid: 'first', crit: ['exp'], exp: now };
    expect(await checkOf(await signText(JSON.stringify(crit), claims))).toBe('form');
    const unencoded = { alg: 'RS256', kid: 'first', crit: ['b64'], b64: false };
    expect(await checkOf(await signText(JSON.stringify(unencoded), claims))).toBe('form');
  });

  it('a token of Microsoft Graph, whose header has a nonce that changes what was signed', async () => {
    const graph = { ...personal, aud: clientId };
    const token = await tiny.sign(graph, { header: { nonce: 'hashed-when-signed' } });
    const [, payload = '', signature = ''] = token.split('.');
    const sent = encode({ alg: 'RS256', typ: 'JWT', kid: 'first', nonce: 'as-sent' });
    expect(await checkOf(`${sent}.${payload}.${signature}`)).toBe('signature');
  });

  it.each(['logout+jwt', 'dpop+jwt', 'pop', 'secevent+jwt', ''])('the type %j', async (typ) => {
    expect(await checkOf(await tiny.sign(personal, { header: { typ } }))).toBe('typ');
  });

  it('our own session cookie, and anything else under our keys', async () => {
    const cookie = await new CompactSign(Buffer.from(JSON.stringify({ u: 'u', s: 's' })))
      .setProtectedHeader({ alg: 'HS256', kid: '229.AbCd1234' })
      .sign(randomBytes(32));
    expect(await checkOf(cookie)).toBe('alg');
  });

  it('an encrypted token, a nested one, and one without its payload', async () => {
    const token = await tiny.sign(personal);
    const sealed = await new CompactEncrypt(Buffer.from(token))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: 'first', cty: 'JWT' })
      .encrypt(randomBytes(32));
    expect(await checkOf(sealed)).toBe('alg');
    const nested = await signText(
      JSON.stringify({ alg: 'RS256', kid: 'first', cty: 'JWT' }),
      token,
    );
    expect(await checkOf(nested)).toBe('form');
    const [header = '', , signature = ''] = token.split('.');
    expect(await checkOf(`${header}..${signature}`)).toBe('form');
  });

  it('a claim that is there twice: the last one counts (RFC 7519 section 4)', async () => {
    const header = JSON.stringify({ alg: 'RS256', kid: 'first' });
    const twice = JSON.stringify(personal).replace('{', '{"aud":"api://orders",');
    expect((await verify(await signText(header, twice))).user?.subject).toBe(subject);
    const reversed = JSON.stringify(personal).replace(/}$/, ',"aud":"api://orders"}');
    expect(await checkOf(await signText(header, reversed))).toBe('aud');
  });

  it.each([
    ['no token at all', ''],
    ['one part', 'abc'],
    ['two parts', 'abc.def'],
    ['four parts', 'a.b.c.d'],
    ['a header that is no JSON', `${base64url.encode('no')}.e30.AA`],
    ['a header that is a list', `${base64url.encode('[]')}.e30.AA`],
    ['a GUID, as an opaque token', '5f3a7c80-0000-4000-8000-000000000000'],
  ])('%s', async (_what, token) => {
    expect(await checkOf(token)).toMatch(/^(form|alg|kid)$/);
  });

  it('claims that are no object, or are deep', async () => {
    const header = JSON.stringify({ alg: 'RS256', kid: 'first' });
    expect(await checkOf(await signText(header, '"text"'))).toBe('form');
    expect(await checkOf(await signText(header, '[1]'))).toBe('form');
    const deep = `${'['.repeat(9_000)}${']'.repeat(9_000)}`;
    expect(await checkOf(await signText(header, deep))).toBe('form');
  });

  it('more than 32 KiB, before anything is read', async () => {
    const asked = tiny.requests.length;
    expect(await checkOf(`${'a'.repeat(32 * 1024 + 1)}.b.c`)).toBe('size');
    expect(tiny.requests).toHaveLength(asked);
  });

  it('a signature of another kind of key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const input = `${encode({ alg: 'RS256', kid: 'first' })}.${encode(personal)}`;
    const signature = signBytes('sha256', Buffer.from(input), privateKey).toString('base64url');
    expect(await checkOf(`${input}.${signature}`)).toBe('signature');
  });

  it('nothing, but says so, when the keys cannot be fetched', async () => {
    const other = await startTinyProvider();
    other.answers.set(paths.metadata, { status: 503, body: {} });
    const failing = createRelyingParty(other, () => now);
    const expected = { audience, now, signal: longEnough() };
    const token = await tiny.sign(personal);
    const failure = await failureOf(verifyBearerToken(failing, token, expected));
    expect(failure.code).toBe('ERR_PROVIDER_UNAVAILABLE');
    await other.stop();
  });
});
