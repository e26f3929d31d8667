import { X509Certificate } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import {
  act,
  client,
  control,
  redirectUri,
  type StandIns,
  startStandIns,
  tenantId,
} from '../start-stand-ins';
import {
  answerAndConsent,
  answerOf,
  askForTokens,
  type Attempt,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  redemption,
  signIn,
  textOf,
} from './entra-client';

const [admin, plain, unconsented] = seedUsers(tenantId).map(({ objectId }) => objectId) as [
  ...[string, string, string],
];
const orders = { uri: 'api://orders', clientId: crypto.randomUUID(), tokenVersion: null } as const;
const bills = {
  uri: 'https://bills.example',
  clientId: crypto.randomUUID(),
  tokenVersion: 2,
} as const;

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns({ apis: [orders, bills] });
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

const answerTo = (attempt: Attempt, objectId = plain) => answerAndConsent(attempt, objectId);

async function tokensFor(scope: string, changes: Record<string, string> = {}) {
  const attempt = createAttempt(origin, { scope: `openid offline_access ${scope}`, ...changes });
  return askForTokens(origin, redemption(await answerTo(attempt), attempt));
}

const refresh = (token: string, scope: string) =>
  askForTokens(origin, { grant_type: 'refresh_token', refresh_token: token, scope });

describe('codes', () => {
  it('are as long as those of Microsoft Entra ID, each its own length', async () => {
    const codes = await Promise.all(
      [1, 2, 3, 4].map(async () => (await answerTo(createAttempt(origin))).get('code') ?? ''),
    );
    for (const { length } of codes) {
      expect(length).toBeGreaterThanOrEqual(1000);
      expect(length).toBeLessThanOrEqual(2400);
    }
    expect(new Set(codes.map(({ length }) => length)).size).toBeGreaterThan(1);
  });

  it('are longer on demand, and good still', async () => {
    await control(origin, { codeLength: 5000 });
    const attempt = createAttempt(origin);
    const answer = await answerTo(attempt);
    expect(answer.get('code')).toHaveLength(5000);
    expect((await askForTokens(origin, redemption(answer, attempt))).status).toBe(200);
  });

  it.each<[string, (code: string) => string]>([
    ['cut', (code) => code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A')],
    ['without its beginning', (code) => code.slice(2)],
    ['without its padding', (code) => code.split('.')[1] ?? ''],
  ])('are refused when %s', async (_, change) => {
    const attempt = createAttempt(origin);
    const good = redemption(await answerTo(attempt), attempt);
    const { body } = await askForTokens(origin, { ...good, code: change(good['code'] ?? '') });
    expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [70000] });
  });

  it('are not given for a request that is too long', async () => {
    const state = 's'.repeat(4096);
    const response = await createPlainBrowser().get(createAttempt(origin, { state }).url);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('AADSTS90015');
    await control(origin, { longestQuery: 8000 });
    expect((await createPlainBrowser().get(createAttempt(origin, { state }).url)).status).toBe(302);
  });
});

