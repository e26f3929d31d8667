import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import {
  act,
  client,
  control,
  graphAudience,
  redirectUri,
  signedOutUri,
  type StandIns,
  startStandIns,
  tenantId,
} from '../start-stand-ins';
import {
  answerOf,
  askForTokens,
  createAttempt,
  createPlainBrowser,
  locationOf,
  pick,
  redemption,
  signIn,
  textOf,
} from './entra-client';

const [admin, plain, unconsented, foreign, disabled, guest] = seedUsers(tenantId).map(
  ({ objectId }) => objectId,
) as [string, string, string, string, string, string];

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// Matchers are `any`, which nothing here may be.
const aText: unknown = expect.any(String);
const aNumber: unknown = expect.any(Number);
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

let standIns: StandIns;
let origin: string;

beforeAll(async () => {
  standIns = await startStandIns();
  origin = standIns.entra.url;
});
afterAll(() => standIns.stop());
beforeEach(() => act(origin, 'reset'));

describe('metadata', () => {
  it('has the addresses of Microsoft Entra ID, on loopback', async () => {
    const response = await fetch(`${standIns.entra.authority}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: `${origin}/${tenantId}/v2.0`,
      authorization_endpoint: `${origin}/${tenantId}/oauth2/v2.0/authorize`,
      token_endpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
      jwks_uri: `${origin}/${tenantId}/discovery/v2.0/keys`,
      end_session_endpoint: `${origin}/${tenantId}/oauth2/v2.0/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  it('does not promise an iss parameter, which is not sent', async () => {
    const response = await fetch(`${standIns.entra.authority}/.well-known/openid-configuration`);
    expect(await response.json()).not.toHaveProperty(
      'authorization_response_iss_parameter_supported',
    );
    const answer = answerOf(await pick(createPlainBrowser(), createAttempt(origin).url, plain));
    expect([...answer.keys()].sort()).toEqual(['code', 'session_state', 'state']);
  });

  it('has the members of the recorded metadata, and promises no more', async () => {
    const response = await fetch(`${standIns.entra.authority}/.well-known/openid-configuration`);
    const metadata = (await response.json()) as Record<string, unknown>;
    for (const name of [
      ...['userinfo_endpoint', 'kerberos_endpoint', 'device_authorization_endpoint'],
      ...['frontchannel_logout_supported', 'http_logout_supported', 'tenant_region_scope'],
      ...['cloud_instance_name', 'cloud_graph_host_name', 'msgraph_host', 'rbac_url'],
    ]) {
      expect(metadata).toHaveProperty(name);
    }
    expect(metadata).not.toHaveProperty('code_challenge_methods_supported');
    expect(metadata['claims_supported']).not.toContain('sid');
    expect(metadata['claims_supported']).not.toContain('oid');
  });
});

describe('authorization', () => {
  it('shows the account picker, without scripts, and marked as a stand-in', async () => {
    const browser = createPlainBrowser();
    const page = await browser.get(locationOf(await browser.get(createAttempt(origin).url)));
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' http:\/\/localhost:7071;/,
    );
    expect(html).toContain('no password, no network');
    expect(html).not.toContain('<script');
    for (const user of standIns.entra.users) {
      const isOffered = user.tenantId === tenantId || user.objectId === foreign;
      expect(html.includes(`value="${user.objectId}"`)).toBe(isOffered);
    }
  });

  it('signs in silently once there is a session, unless the request asks for a person', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const silent = await browser.get(createAttempt(origin).url);
    expect(answerOf(silent).get('code')).not.toBeNull();
    for (const prompt of ['login', 'select_account']) {
      const asked = await browser.get(createAttempt(origin, { prompt }).url);
      expect(locationOf(asked).pathname).toContain('/sign-in/');
      const answered = await pick(browser, createAttempt(origin, { prompt }).url, plain);
      expect(answerOf(answered).get('code')).not.toBeNull();
    }
  });

  it('asks again when login_hint names another person than the session', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const url = createAttempt(origin, { login_hint: 'ines@anteroom.example' }).url;
    const picker = locationOf(await browser.get(url));
    expect(picker.pathname).toContain('/sign-in/');
    const html = await (await browser.get(picker)).text();
    expect(html.indexOf(admin)).toBeLessThan(html.indexOf(plain));
    // Whoever is then chosen is signed in, hinted or not.
    expect(answerOf(await pick(browser, url, plain)).get('code')).not.toBeNull();
  });

  it.each([
    ['no session', undefined, 'login_required', 50058],
    ['no consent', unconsented, 'consent_required', 65001],
    ['a disabled account', plain, 'interaction_required', 50057],
  ])('answers prompt=none with %s by an error', async (_, objectId, error, number) => {
    const browser = createPlainBrowser();
    if (objectId !== undefined) await pick(browser, createAttempt(origin).url, objectId);
    if (number === 50057) await control(origin, { users: { [plain]: { disabled: true } } });
    const silent = await browser.get(createAttempt(origin, { prompt: 'none' }).url);
    const answer = answerOf(silent);
    expect(answer.get('error')).toBe(error);
    expect(answer.get('error_description')).toMatch(
      new RegExp(`^AADSTS${number}: .* Trace ID: .* Correlation ID: .* Timestamp: `),
    );
    expect(answer.get('state')).toBe('the-state');
    expect(answer.get('code')).toBeNull();
  });

  it('takes unknown parameters and the claims that MSAL sends', async () => {
    const url = createAttempt(origin, {
      'x-client-SKU': 'msal.js.node',
      client_info: '1',
      domain_hint: 'organizations',
      claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}',
    }).url;
    const answer = answerOf(await pick(createPlainBrowser(), url, plain));
    const info = Buffer.from(answer.get('client_info') ?? '', 'base64url').toString();
    expect(JSON.parse(info)).toEqual({ uid: plain, utid: tenantId });
  });

  it.each([
    ['another path', `${redirectUri}/x`],
    ['a query', `${redirectUri}?x=1`],
    ['a trailing slash', `${redirectUri}/`],
    ['another host', 'https://evil.example/auth/redirect'],
  ])('never redirects to an address that is not registered: %s', async (_, address) => {
    const response = await createPlainBrowser().get(
      createAttempt(origin, { redirect_uri: address }).url,
    );
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toContain('AADSTS50011');
  });

  it('shows an unknown application on a page', async () => {
    const url = createAttempt(origin, { client_id: 'someone-else' }).url;
    const response = await createPlainBrowser().get(url);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('AADSTS700016');
  });

  it.each([
    ['no challenge', { code_challenge: null, code_challenge_method: null }],
    ['the method plain', { code_challenge_method: 'plain' }],
  ])('demands PKCE with S256: %s is an error', async (_, changes) => {
    const answer = answerOf(await createPlainBrowser().get(createAttempt(origin, changes).url));
    expect(answer.get('error')).toBe('invalid_request');
    expect(answer.get('error_description')).toContain('AADSTS9002325');
  });

  it('keeps a disabled account out, and says so', async () => {
    const response = await pick(createPlainBrowser(), createAttempt(origin).url, disabled);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('AADSTS50057');
  });

  it('takes no answer without the cookie of the request', async () => {
    const picker = locationOf(await createPlainBrowser().get(createAttempt(origin).url));
    const response = await createPlainBrowser().post(picker, { user: admin });
    expect(response.status).toBe(400);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('asks for consent once, and then no more', async () => {
    const browser = createPlainBrowser();
    const attempt = createAttempt(origin);
    const consent = locationOf(await pick(browser, attempt.url, unconsented));
    expect(await (await browser.get(consent)).text()).toContain('<code>User.Read</code>');
    const accepted = await browser.post(consent, { consent: 'accept' });
    expect(answerOf(await browser.get(locationOf(accepted))).get('code')).not.toBeNull();
    expect(answerOf(await browser.get(createAttempt(origin).url)).get('code')).not.toBeNull();
  });

  it('asks for consent to a scope that is new, and with prompt=consent', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const scope = 'openid https://graph.microsoft.com/User.Read Mail.Read';
    const more = locationOf(await browser.get(createAttempt(origin, { scope }).url));
    expect(more.pathname).toContain('/sign-in/');
    const again = await browser.get(createAttempt(origin, { prompt: 'consent' }).url);
    const accepted = await browser.post(locationOf(again), { consent: 'accept' });
    expect(answerOf(await browser.get(locationOf(accepted))).get('code')).not.toBeNull();
  });

  it('answers a declined consent with AADSTS65004', async () => {
    const browser = createPlainBrowser();
    const consent = locationOf(await pick(browser, createAttempt(origin).url, unconsented));
    const declined = await browser.post(consent, { consent: 'decline' });
    const answer = answerOf(await browser.get(locationOf(declined)));
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('error_description')).toMatch(/^AADSTS65004: /);
    expect(answer.get('state')).toBe('the-state');
    expect(answer.get('iss')).toBeNull();
  });
});

