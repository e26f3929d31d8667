import { type HttpHandler, HttpRequest, InvocationContext } from '@azure/functions';
import type { JWTPayload } from 'jose';
import { StepUpError } from '../src/errors';
import { createProtectedResourceFunction } from '../src/sign-in/bearer-guard';
import { createGuards, type Guards } from '../src/guards';
import type { Caller, CallerHandler } from '../src/handler';
import { endpoint, serve } from '../src/http/endpoint';
import { isObject } from '../src/bodies';
import { objectId, subject } from './support/auth-fixture';
import {
  browserHeaders,
  type ContextFixture,
  createContextFixture,
} from './support/context-fixture';
import { stopClockAt } from './support/fixed-clock';
import { start } from './support/session-fixture';
import { clientId, paths, tenantId } from './support/tiny-provider';

const caller = '44444444-4444-4444-8444-444444444444';
const otherTenant = '99999999-9999-4999-8999-999999999999';
const url = 'http://host-header.example/notes';
const metadataUrl = 'http://localhost:7071/.well-known/oauth-protected-resource/notes';

let fixture: ContextFixture;
let guards: Guards;
let scopes: Set<string>;
let met: Caller[];

beforeAll(async () => {
  fixture = await createContextFixture({ API_AUDIENCE: 'api://notes' });
});
beforeEach(() => {
  fixture.tableFailure = undefined;
  scopes = new Set();
  guards = createGuards(
    (handler, options) => endpoint(() => fixture.services, handler, options),
    scopes,
  );
  met = [];
  fixture.told.length = 0;
});
afterAll(() => fixture.stop());

const open: CallerHandler = (_request, context) => {
  met.push(context);
  return { status: 204 };
};

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly body?: string;
}

async function ask(handler: HttpHandler, { method = 'GET', headers = {}, ...sent }: Sent = {}) {
  const body = sent.body === undefined ? {} : { body: { string: sent.body } };
  const request = new HttpRequest({ method, url: sent.url ?? url, headers, ...body });
  const invocation = new InvocationContext({
    functionName: 'notes',
  });
  const answer = await handler(request, invocation);
  const { status, headers: answered, body: text, cookies } = answer;
  const jsonBody: unknown = 'jsonBody' in answer ? answer.jsonBody : undefined;
  const parsed: unknown = typeof text === 'string' && text !== '' ? parse(text) : jsonBody;
  return {
    status,
    code: isObject(parsed) ? parsed['code'] : undefined,
    body: parsed,
    challenge: new Headers(answered).get('www-authenticate'),
    headers: new Headers(answered),
    cookies,
  };
}

function parse(body: string): unknown {
  return body.startsWith('{') ? JSON.parse(body) : body;
}

/** A person's token; with `scp` undefined, that of an app. */
function tokenOf(more: JWTPayload = {}): Promise<string> {
  const times = { iat: start, nbf: start, exp: start + 3600 };
  const ids = { iss: fixture.tiny.issuer, aud: clientId, tid: tenantId, ver: '2.0', azp: caller };
  const person = { oid: objectId, sub: subject, scp: 'Notes.Read', name: 'Ada Lovelace' };
  return fixture.tiny.sign({ ...times, ...ids, ...person, ...more });
}

const appTokenOf = (roles: readonly string[], more: JWTPayload = {}) =>
  tokenOf({ scp: undefined, oid: 'principal', sub: 'principal', roles, ...more });

const bearer = async (token: Promise<string>) => ({ authorization: `Bearer ${await token}` });