describe('one API a token', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['api://orders/Orders.Read', 'version 1', { aud: 'api://orders', ver: '1.0' }],
    ['api://orders//Orders.Read', 'its address as asked', { aud: 'api://orders/', ver: '1.0' }],
    ['https://bills.example/Read', 'version 2', { aud: bills.clientId, ver: '2.0' }],
    ['User.Read', 'Microsoft Graph', { aud: 'https://graph.microsoft.com', ver: '1.0' }],
  ])('%s: %s', async (scope, _, expected) => {
    const { body } = await tokensFor(scope);
    const claims = decodeJwt(textOf(body, 'access_token'));
    const issuer =
      expected['ver'] === '2.0' ? standIns.entra.issuer : `https://sts.windows.net/${tenantId}/`;
    const app = expected['ver'] === '2.0' ? { azp: client.id } : { appid: client.id };
    expect(claims).toMatchObject({ ...expected, ...app, iss: issuer });
    expect(String(claims['scp']).split(' ')).toContain(scope.split('/').at(-1));
  });

  it('scopes of two are consented to in one go, and refused in one token request', async () => {
    const scope = 'openid offline_access User.Read api://orders/Orders.Read';
    const attempt = createAttempt(origin, { scope });
    const good = redemption(await answerTo(attempt), attempt);
    const both = await askForTokens(origin, { ...good, scope });
    expect(both.status).toBe(400);
    expect(both.body).toMatchObject({ error: 'invalid_request', error_codes: [28000] });
    const one = await askForTokens(origin, { ...good, scope: 'openid offline_access User.Read' });
    expect(one.status).toBe(200);
    const token = textOf(one.body, 'refresh_token');
    expect((await refresh(token, scope)).body).toMatchObject({ error_codes: [28000] });
    const other = await refresh(token, 'openid api://orders/Orders.Read');
    expect(decodeJwt(textOf(other.body, 'access_token'))).toMatchObject({
      ...{ aud: 'api://orders', scp: 'Orders.Read' },
    });
  });

  it('a redemption for what nobody agreed to is refused', async () => {
    const attempt = createAttempt(origin);
    const good = redemption(await answerTo(attempt), attempt);
    const { body } = await askForTokens(origin, { ...good, scope: 'openid Files.Read' });
    expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [65001] });
  });
});

describe('scope of an answer', () => {
  it.each([
    ['User.Read', 'profile openid email User.Read Mail.Read'],
    [
      'https://graph.microsoft.com/User.Read',
      'profile openid email https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Read',
    ],
    [
      'https://graph.microsoft.com/.default',
      'profile openid email https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/.default',
    ],
  ])('to %s is all that was agreed to, in the form that was asked', async (asked, said) => {
    await tokensFor('User.Read Mail.Read');
    const { body } = await tokensFor(asked);
    expect(body['scope']).toBe(said);
  });

  it.each([
    ['as-asked', 'openid User.Read Calendars.Read'],
    ['narrower', 'profile openid email User.Read'],
    [
      'other-form',
      'profile openid email https://graph.microsoft.com/User.Read https://graph.microsoft.com/Calendars.Read',
    ],
  ])('is %s on demand', async (scopeForm, said) => {
    await control(origin, { scopeForm });
    const { body } = await tokensFor('User.Read Calendars.Read');
    expect(body['scope']).toBe(said);
  });
});

describe('lives', () => {
  it('long-lived tokens bring refresh_in', async () => {
    await control(origin, { accessTokenSeconds: 86_400 });
    expect((await signIn(origin, plain))['refresh_in']).toBe(43_200);
    await control(origin, { accessTokenSeconds: 3600 });
    expect(await signIn(origin, plain)).not.toHaveProperty('refresh_in');
  });

  it('max_age shortens the ID token and makes auth_time appear', async () => {
    const { body } = await tokensFor('User.Read', { max_age: '120' });
    const { exp = 0, auth_time: authTime } = decodeJwt(textOf(body, 'id_token'));
    expect(exp - Number(authTime)).toBe(120);
    const again = await refresh(textOf(body, 'refresh_token'), 'openid User.Read');
    const later = decodeJwt(textOf(again.body, 'id_token'));
    expect((later.exp ?? 0) - Number(authTime)).toBeGreaterThan(120);
    expect(decodeJwt(textOf(await signIn(origin, plain), 'id_token'))).not.toHaveProperty(
      'auth_time',
    );
  });

  it('max_age=0 asks the person again, once', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const again = createAttempt(origin, { max_age: '3600' });
    expect(answerOf(await browser.get(again.url)).get('code')).not.toBeNull();
    const now = createAttempt(origin, { max_age: '0', prompt: 'login' });
    expect(answerOf(await pick(browser, now.url, plain)).get('code')).not.toBeNull();
  });

  it('an ID token can be as long as claims without end would make it', async () => {
    await control(origin, { idTokenPadding: 600_000 });
    const { body } = await tokensFor('User.Read');
    expect(textOf(body, 'id_token').length).toBeGreaterThan(512 * 1024);
  });
});