describe('token endpoint', () => {
  it('answers a code in the shape of Microsoft Entra ID', async () => {
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, admin));
    const { status, headers, body } = await askForTokens(origin, redemption(answer, attempt));
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toContain('no-store');
    expect(Object.keys(body).sort()).toEqual(
      [
        ...['access_token', 'client_info', 'expires_in', 'ext_expires_in', 'id_token'],
        ...['refresh_token', 'scope', 'token_type'],
      ].sort(),
    );
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 3600,
      ext_expires_in: 3600,
      scope: 'profile openid email User.Read',
    });
    const info: unknown = JSON.parse(
      Buffer.from(textOf(body, 'client_info'), 'base64url').toString(),
    );
    expect(info).toEqual({ uid: admin, utid: tenantId });
  });

  it('gives an ID token of version 2.0 that verifies against the published keys', async () => {
    const token = textOf(await signIn(origin, admin), 'id_token');
    const keys = createRemoteJWKSet(new URL(standIns.entra.keysUrl));
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: standIns.entra.issuer,
      audience: client.id,
      algorithms: ['RS256'],
    });
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: aText });
    expect(payload).toMatchObject({
      ver: '2.0',
      nonce: 'the-nonce',
      oid: admin,
      tid: tenantId,
      name: 'Ines Okafor',
      preferred_username: 'ines@anteroom.example',
      roles: ['admin'],
      sid: like(guid),
      login_hint: aText,
      uti: aText,
      exp: aNumber,
      iat: aNumber,
      nbf: aNumber,
    });
    expect(payload.sub).not.toBe(admin);
  });

  it('leaves roles out where there are none', async () => {
    expect(decodeJwt(textOf(await signIn(origin, plain), 'id_token'))).not.toHaveProperty('roles');
  });

  it('gives one sub a person, and one sid a browser session', async () => {
    const browser = createPlainBrowser();
    const claimsOf = async (prompt: string | null, objectId: string) => {
      const attempt = createAttempt(origin, { prompt });
      const first = await browser.get(attempt.url);
      const isAsked = locationOf(first).pathname.includes('/sign-in/');
      const answer = isAsked ? await pick(browser, attempt.url, objectId) : first;
      const { body } = await askForTokens(origin, redemption(answerOf(answer), attempt));
      return decodeJwt(textOf(body, 'id_token'));
    };
    const first = await claimsOf(null, plain);
    const silent = await claimsOf(null, plain);
    const other = await claimsOf('select_account', admin);
    expect([silent.sub, silent['sid']]).toEqual([first.sub, first['sid']]);
    expect(other.sub).not.toBe(first.sub);
    expect(other['sid']).not.toBe(first['sid']);
    const elsewhere = decodeJwt(textOf(await signIn(origin, plain), 'id_token'));
    expect(elsewhere.sub).toBe(first.sub);
    expect(elsewhere['sid']).not.toBe(first['sid']);
  });

  it('signs a guest in under this tenant, and names the one at home', async () => {
    const answer = await signIn(origin, guest);
    const home = standIns.entra.users.find(({ objectId }) => objectId === guest)?.home;
    expect(decodeJwt(textOf(answer, 'id_token'))).toMatchObject({
      ...{ tid: tenantId, oid: guest, preferred_username: 'omar@partner.example' },
      idp: `https://sts.windows.net/${home?.tenantId ?? ''}/`,
    });
    const info = Buffer.from(textOf(answer, 'client_info'), 'base64url').toString();
    expect(JSON.parse(info)).toEqual({ uid: home?.objectId, utid: home?.tenantId });
  });

  it('gives an access token for Graph', async () => {
    const token = textOf(await signIn(origin, admin), 'access_token');
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'JWT' });
    expect(decodeJwt(token)).toMatchObject({
      aud: graphAudience,
      iss: `https://sts.windows.net/${tenantId}/`,
      ver: '1.0',
      scp: 'User.Read profile openid email',
      appid: client.id,
      oid: admin,
      tid: tenantId,
    });
  });

  it('takes HTTP Basic too', async () => {
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
    const { status } = await askForTokens(
      origin,
      { ...redemption(answer, attempt), client_id: null, client_secret: null },
      { headers: { Authorization: `Basic ${basic}` } },
    );
    expect(status).toBe(200);
  });

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['an unknown client', { client_id: 'nobody' }, 400, 'unauthorized_client', 700016],
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }, 400, 'invalid_grant', 501481],
    ['no verifier', { code_verifier: null }, 400, 'invalid_grant', 501481],
    ['an unknown code', { code: 'unknown' }, 400, 'invalid_grant', 70000],
    ['no code', { code: null }, 400, 'invalid_request', 90014],
    ['another redirect URI', { redirect_uri: signedOutUri }, 400, 'invalid_grant', 500112],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
  ])('refuses %s', async (_, changes, status, error, number) => {
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
    const refused = await askForTokens(origin, { ...redemption(answer, attempt), ...changes });
    expect(refused.status).toBe(status);
    expect(refused.body).toMatchObject({ error, error_codes: [number] });
    expect(refused.body).not.toHaveProperty('access_token');
  });

  it('refuses a code used twice, in the shape of its errors', async () => {
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
    await askForTokens(origin, redemption(answer, attempt));
    const correlationId = '8c5b1c2e-0000-4000-8000-000000000001';
    const { status, body } = await askForTokens(origin, redemption(answer, attempt), {
      headers: { 'client-request-id': correlationId },
    });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: 'invalid_grant',
      claims: like(/capolids/),
      error_description: like(
        /^AADSTS54005: .+ Trace ID: \S+ Correlation ID: \S+ Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
      ),
      error_codes: [54005],
      timestamp: like(/^\d{4}-\d\d-\d\d /),
      trace_id: like(guid),
      correlation_id: correlationId,
      error_uri: like(/54005/),
    });
  });

  it('refuses a code whose account was disabled meanwhile', async () => {
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(createPlainBrowser(), attempt.url, plain));
    await control(origin, { users: { [plain]: { disabled: true } } });
    const { body } = await askForTokens(origin, redemption(answer, attempt));
    expect(body).toMatchObject({ error: 'invalid_grant', error_codes: [50057] });
  });

  it('gives no refresh token where offline_access was not asked for', async () => {
    const body = await signIn(origin, plain, { scope: 'openid profile User.Read' });
    expect(body).not.toHaveProperty('refresh_token');
  });
});

