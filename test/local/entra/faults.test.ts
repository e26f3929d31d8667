import { get } from 'node:http';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import { act, client, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import { askForTokens, signIn, textOf } from './entra-client';

const [admin] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string];

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns();
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

const metadata = () => fetch(`${standIns.entra.authority}/.well-known/openid-configuration`);

async function publishedKeys(): Promise<JSONWebKeySet> {
  return (await (await fetch(standIns.entra.keysUrl)).json()) as JSONWebKeySet;
}

async function idToken(): Promise<string> {
  return textOf(await signIn(origin, admin), 'id_token');
}

/** Without `kid` any of the published keys may fit. */
async function verify(token: string) {
  const keys = createLocalJWKSet(await publishedKeys());
  try {
    return await jwtVerify(token, keys, { algorithms: ['RS256'] });
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const verified = await jwtVerify(token, key, { algorithms: ['RS256'] }).catch(() => null);
      if (verified !== null) return verified;
    }
    throw error;
  }
}

describe('idTokenClaims', () => {
  it.each<[string, Record<string, unknown>]>([
    ['an issuer', { iss: 'https://login.example/v2.0' }],
    ['an audience among several', { aud: [client.id, 'another'], azp: 'another' }],
    ['a nonce', { nonce: 'another-nonce' }],
    ['a date of expiry', { exp: 1 }],
    ['a date of issue', { iat: 4_000_000_000 }],
  ])('sets %s', async (_, claims) => {
    await control(origin, { idTokenClaims: claims });
    expect((await verify(await idToken()).catch(claimsOfRefused)).payload).toMatchObject(claims);
  });

  it.each(['sub', 'oid', 'tid', 'nonce', 'iat', 'exp', 'aud'])(
    'removes %s by null',
    async (name) => {
      await control(origin, { idTokenClaims: { [name]: null } });
      expect(decodeJwt(await idToken())).not.toHaveProperty(name);
    },
  );

  it('touches as many ID tokens as idTokenTimes says', async () => {
    await control(origin, { idTokenClaims: { name: 'Changed' }, idTokenTimes: 1 });
    expect(decodeJwt(await idToken())['name']).toBe('Changed');
    expect(decodeJwt(await idToken())['name']).toBe('Ines Okafor');
  });
});

function claimsOfRefused(error: unknown) {
  if (error instanceof errors.JWTExpired) return { payload: error.payload };
  if (error instanceof errors.JWTClaimValidationFailed) return { payload: error.payload };
  throw error;
}

describe('idTokenSigning', () => {
  it.each([
    ['none', 'none', true, errors.JOSEAlgNotAllowed],
    ['hs256', 'HS256', true, errors.JOSEAlgNotAllowed],
    ['ps256', 'PS256', true, errors.JOSEAlgNotAllowed],
    ['unknown-kid', 'RS256', false, errors.JWKSNoMatchingKey],
    ['foreign-key', 'RS256', true, errors.JWSSignatureVerificationFailed],
    ['corrupted', 'RS256', true, errors.JWSSignatureVerificationFailed],
  ])('%s gives a token that must be refused', async (signing, alg, isKnownKid, refusal) => {
    await control(origin, { idTokenSigning: signing });
    const token = await idToken();
    const { keys } = await publishedKeys();
    const header = decodeProtectedHeader(token);
    expect(header.alg).toBe(alg);
    if (signing !== 'none') {
      expect(keys.some(({ kid }) => kid === header.kid)).toBe(isKnownKid);
    }
    await expect(verify(token)).rejects.toBeInstanceOf(refusal);
  });

  it('hs256 is signed with the client secret, as an attacker who knows it would', async () => {
    await control(origin, { idTokenSigning: 'hs256' });
    const secret = new TextEncoder().encode(client.secret);
    await expect(jwtVerify(await idToken(), secret)).resolves.toBeDefined();
  });

  it('no-kid gives a good token that names no key', async () => {
    await control(origin, { idTokenSigning: 'no-kid' });
    const token = await idToken();
    expect(decodeProtectedHeader(token)).not.toHaveProperty('kid');
    await expect(verify(token)).resolves.toBeDefined();
  });
});