describe('claims', () => {
  it('sid, login_hint and auth_time are there only for an app that registered them', async () => {
    for (const optionalClaims of [[], ['auth_time']] as const) {
      const other = await startStandIns({ client: { ...client, optionalClaims } });
      const claims = decodeJwt(textOf(await signIn(other.entra.url, admin), 'id_token'));
      await other.stop();
      expect(claims).not.toHaveProperty('sid');
      expect(claims).not.toHaveProperty('login_hint');
      expect('auth_time' in claims).toBe(optionalClaims.length > 0);
    }
  });

  it('roles are 500 on demand, groups as roles, or one text', async () => {
    await control(origin, { groupRoles: 499 });
    const many = decodeJwt(textOf(await signIn(origin, admin), 'id_token'))['roles'];
    expect(many).toHaveLength(500);
    expect(new Set(many as string[]).size).toBe(500);
    await control(origin, { groupRoles: 0, rolesAsText: true });
    expect(decodeJwt(textOf(await signIn(origin, admin), 'id_token'))['roles']).toBe('admin');
  });
});

describe('groups', () => {
  const many = (groupCount: number) => control(origin, { users: { [admin]: { groupCount } } });
  const claims = async () => decodeJwt(textOf(await signIn(origin, admin), 'id_token'));

  it('are not in tokens of an app that has not registered them', async () => {
    expect(await claims()).not.toHaveProperty('groups');
  });

  it('are at most two hundred, direct or not; then the token says only where they are', async () => {
    await control(origin, { groupClaims: 'always' });
    expect((await claims())['groups']).toHaveLength(3);
    await many(197);
    expect((await claims())['groups']).toHaveLength(200);
    await many(198);
    const over = await claims();
    expect(over).not.toHaveProperty('groups');
    expect(over).toMatchObject({
      _claim_names: { groups: 'src1' },
      _claim_sources: {
        src1: {
          endpoint: `https://graph.windows.net/${tenantId}/users/${admin}/getMemberObjects`,
        },
      },
    });
    await control(origin, { groupOverage: 'hasgroups' });
    expect(await claims()).toMatchObject({ hasgroups: true });
    expect(await claims()).not.toHaveProperty('_claim_names');
  });

  it('come with a registration, in tokens for the app alone', async () => {
    const groupMembershipClaims = 'SecurityGroup';
    const other = await startStandIns({ client: { ...client, groupMembershipClaims } });
    const body = await signIn(other.entra.url, plain);
    await other.stop();
    expect(decodeJwt(textOf(body, 'id_token'))['groups']).toHaveLength(1);
    expect(decodeJwt(textOf(body, 'access_token'))).not.toHaveProperty('groups');
  });
});