describe('withScope', () => {
  const notes = () => guards.withScope('Notes.Read', open, { appRole: 'Notes.Read.All' });

  it('lets in a browser, a person through another app, and an app for itself', async () => {
    const handler = notes();
    const { cookie } = await fixture.signIn();
    const answers = [
      await ask(handler, { headers: { cookie } }),
      await ask(handler, { headers: await bearer(tokenOf()) }),
      await ask(handler, { headers: await bearer(appTokenOf(['Notes.Read.All'])) }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(
      met.map(({ user, client, session }) => [user?.name, client?.id, session !== undefined]),
    ).toEqual([
      ['Ada Lovelace', undefined, true],
      ['Ada Lovelace', caller, false],
      [undefined, caller, false],
    ]);
  });

  it('reads and writes no storage for a token, and sets no cookie', async () => {
    fixture.tableFailure = new Error('the table must not be asked');
    const { status, cookies } = await ask(notes(), { headers: await bearer(tokenOf()) });
    expect([status, cookies]).toEqual([204, []]);
  });

  it('refuses a token without the scope, and names it as one asks for it', async () => {
    const headers = await bearer(tokenOf({ scp: 'Notes.ReadWrite Other' }));
    const { status, code, challenge, body } = await ask(notes(), { headers });
    expect([status, code]).toEqual([403, 'ERR_SCOPE_MISSING']);
    expect(challenge).toBe(
      `Bearer error="insufficient_scope", scope="api://notes/Notes.Read", resource_metadata="${metadataUrl}"`,
    );
    expect(body).toMatchObject({ scope: 'Notes.Read' });
    const note = `needs the scope Notes.Read: a person's token, the client ${caller}`;
    expect(fixture.told).toMatchObject([{ level: 'info', event: 'bearer token refused', note }]);
  });

  it('refuses an app without the role, and without a challenge, since no other token would help', async () => {
    const headers = await bearer(appTokenOf(['Other']));
    const { status, code, challenge, body } = await ask(notes(), { headers });
    expect([status, code, challenge]).toEqual([403, 'ERR_APP_ROLE_MISSING', null]);
    expect(body).toMatchObject({ role: 'Notes.Read.All' });
  });

  it('refuses every app where no app role is named, also one with a role of that name', async () => {
    const headers = await bearer(appTokenOf(['Notes.Read', 'Notes.Read.All']));
    const { status, code } = await ask(guards.withScope('Notes.Read', open), { headers });
    expect([status, code]).toEqual([403, 'ERR_SCOPE_MISSING']);
  });

  it("takes a person's app roles for no scope and for no role of the client", async () => {
    const headers = await bearer(
      tokenOf({ scp: 'Other', roles: ['Notes.Read', 'Notes.Read.All'] }),
    );
    expect((await ask(notes(), { headers })).code).toBe('ERR_SCOPE_MISSING');
  });

  it('names the failed check of a token', async () => {
    const headers = await bearer(tokenOf({ exp: start - 61 }));
    const { status, code, challenge } = await ask(notes(), { headers });
    expect([status, code]).toEqual([401, 'ERR_BEARER_TOKEN']);
    expect(challenge).toBe(
      `Bearer error="invalid_token", error_description="the token failed the check of exp", scope="api://notes/Notes.Read", resource_metadata="${metadataUrl}"`,
    );
  });

  it('answers a bad token with problem details, whatever Accept says', async () => {
    const headers = { ...browserHeaders, authorization: 'Bearer x' };
    const { status, headers: answered } = await ask(notes(), { headers });
    expect([status, answered.get('content-type')]).toEqual([401, 'application/problem+json']);
  });

  it.each(['bearer', 'BEARER', 'Bearer '])('knows the scheme written %j', async (scheme) => {
    const headers = { authorization: `${scheme} ${await tokenOf()}` };
    expect((await ask(notes(), { headers })).status).toBe(204);
  });

  it.each<[string, (token: string) => string]>([
    ['two headers, which the host joins', (token) => `Bearer ${token},Bearer ${token}`],
    ['no token', () => 'Bearer'],
    ['two tokens', (token) => `Bearer ${token} ${token}`],
    ['a token in quotes', (token) => `Bearer "${token}"`],
    ['other characters', (token) => `Bearer ${token}ü`],
    ['a parameter', (token) => `Bearer token=${token}`],
  ])('refuses %s', async (_what, write) => {
    const headers = { authorization: write(await tokenOf()) };
    const { status, challenge } = await ask(notes(), { headers });
    expect(status).toBe(401);
    expect(challenge).toContain('error="invalid_token"');
    expect(met).toEqual([]);
  });

  it.each<[string, (token: string) => string]>([
    ['Basic', () => 'Basic YTpi'],
    ['DPoP', (token) => `DPoP ${token}`],
    ['PoP', (token) => `PoP ${token}`],
    ['a token alone', (token) => token],
    ['an empty header', () => ''],
  ])('refuses %s without an error code, as for a client without a token', async (_what, write) => {
    const headers = { authorization: write(await tokenOf()) };
    const { status, challenge } = await ask(notes(), { headers });
    expect(status).toBe(401);
    expect(challenge).toMatch(/^Bearer scope="api:\/\/notes\/Notes.Read", resource_metadata=/);
  });

  it('reads no cookie where there is an Authorization header', async () => {
    const { cookie } = await fixture.signIn();
    const { status } = await ask(notes(), { headers: { cookie, authorization: 'Bearer x' } });
    expect([status, met]).toEqual([401, []]);
  });

  it('takes no token out of the query or a form', async () => {
    const token = await tokenOf();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answers = [
      await ask(notes(), { url: `${url}?access_token=${token}` }),
      await ask(notes(), { method: 'POST', headers: form, url: `${url}?access_token=${token}` }),
      await ask(notes(), { method: 'POST', headers: form, body: `access_token=${token}` }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers[0]?.challenge).not.toContain('error=');
  });

  it('does not ask a client with a token where its request comes from', async () => {
    const headers = {
      ...(await bearer(tokenOf())),
      'content-type': 'application/json',
      origin: 'https://other.example',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'cors',
    };
    expect((await ask(notes(), { method: 'POST', headers })).status).toBe(204);
  });

  it('keeps the rules against other sites for a session', async () => {
    const { cookie } = await fixture.signIn();
    const headers = { cookie, 'content-type': 'application/json', 'x-csrf': '1' };
    const foreign = { ...headers, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const own = { ...headers, 'sec-fetch-site': 'same-origin' };
    expect((await ask(notes(), { method: 'POST', headers })).code).toBe('ERR_CROSS_SITE');
    expect((await ask(notes(), { method: 'POST', headers: foreign })).status).toBe(403);
    expect((await ask(notes(), { method: 'POST', headers: own })).status).toBe(204);
  });

  it('tells a client without a token how to get one, at a POST too', async () => {
    for (const method of ['GET', 'POST']) {
      const { status, code, challenge, body } = await ask(notes(), { method });
      expect([status, code]).toEqual([401, 'ERR_SIGNED_OUT']);
      expect(challenge).toBe(
        `Bearer scope="api://notes/Notes.Read", resource_metadata="${metadataUrl}"`,
      );
      expect(body).toHaveProperty('login_url');
    }
  });

  it('sends a person who opens the page to sign in', async () => {
    const { status, headers, challenge } = await ask(notes(), { headers: browserHeaders });
    expect([status, challenge]).toEqual([302, null]);
    expect(headers.get('location')).toContain('/auth/login?return_to=%2Fnotes');
  });

  it('answers 503 when the keys of the provider cannot be fetched', async () => {
    const other = await createContextFixture({ API_AUDIENCE: 'api://notes' });
    await other.stop();
    const handler = createGuards(
      (guarded, options) => endpoint(() => other.services, guarded, options),
      new Set(),
    ).withScope('Notes.Read', open);
    const { status, code } = await ask(handler, { headers: await bearer(tokenOf()) });
    expect([status, code]).toEqual([503, 'ERR_PROVIDER_UNAVAILABLE']);
  });

  describe('in a call to another API', () => {
    const me = () =>
      guards.withScope('Notes.Read', async (_request, { callApi }) => callApi('graph', '/me'));
    const refuse = (more: Record<string, unknown>) => () => ({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'no', ...more },
    });

    beforeEach(() => {
      // MSAL looks at the system's clock.
      stopClockAt(start);
      fixture.tiny.forms.length = 0;
      fixture.tiny.answers.set('/me', { body: { id: 'ada' } });
      fixture.tiny.token = () => ({
        body: { token_type: 'Bearer', access_token: 'token-for-graph', expires_in: 3600 },
      });
    });

    it('exchanges the token for one of the person, once for the same token', async () => {
      const token = tokenOf({ uti: 'first' });
      const answers = [
        await ask(me(), { headers: await bearer(token) }),
        await ask(me(), { headers: await bearer(token) }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const [form, another] = fixture.tiny.forms;
      expect(another).toBeUndefined();
      expect(Object.fromEntries(form ?? [])).toMatchObject({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        requested_token_use: 'on_behalf_of',
        assertion: await token,
      });
      expect(form?.get('scope')).toContain('User.Read');
    });

    it('tells the client what the sign-in service wants of the person', async () => {
      const claims = '{"access_token":{"capolids":{"essential":true,"values":["p"]}}}';
      fixture.tiny.token = refuse({ error: 'interaction_required', error_codes: [50079], claims });
      const asked = await ask(me(), { headers: await bearer(tokenOf({ uti: 'claims' })) });
      expect([asked.status, asked.code]).toEqual([401, 'ERR_CLAIMS_NEEDED']);
      expect(asked.challenge).toContain(`claims="${Buffer.from(claims).toString('base64')}"`);
      fixture.tiny.token = refuse({ error_codes: [65001], suberror: 'consent_required' });
      const lacking = await ask(me(), { headers: await bearer(tokenOf({ uti: 'consent' })) });
      expect([lacking.status, lacking.code]).toEqual([403, 'ERR_CONSENT_NEEDED']);
    });

    it('says that the token is over when the sign-in service says so', async () => {
      fixture.tiny.token = refuse({ error_codes: [50173], suberror: 'bad_token' });
      const over = await ask(me(), { headers: await bearer(tokenOf({ uti: 'over' })) });
      expect([over.status, over.code]).toEqual([401, 'ERR_BEARER_TOKEN']);
      expect(over.challenge).toContain('error="invalid_token"');
    });

    it('has nobody to call for when an app calls by itself, but can call as this app', async () => {
      const options = { appRole: 'Notes.Read.All' } as const;
      const headers = await bearer(appTokenOf(['Notes.Read.All']));
      const asApp = guards.withScope(
        'Notes.Read',
        async (_request, { callApi }) => callApi('graph', '/me', { asApp: true }),
        options,
      );
      expect((await ask(asApp, { headers })).status).toBe(200);
      expect(fixture.tiny.forms[0]?.get('grant_type')).toBe('client_credentials');
      const forNobody = guards.withScope(
        'Notes.Read',
        async (_request, { callApi }) => callApi('graph', '/me'),
        options,
      );
      expect((await ask(forNobody, { headers })).code).toBe('ERR_INTERNAL');
    });

    it.each<[string, readonly string[], string]>([
      ['no scope at all', [], 'ERR_API_SETTINGS'],
      ['scopes of two APIs', ['User.Read', 'api://orders/Orders.Read'], 'ERR_INTERNAL'],
    ])('asks nobody for a token for %s, as with a session', async (_what, asked, code) => {
      const handler = guards.withScope('Notes.Read', async (_request, { accessToken }) => {
        await accessToken(asked);
        return {};
      });
      const answer = await ask(handler, { headers: await bearer(tokenOf({ uti: 'scopes' })) });
      expect([answer.code, fixture.tiny.forms]).toEqual([code, []]);
    });

    it('acts in the tenant of the app that calls by itself, and tells it to the handler', async () => {
      const tenants = await createContextFixture((origin) => ({
        ...{ ENTRA_TENANT_ID: 'organizations', ENTRA_ALLOWED_TENANTS: otherTenant },
        ...{ ENTRA_AUTHORITY: `${origin}/organizations/v2.0`, API_AUDIENCE: 'api://notes' },
      }));
      const { origin, answers } = tenants.tiny;
      const shared = `${origin}/organizations/oauth2/v2.0`;
      answers.set('/organizations/v2.0/.well-known/openid-configuration', {
        body: {
          issuer: `${origin}/{tenantid}/v2.0`,
          ...{ authorization_endpoint: `${shared}/authorize`, token_endpoint: `${shared}/token` },
          jwks_uri: origin + paths.keys,
        },
      });
      answers.set(`/${otherTenant}/oauth2/v2.0/token`, {
        body: { token_type: 'Bearer', access_token: 'token-of-the-app', expires_in: 3600 },
      });
      answers.set('/me', { body: {} });
      const handler = createGuards(
        (guarded, options) => endpoint(() => tenants.services, guarded, options),
        new Set(),
      ).withRole(
        'Notes.Read.All',
        async (_request, { client, callApi }) => {
          const { status } = await callApi('graph', '/me', { asApp: true });
          return { jsonBody: { status, tenant: client?.tenantId } };
        },
        { bearer: true },
      );
      const issued = { iss: `${origin}/${otherTenant}/v2.0`, tid: otherTenant };
      const { body } = await ask(handler, {
        headers: await bearer(appTokenOf(['Notes.Read.All'], issued)),
      });
      await tenants.stop();
      expect(body).toEqual({ status: 200, tenant: otherTenant });
    });

    it('keeps the token out of the log', async () => {
      fixture.tiny.token = refuse({ error_codes: [65001], suberror: 'consent_required' });
      const token = tokenOf({ uti: 'log' });
      await ask(me(), { headers: await bearer(token) });
      await ask(notes(), { headers: { authorization: `Bearer ${await token}x` } });
      expect(fixture.told.length).toBeGreaterThan(1);
      const lines = JSON.stringify(fixture.told);
      for (const part of (await token).split('.')) expect(lines).not.toContain(part);
    });
  });

  it('passes on a claims challenge as Entra ID documents it', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const handler = guards.withScope('Notes.Read', () => {
      throw new StepUpError({ scopes: ['User.Read'], claims });
    });
    const { status, code, challenge } = await ask(handler, { headers: await bearer(tokenOf()) });
    expect([status, code]).toEqual([401, 'ERR_CLAIMS_NEEDED']);
    const base64 = Buffer.from(claims).toString('base64');
    const authorize = `${fixture.tiny.origin}/${tenantId}/oauth2/v2.0/authorize`;
    expect(challenge).toContain(
      `Bearer realm="", authorization_uri="${authorize}", error="insufficient_claims", claims="${base64}"`,
    );
  });

  it('says when nobody has agreed to a call on behalf of the person', async () => {
    const handler = guards.withScope('Notes.Read', () => {
      throw new StepUpError({ scopes: ['api://orders/Orders.Read'] });
    });
    const { status, code, challenge } = await ask(handler, { headers: await bearer(tokenOf()) });
    expect([status, code, challenge]).toEqual([403, 'ERR_CONSENT_NEEDED', null]);
  });

  it("asks a person's token for what a step-up demands, as Entra ID and RFC 9470 say it", async () => {
    const context = guards.withScope('Notes.Read', open, { stepUp: { acrs: 'c1', maxAge: 300 } });
    const recent = guards.withScope('Notes.Read', open, { stepUp: { maxAge: 300 } });
    const met = { acrs: ['c1', 'c2'], auth_time: start - 300 };
    expect((await ask(context, { headers: await bearer(tokenOf(met)) })).status).toBe(204);
    expect((await ask(recent, { headers: await bearer(tokenOf(met)) })).status).toBe(204);
    const asked = await ask(context, { headers: await bearer(tokenOf({ acrs: ['c2'] })) });
    expect([asked.status, asked.code]).toEqual([401, 'ERR_CLAIMS_NEEDED']);
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    expect(asked.challenge).toContain('error="insufficient_claims"');
    expect(asked.challenge).toContain(`claims="${Buffer.from(claims).toString('base64')}"`);
    const old = await bearer(tokenOf({ auth_time: start - 361 }));
    for (const headers of [old, await bearer(tokenOf())]) {
      const { status, challenge } = await ask(recent, { headers });
      expect(status).toBe(401);
      expect(challenge).toContain('Bearer error="insufficient_user_authentication", max_age="300"');
    }
  });

  it("asks an app's own token for no step-up, since there is no person", async () => {
    const options = { appRole: 'Notes.Read.All', stepUp: { acrs: 'c1' } } as const;
    const headers = await bearer(appTokenOf(['Notes.Read.All']));
    expect((await ask(guards.withScope('Notes.Read', open, options), { headers })).status).toBe(
      204,
    );
  });

  it.each(['api://notes/Notes.Read', 'Notes Read', '', 'Notes"Read'])(
    'refuses the scope %j when the guard is made',
    (scope) => {
      expect(() => guards.withScope(scope, open)).toThrow(TypeError);
    },
  );
});

describe('a guard around a guarded handler', () => {
  it('asks for both', async () => {
    const demanding = guards.withStepUp({ acrs: 'c1' }, open);
    const handler = guards.withRole('reader', demanding);
    const { cookie } = await fixture.signIn();
    const asked = await ask(handler, { headers: { cookie } });
    expect([asked.status, asked.code, met]).toEqual([401, 'ERR_STEP_UP', []]);
    const { cookie: stepped } = await fixture.signIn({ acrs: ['c1'] });
    expect((await ask(handler, { headers: { cookie: stepped } })).status).toBe(204);
    const other = guards.withRole('payer', demanding);
    expect((await ask(other, { headers: { cookie: stepped } })).code).toBe('ERR_ROLE_MISSING');
  });
});

describe('withRole', () => {
  const nightly = () => guards.withRole('Notes.Read.All', open, { bearer: true });
  const editing = () => guards.withRole('editor', open, { bearer: true, scope: 'Notes.Write' });

  it('lets in an app with the role, and a browser of a person with it', async () => {
    const headers = await bearer(appTokenOf(['Other', 'Notes.Read.All']));
    expect((await ask(nightly(), { headers })).status).toBe(204);
    expect(met[0]?.client?.roles).toEqual(['Other', 'Notes.Read.All']);
    const { cookie } = await fixture.signIn();
    expect((await ask(nightly(), { headers: { cookie } })).code).toBe('ERR_ROLE_MISSING');
  });

  it("lets in a person's token with the role and the scope alone", async () => {
    const asks = async (more: JWTPayload) =>
      ask(editing(), { headers: await bearer(tokenOf(more)) });
    const both = await asks({ roles: ['editor'], scp: 'Notes.Write' });
    const scopeOnly = await asks({ scp: 'Notes.Write' });
    const roleOnly = await asks({ roles: ['editor'] });
    expect(both.status).toBe(204);
    expect([scopeOnly.status, scopeOnly.code]).toEqual([403, 'ERR_ROLE_MISSING']);
    expect([roleOnly.status, roleOnly.code]).toEqual([403, 'ERR_SCOPE_MISSING']);
  });

  it("takes no person's token without a scope in its options", async () => {
    const headers = await bearer(tokenOf({ roles: ['Notes.Read.All'] }));
    const { status, code } = await ask(nightly(), { headers });
    expect([status, code]).toEqual([403, 'ERR_SCOPE_MISSING']);
  });

  it('takes no token at all unless it says so', async () => {
    const headers = await bearer(appTokenOf(['editor']));
    const { status, code, challenge } = await ask(
      guards.withRole('editor', () => ({})),
      { headers },
    );
    expect([status, code, challenge]).toEqual([401, 'ERR_SIGNED_OUT', null]);
    expect(
      (
        await ask(
          guards.signedIn(() => ({})),
          { headers },
        )
      ).code,
    ).toBe('ERR_SIGNED_OUT');
  });
});

describe('an app without API_AUDIENCE', () => {
  let closed: ContextFixture;
  beforeAll(async () => {
    closed = await createContextFixture();
  });
  afterAll(() => closed.stop());

  it('takes no token, and goes by the session alone', async () => {
    const own = createGuards(
      (handler, options) => endpoint(() => closed.services, handler, options),
      new Set(),
    );
    const headers = await bearer(tokenOf());
    const { code, challenge } = await ask(own.withScope('Notes.Read', open), { headers });
    expect([code, challenge, met]).toEqual(['ERR_SIGNED_OUT', null, []]);
    const { cookie } = await closed.signIn();
    const { status } = await ask(own.withScope('Notes.Read', open), {
      headers: { ...headers, cookie },
    });
    expect(status).toBe(204);
  });

  it('has no metadata', async () => {
    const { handler } = serve(() => closed.services, createProtectedResourceFunction(new Set()));
    expect((await ask(handler)).status).toBe(404);
  });
});

describe('the metadata of the protected resource', () => {
  const read = async (path: string) => {
    guards.withScope('Notes.Read', open);
    guards.withRole('editor', open, { bearer: true, scope: 'Notes.Write' });
    guards.withScope('Notes.Read', open);
    const { handler } = serve(() => fixture.services, createProtectedResourceFunction(scopes));
    const origin = 'http://host-header.example';
    return ask(handler, { url: `${origin}/.well-known/oauth-protected-resource${path}` });
  };

  it('says where tokens come from, and names the scopes of all guards', async () => {
    const { status, body } = await read('');
    expect(status).toBe(200);
    expect(body).toEqual({
      resource: 'http://localhost:7071',
      authorization_servers: [fixture.tiny.authority],
      scopes_supported: ['api://notes/Notes.Read', 'api://notes/Notes.Write'],
      bearer_methods_supported: ['header'],
    });
  });

  it.each([
    ['/notes', 'http://localhost:7071/notes'],
    ['/api/mcp', 'http://localhost:7071/api/mcp'],
    ['/notes?x=1', 'http://localhost:7071/notes'],
    ['/', 'http://localhost:7071'],
    ['//evil.example', 'http://localhost:7071//evil.example'],
  ])('is about the resource in the path %s', async (path, resource) => {
    expect((await read(path)).body).toMatchObject({ resource });
  });

  it('stands where the challenge says', async () => {
    const { challenge } = await ask(guards.withScope('Notes.Read', open));
    const [, address = ''] = /resource_metadata="([^"]+)"/.exec(challenge ?? '') ?? [];
    const path = address.slice('http://localhost:7071/.well-known/oauth-protected-resource'.length);
    expect((await read(path)).body).toMatchObject({ resource: 'http://localhost:7071/notes' });
  });
});

describe('the options of a guard', () => {
  const inJavaScript = (): {
    withStepUp(demand: object | undefined, handler: typeof open): unknown;
  } => guards;
  it.each<[string, () => unknown]>([
    ['signedIn has no option stepup', () => guards.signedIn(open, misspelled)],
    ['withRole has no option stepup', () => guards.withRole('reader', open, misspelled)],
    ['withScope has no option stepup', () => guards.withScope('Notes.Read', open, misspelled)],
    ['withStepUp has no option stepup', () => guards.withStepUp({ acrs: 'c1' }, open, misspelled)],
    ['sameOrigin has no option stepUp', () => guards.sameOrigin(() => ({}), demanding)],
    ['a step-up needs acrs or maxAge', () => inJavaScript().withStepUp(undefined, open)],
    [
      'withStepUp has its demand already',
      () => guards.withStepUp({ acrs: 'c1' }, open, { stepUp: { maxAge: 300 } }),
    ],
    [
      'a step-up has no demand maxage',
      () => guards.withStepUp({ acrs: 'c1', ...{ maxage: 300 } }, open),
    ],
  ])('are refused when one is misspelled, which TypeScript alone would see: %s', (fault, make) => {
    expect(make).toThrow(new TypeError(fault));
  });
});

/** As variables: TypeScript would refuse them in the call. */
const misspelled: object = { stepup: { acrs: 'c1' } };
const demanding: object = { stepUp: { acrs: 'c1' } };