describe('refresh', () => {
  const refresh = (token: string, scope: string | null = null) =>
    askForTokens(origin, { grant_type: 'refresh_token', refresh_token: token, scope });

  it('gives new tokens, a new ID token without nonce among them, and keeps the old one valid', async () => {
    const first = await signIn(origin, admin);
    const old = textOf(first, 'refresh_token');
    const second = await refresh(old);
    expect(second.status).toBe(200);
    expect(second.body['scope']).toBe(first['scope']);
    const before = decodeJwt(textOf(first, 'id_token'));
    const after = decodeJwt(textOf(second.body, 'id_token'));
    expect(after).toMatchObject({ sub: before.sub, sid: before['sid'], roles: ['admin'] });
    expect(after).not.toHaveProperty('nonce');
    expect(textOf(second.body, 'refresh_token')).not.toBe(old);
    for (const token of [old, textOf(second.body, 'refresh_token')]) {
      expect((await refresh(token)).status).toBe(200);
    }
  });

  it('looks at the account again: roles, and whether it is disabled', async () => {
    const token = textOf(await signIn(origin, admin), 'refresh_token');
    await control(origin, { users: { 'ines@anteroom.example': { roles: ['reader'] } } });
    const { body } = await refresh(token);
    expect(decodeJwt(textOf(body, 'id_token'))['roles']).toEqual(['reader']);
    await control(origin, { users: { [admin]: { disabled: true } } });
    expect((await refresh(token)).body).toMatchObject({
      error: 'invalid_grant',
      error_codes: [50057],
    });
  });

  it('asks for consent to a scope that is new', async () => {
    const token = textOf(await signIn(origin, plain), 'refresh_token');
    expect((await refresh(token, 'openid Mail.Read')).body).toMatchObject({
      error: 'invalid_grant',
      suberror: 'consent_required',
      error_codes: [65001],
    });
  });

  it('refuses an unknown refresh token', async () => {
    expect((await refresh('unknown')).body).toMatchObject({ error_codes: [70000] });
  });
});