describe('rotate-keys', () => {
  it('signs with a new key and publishes the old ones, until they are retired', async () => {
    const before = await publishedKeys();
    const old = await idToken();
    await act(origin, 'rotate-keys');
    const after = await publishedKeys();
    expect(after.keys).toHaveLength(before.keys.length + 1);
    expect(after.keys).toEqual(expect.arrayContaining(before.keys));
    const fresh = await idToken();
    expect(before.keys.map(({ kid }) => kid)).not.toContain(decodeProtectedHeader(fresh).kid);
    await expect(verify(fresh)).resolves.toBeDefined();
    await expect(verify(old)).resolves.toBeDefined();
    await act(origin, 'retire-keys');
    expect((await publishedKeys()).keys).toHaveLength(1);
    await expect(verify(fresh)).resolves.toBeDefined();
    await expect(verify(old)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  });
});

describe('token endpoint faults', () => {
  const refresh = (token: string) =>
    askForTokens(origin, { grant_type: 'refresh_token', refresh_token: token });

  it.each([
    [50076, 'invalid_grant', 'basic_action'],
    [50173, 'invalid_grant', 'bad_token'],
    [53003, 'invalid_grant', 'message_only'],
    [65001, 'invalid_grant', 'consent_required'],
    [90033, 'temporarily_unavailable', undefined],
    [7000215, 'invalid_client', undefined],
  ])('tokenError %i refuses, as often as tokenTimes says', async (number, error, suberror) => {
    const token = textOf(await signIn(origin, admin), 'refresh_token');
    await control(origin, { tokenError: number, tokenErrorClaims: '{"x":1}', tokenTimes: 1 });
    const { body } = await refresh(token);
    expect(body).toMatchObject({ error, error_codes: [number], claims: '{"x":1}' });
    expect(body['suberror']).toBe(suberror);
    expect((await refresh(token)).status).toBe(200);
  });

  it('tokenDelayMs answers late, but answers', async () => {
    const token = textOf(await signIn(origin, admin), 'refresh_token');
    await control(origin, { tokenDelayMs: 200 });
    const begun = performance.now();
    expect((await refresh(token)).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(190);
  });

  it('accessTokenSeconds sets the life of access tokens', async () => {
    await control(origin, { accessTokenSeconds: 5 });
    const body = await signIn(origin, admin);
    const { exp, iat = 0 } = decodeJwt(textOf(body, 'access_token'));
    expect(body['expires_in']).toBe(5);
    // Entra ID dates its tokens five minutes back.
    expect(exp).toBe(iat + 300 + 5);
  });
});

describe('outages', () => {
  const places = [
    ['metadataOutage', () => `${standIns.entra.authority}/.well-known/openid-configuration`, 'GET'],
    ['keysOutage', () => standIns.entra.keysUrl, 'GET'],
    ['tokenOutage', () => `${origin}/${tenantId}/oauth2/v2.0/token`, 'POST'],
  ] as const;

  it.each(places)('%s error is a 500', async (name, url, method) => {
    await control(origin, { [name]: 'error' });
    expect((await fetch(url(), { method })).status).toBe(500);
  });

  it.each(places)('%s garbage is not JSON', async (name, url, method) => {
    await control(origin, { [name]: 'garbage' });
    await expect((await fetch(url(), { method })).json()).rejects.toThrow(
      'Unterminated string in JSON',
    );
  });

  it.each(places)('%s drop ends the connection', async (name, url, method) => {
    await control(origin, { [name]: 'drop' });
    await expect(fetch(url(), { method })).rejects.toThrow('fetch failed');
  });

  it.each(places)('%s hang never answers', async (name, url, method) => {
    await control(origin, { [name]: 'hang' });
    const signal = AbortSignal.timeout(200);
    await expect(fetch(url(), { method, signal })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('metadataIssuer', () => {
  it('states another issuer', async () => {
    await control(origin, { metadataIssuer: 'https://other.example/v2.0' });
    expect(await (await metadata()).json()).toMatchObject({ issuer: 'https://other.example/v2.0' });
  });
});

describe('dateAheadSeconds', () => {
  it.each([600, -600])('moves Date by %i seconds, and nothing else', async (dateAheadSeconds) => {
    const dateOf = async () => Date.parse((await metadata()).headers.get('date') ?? '');
    const before = await dateOf();
    await control(origin, { dateAheadSeconds });
    const moved = (await dateOf()) - before - dateAheadSeconds * 1000;
    expect(Math.abs(moved)).toBeLessThan(300_000);
  });
});

describe('control', () => {
  it('tells the state, and takes it back with reset', async () => {
    const initial: unknown = await (await fetch(`${origin}/control`)).json();
    const changes = { tokenDelayMs: 5, users: { [admin]: { roles: [], disabled: true } } };
    const changed: unknown = await (await control(origin, changes)).json();
    expect(changed).toMatchObject({
      tokenDelayMs: 5,
      users: { [admin]: { roles: [], disabled: true, consented: true } },
    });
    expect(await (await act(origin, 'reset')).json()).toEqual(initial);
  });

  it.each<[string, object]>([
    ['an unknown name', { tokenDelay: 5 }],
    ['a name every object has', { constructor: 5 }],
    ['a wrong type', { tokenDelayMs: '5' }],
    ['an unknown signing', { idTokenSigning: 'md5' }],
    ['an unknown error number', { tokenError: 1 }],
    ['an unknown account', { users: { nobody: { roles: [] } } }],
    ['an unknown part of an account', { users: { [admin]: { shoeSize: 38 } } }],
  ])('refuses %s and changes nothing', async (_, change) => {
    const before: unknown = await (await fetch(`${origin}/control`)).json();
    const response = await control(origin, { accessTokenSeconds: 7, ...change });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ faults: [Object.keys(change)[0]] });
    expect(await (await fetch(`${origin}/control`)).json()).toEqual(before);
  });

  it.each<[object, string]>([
    [{ tokenOutage: 'x' }, 'one of none, error, hang, drop, garbage'],
    [{ tokenDelayMs: -1 }, 'a whole number, 0 or more'],
    [{ tokenTimes: 'x' }, 'a whole number, 0 or more, or null for every time'],
    [{ idTokenSigning: 'md5' }, 'one of rs256,'],
    [{ tokenError: 1 }, 'a number of Microsoft Entra ID, a code of Azure AD B2C'],
    [{ accessPolicies: [{}] }, 'a list of { acrs: c1 to c99,'],
    [{ users: { [`${'x'.repeat(61)}@y.example`]: { name: 'X' } } }, 'at most 60 characters before'],
    [{ tokenDelay: 5 }, 'nothing of that name: there are idTokenClaims,'],
  ])('says what it takes instead of %j', async (change, words) => {
    const answer: unknown = await (await control(origin, change)).json();
    const name = Object.keys(change)[0] ?? '';
    const accepted: unknown = expect.stringContaining(words);
    expect(answer).toMatchObject({ accepted: { [name]: accepted } });
  });

  it('says so when it gets no JSON object', async () => {
    const answer: unknown = await (await control(origin, [])).json();
    expect(answer).toEqual({
      error: 'not accepted',
      faults: ['a JSON object is needed, as application/json'],
    });
  });

  it('knows no other actions', async () => {
    expect((await act(origin, 'toString')).status).toBe(404);
  });

  it.each<[string, Record<string, string>]>([
    ['of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['of another port of this site', { 'Sec-Fetch-Site': 'same-site' }],
    ['of an old browser on another site', { Origin: 'https://evil.example' }],
  ])('refuses a page %s', async (_, headers) => {
    expect(await statusOf(`${origin}/control`, headers)).toBe(403);
  });

  it('refuses a form of another site by its media type', async () => {
    const body = '{"tokenDelayMs":5}';
    const headers = { 'Content-Type': 'text/plain' };
    const response = await fetch(`${origin}/control`, { method: 'POST', headers, body });
    expect(response.status).toBe(400);
  });

  it.each(['/control', `/${tenantId}/v2.0/.well-known/openid-configuration`])(
    'answers no other host name: DNS rebinding does not reach %s',
    async (path) => {
      expect(await statusOf(origin + path, { Host: 'evil.example' })).toBe(421);
    },
  );
});

/** fetch sets Host and Sec-Fetch-* by itself. */
function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once('error', reject);
  });
}