describe('keys', () => {
  interface Key {
    readonly kid: string;
    readonly alg?: string;
    readonly x5t: string;
    readonly x5c: readonly string[];
    readonly issuer: string;
  }

  async function list(query = ''): Promise<readonly Key[]> {
    const answer = await fetch(standIns.entra.keysUrl + query);
    return ((await answer.json()) as { keys: Key[] }).keys;
  }

  it('are several, without alg, with a certificate and the template of the issuer', async () => {
    const keys = await list();
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(
        ['cloud_instance_name', 'e', 'issuer', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'].sort(),
      );
      const certificate = new X509Certificate(Buffer.from(key.x5c[0] ?? '', 'base64'));
      const thumbprint = Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex');
      expect(key.x5t).toBe(thumbprint.toString('base64url'));
      expect(key.issuer).toBe(`${origin}/{tenantid}/v2.0`);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
    }
  });

  it('of an app are listed only for who asks with its id', async () => {
    await control(origin, { appKeys: true });
    const { kid } = decodeProtectedHeader(textOf(await signIn(origin, plain), 'id_token'));
    const url = `${standIns.entra.authority}/.well-known/openid-configuration`;
    const metadata = (await (await fetch(`${url}?appid=${client.id}`)).json()) as {
      jwks_uri: string;
    };
    expect(metadata.jwks_uri).toBe(`${standIns.entra.keysUrl}?appid=${client.id}`);
    const kids = async (query = '') => (await list(query)).map((key) => key.kid);
    expect(await kids()).not.toContain(kid);
    expect(await kids('?appid=another')).not.toContain(kid);
    expect(await kids(`?appid=${client.id}`)).toContain(kid);
    await control(origin, { appKeys: false });
    expect(await kids(`?appid=${client.id}`)).not.toContain(kid);
  });

  it('are listed twice, or beside a twin with alg, on demand', async () => {
    const usual = await list();
    await control(origin, { keyList: 'twice' });
    expect(await list()).toEqual(usual.flatMap((key) => [key, key]));
    await control(origin, { keyList: 'twin' });
    expect(await list()).toEqual(usual.flatMap((key) => [{ ...key, alg: 'PS256' }, key]));
  });
});

describe('the picker', () => {
  it('offers a hinted person first, unless the person is to choose', async () => {
    const shown = async (prompt: string | null) => {
      const browser = createPlainBrowser();
      const url = createAttempt(origin, { prompt, login_hint: 'tomas@anteroom.example' }).url;
      return (await browser.get(locationOf(await browser.get(url)))).text();
    };
    expect(await shown('login')).toContain('Asked for by the app');
    expect(await shown('select_account')).not.toContain('Asked for by the app');
  });
});

describe.each(['v2.0/adminconsent', 'adminconsent'])('admin consent at %s', (path) => {
  const address = (changes: Record<string, string> = {}) =>
    `${origin}/${tenantId}/${path}?${new URLSearchParams({
      ...{ client_id: client.id, redirect_uri: redirectUri, state: 'mine' },
      ...{ scope: 'https://graph.microsoft.com/User.Read', ...changes },
    }).toString()}`;

  it('granted counts for everybody, and is told the app', async () => {
    const browser = createPlainBrowser();
    const page = await (await browser.get(address())).text();
    expect(page).toContain('<code>User.Read</code>');
    const answer = answerOf(await browser.post(address(), { consent: 'accept' }));
    expect(Object.fromEntries(answer)).toEqual({
      admin_consent: 'True',
      tenant: tenantId,
      scope: 'https://graph.microsoft.com/User.Read',
      state: 'mine',
    });
    const signedIn = await pick(createPlainBrowser(), createAttempt(origin).url, unconsented);
    expect(answerOf(signedIn).get('code')).not.toBeNull();
  });

  it('declined changes nothing, and is told the app', async () => {
    const answer = answerOf(await createPlainBrowser().post(address(), { consent: 'decline' }));
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('error_description')).toMatch(/^AADSTS65004: /);
    expect([answer.get('admin_consent'), answer.get('state')]).toEqual(['True', 'mine']);
    const asked = await pick(createPlainBrowser(), createAttempt(origin).url, unconsented);
    expect(locationOf(asked).pathname).toContain('/sign-in/');
  });

  it.each<[string, Record<string, string>, string]>([
    ['an address of nobody', { redirect_uri: 'https://evil.example/' }, 'AADSTS50011'],
    ['an app of nobody', { client_id: 'nobody' }, 'AADSTS700016'],
  ])('sends nobody to %s', async (_, changes, number) => {
    for (const answer of [
      await createPlainBrowser().get(address(changes)),
      await createPlainBrowser().post(address(changes), { consent: 'accept' }),
    ]) {
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(number);
    }
  });

  it('takes no answer from another site', async () => {
    const response = await fetch(address(), {
      ...{ method: 'POST', body: new URLSearchParams({ consent: 'accept' }), redirect: 'manual' },
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(response.status).toBe(403);
  });
});