describe('logout', () => {
  const logoutUrl = (query: Record<string, string>) =>
    `${origin}/${tenantId}/oauth2/v2.0/logout?${new URLSearchParams(query).toString()}`;

  it('ends the session without asking and goes to the registered address', async () => {
    const browser = createPlainBrowser();
    await pick(browser, createAttempt(origin).url, plain);
    const response = await browser.get(
      logoutUrl({
        post_logout_redirect_uri: signedOutUri,
        logout_hint: 'O.hint',
        id_token_hint: 'whatever',
        state: 'back',
      }),
    );
    expect(response.status).toBe(302);
    expect(locationOf(response).href).toBe(`${signedOutUri}?state=back`);
    const silent = await browser.get(createAttempt(origin, { prompt: 'none' }).url);
    expect(answerOf(silent).get('error')).toBe('login_required');
  });

  it('keeps refresh tokens, as Microsoft Entra ID does', async () => {
    const browser = createPlainBrowser();
    const attempt = createAttempt(origin);
    const answer = answerOf(await pick(browser, attempt.url, plain));
    const { body } = await askForTokens(origin, redemption(answer, attempt));
    await browser.get(logoutUrl({}));
    const { status } = await askForTokens(origin, {
      grant_type: 'refresh_token',
      refresh_token: textOf(body, 'refresh_token'),
    });
    expect(status).toBe(200);
  });

  it.each(['https://evil.example/', `${signedOutUri}/x`, redirectUri])(
    'stays on its own page for %s, which is not registered',
    async (address) => {
      const response = await createPlainBrowser().get(
        logoutUrl({ post_logout_redirect_uri: address }),
      );
      expect(response.status).toBe(200);
      const html = await response.text();
      expect(html).toContain('You signed out');
      expect(html).not.toContain(address);
    },
  );
});

describe('front-channel logout', () => {
  it('frames the registered address with the sid, then goes on by itself', async () => {
    const frontChannelLogoutUri = 'http://localhost:7071/auth/front-channel-logout';
    const registered = await startStandIns({ client: { ...client, frontChannelLogoutUri } });
    try {
      const { url } = registered.entra;
      const browser = createPlainBrowser();
      const attempt = createAttempt(url);
      const answer = answerOf(await pick(browser, attempt.url, plain));
      const { body } = await askForTokens(url, redemption(answer, attempt));
      const { sid } = decodeJwt(textOf(body, 'id_token'));
      const logout = `${url}/${tenantId}/oauth2/v2.0/logout?post_logout_redirect_uri=${signedOutUri}`;
      const response = await browser.get(logout);
      const html = await response.text();
      expect(html).toContain(`<iframe src="${frontChannelLogoutUri}?sid=${String(sid)}"`);
      expect(html).toContain(`content="0;url=${signedOutUri}"`);
      expect(response.headers.get('content-security-policy')).toContain(
        'frame-src http://localhost:7071;',
      );
      // Nobody is signed in any more: nothing to tell.
      expect((await browser.get(logout)).status).toBe(302);
    } finally {
      await registered.stop();
    }
  });
});
