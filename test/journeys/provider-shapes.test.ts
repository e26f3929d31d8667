import { setTimeout as sleep } from 'node:timers/promises';
import type { EntraShape } from '../../local/entra/tenants';
import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  signInWithExpiredToken,
  startJourney,
  textOf,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { exampleTenantId, readTenantExamples } from '../support/tenant-examples';
import { TestBrowser, words } from '../support/test-browser';

describe.each<[EntraShape, boolean]>([
  ['entra', true],
  ['external-id', true],
  ['b2c', false],
])('a provider of the shape %s', (shape, sendsTenant) => {
  let stack: TestStack;
  let app: string;

  beforeAll(async () => {
    stack = await startJourney({ shape });
    app = stack.apps[0]?.url ?? '';
  });
  afterAll(() => stack.stop());
  afterEach(() => resetControl(stack.facts.entraUrl));

  it('has an issuer of its own', () => {
    const { authority, issuer } = stack.facts;
    expect(new URL(issuer).host === new URL(authority).host).toBe(shape === 'entra');
  });

  it('signs a user in, who sees their profile', async () => {
    const { administrator } = accounts(stack);
    const { browser, page } = await signIn(app, administrator, '/auth/me');
    expect(page.url.href).toBe(`${app}/auth/me`);
    expect(words(page.text)).toContain('Identity administrator');
    const { status, body } = await fetchJson(`${app}/auth/session`, browser);
    expect(status).toBe(200);
    expect(body).toMatchObject({ user: { name: administrator } });
    const { user } = body as { user: { tid?: string | null } };
    expect(user.tid ?? undefined).toBe(sendsTenant ? stack.facts.tenantId : undefined);
  });

  it('is asked for a new account by prompt=create, which Azure AD B2C refuses', async () => {
    const browser = new TestBrowser();
    const asked = await browser.open(`${app}/auth/login?return_to=/auth/me&prompt=create`);
    if (shape === 'b2c') {
      expect([asked.status, words(asked.text)]).toEqual([403, expect.stringContaining('refused')]);
    } else {
      const page = await browser.press(asked, accounts(stack).administrator);
      expect(page.url.href).toBe(`${app}/auth/me`);
    }
  });

  it('refreshes tokens of that user and no other', async () => {
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).plainUser);
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect(status).toBe(200);
    expect(body).toMatchObject({ displayName: accounts(stack).plainUser });
  });

  it('signs in without any API, shows the claims, and verifies the session again', async () => {
    const env = { GRAPH_SCOPES: 'none', SESSION_REVALIDATE_SECONDS: '1' };
    const without = await stack.startApp({ env });
    const { plainUser } = accounts(stack);
    const { browser, page } = await signIn(without.url, plainUser, '/auth/me');
    expect(words(page.text)).toContain('As the sign-in service says');
    const issuedAt = async () => {
      const { body } = await fetchJson(`${without.url}/auth/me`, browser);
      const { claims } = body as { claims: { iat: number } };
      return claims.iat;
    };
    const first = await issuedAt();
    // The next second asks the provider again.
    await sleep(1_100);
    const { status, body } = await fetchJson(`${without.url}/auth/me`, browser);
    expect(status).toBe(200);
    expect(body).toMatchObject({ claims: { name: plainUser } });
    expect(body).not.toHaveProperty('access_token_expires_in');
    expect(await issuedAt()).toBeGreaterThan(first);
    expect(await stack.output(without)).not.toMatch(/ERR_/);
    expect((await fetchJson(`${without.url}/auth/me/photo`, browser)).status).toBe(404);
    await stack.stopApp(without);
  });

  it('signs a user out, at the provider too', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    const out = await browser.press(page, 'Sign out');
    expect(out.url.href).toMatch(new RegExp(`^${app}/auth/signed-out`));
    expect(out.trail.some((href) => href.includes('/oauth2/v2.0/logout'))).toBe(true);
    const again = await browser.open(`${app}/auth/login`);
    expect(again.url.origin).toBe(stack.facts.entraUrl);
  });

  if (shape !== 'b2c') return;

  it('a forgotten password: reset, and then on to the wanted page', async () => {
    const browser = new TestBrowser();
    const picker = await browser.open(`${app}/auth/login?return_to=/auth/me`);
    const reset = await browser.press(picker, 'Forgot your password?');
    expect(words(reset.text)).toContain('Reset your password');
    const page = await browser.press(reset, accounts(stack).plainUser);
    expect(page.url.href).toBe(`${app}/auth/me`);
    const { body } = await fetchJson(`${app}/auth/session`, browser);
    expect(body).toMatchObject({ user: { name: accounts(stack).plainUser } });
  });

  it('a profile that is edited shows in the session', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const edit = await browser.open(`${app}/auth/login?policy=edit-profile&return_to=/auth/me`);
    expect(words(edit.text)).toContain('Update your profile');
    const page = await browser.press(edit, 'Continue', { name: 'Tomás Renamed' });
    expect(page.url.href).toBe(`${app}/auth/me`);
    const { body } = await fetchJson(`${app}/auth/session`, browser);
    expect(body).toMatchObject({ user: { name: 'Tomás Renamed' } });
  });

  it('one that is cancelled changes nothing', async () => {
    const { browser } = await signIn(app, accounts(stack).plainUser);
    const edit = await browser.open(`${app}/auth/login?policy=edit-profile&return_to=/auth/me`);
    const page = await browser.press(edit, 'Cancel');
    expect(page.url.href).toBe(`${app}/auth/me`);
  });

  it('signs nobody in by a token of another user flow', async () => {
    await control(stack.facts.entraUrl, { idTokenClaims: { tfp: 'B2C_1_reset' } });
    const { page } = await signIn(app, accounts(stack).plainUser, '/auth/me');
    expect([page.status, words(page.text).includes('ERR_ID_TOKEN')]).toEqual([502, true]);
  });

  it('tokens without oid still sign in', async () => {
    await control(stack.facts.entraUrl, { b2cObjectId: false });
    const { browser } = await signIn(app, accounts(stack).plainUser);
    expect((await fetchJson(`${app}/auth/session`, browser)).status).toBe(200);
  });
});

/** The example of docs/tenants.md for each sovereign cloud, in the order of the page. */
const sovereign = readTenantExamples().filter(({ heading }) => heading === 'Sovereign clouds');

describe.each<[EntraShape, number, string]>([
  ['us-government', 0, 'https://graph.microsoft.us'],
  ['china', 1, 'https://microsoftgraph.chinacloudapi.cn'],
])('the sovereign cloud %s, with the settings of docs/tenants.md', (shape, index, graph) => {
  const example = sovereign[index]?.values ?? {};
  let stack: TestStack;
  let app: string;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    stack = await startJourney({ shape, apps: 0 });
    env = hereOf(example, stack.facts);
    app = (await stack.startApp({ env })).url;
  });
  afterAll(() => stack.stop());
  afterEach(async () => {
    await resetControl(stack.facts.entraUrl);
    await resetControl(stack.facts.graphUrl);
  });

  it('is at the addresses of the example', async () => {
    const { authority, issuer } = stack.facts;
    const { body } = await fetchJson(`${authority}/.well-known/openid-configuration`);
    expect(textOf(body, 'issuer')).toBe(issuer);
    expect(example['ENTRA_AUTHORITY']).toBe(issuer.replace(stack.facts.tenantId, exampleTenantId));
    const { protocol, host } = new URL(example['GRAPH_BASE_URL'] ?? '');
    expect(`${protocol}//${host}`).toBe(graph);
    expect(textOf(body, 'msgraph_host')).toBe(host);
    // What `npm start -- --shape` sets is the same.
    expect(example['GRAPH_SCOPES']).toBe(stack.facts.graphScopes);
  });

  it('signs a user in, who sees their profile, under the issuer of that cloud', async () => {
    const { administrator } = accounts(stack);
    const { browser, page } = await signIn(app, administrator, '/auth/me');
    expect(page.url.href).toBe(`${app}/auth/me`);
    expect(words(page.text)).toContain('Identity administrator');
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect(status).toBe(200);
    expect(body).toMatchObject({ claims: { iss: stack.facts.issuer, tid: stack.facts.tenantId } });
    const asked = page.trail.find((href) => href.includes('/authorize?')) ?? '';
    expect(new URL(asked).searchParams.get('scope')?.split(' ')).toContain(`${graph}/User.Read`);
  });

  it('refreshes an access token that has expired, and asks for no other address of Graph', async () => {
    const { browser } = await signInWithExpiredToken(stack, app, accounts(stack).plainUser);
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect(status).toBe(200);
    expect(body).toMatchObject({ displayName: accounts(stack).plainUser });
  });

  it('takes a claims challenge of Graph through the provider and back', async () => {
    const { browser, page } = await signIn(app, accounts(stack).administrator);
    await control(stack.facts.graphUrl, { answer: 'claims-challenge', times: 1 });
    const back = await browser.open(`${app}/auth/me`, { from: page.url });
    expect(back.url.href).toBe(`${app}/auth/me`);
    expect(words(back.text)).toContain('Identity administrator');
    expect(back.trail.some((href) => href.includes('/auth/login?step='))).toBe(true);
  });

  it('opens the console to an administrator, and to nobody else', async () => {
    const { page } = await signIn(app, accounts(stack).administrator, '/auth/admin');
    expect([page.status, page.url.pathname]).toEqual([200, '/auth/admin']);
    const other = await signIn(app, accounts(stack).plainUser, '/auth/admin');
    expect(other.page.status).toBe(403);
  });

  it('signs a user out, at the provider too', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    const out = await browser.press(page, 'Sign out');
    expect(out.url.href).toMatch(new RegExp(`^${app}/auth/signed-out`));
    expect(out.trail.some((href) => href.includes('/oauth2/v2.0/logout'))).toBe(true);
    const again = await browser.open(`${app}/auth/login`);
    expect(again.url.origin).toBe(stack.facts.entraUrl);
  });

  it('signs nobody in by an ID token of the public cloud', async () => {
    const iss = `https://login.microsoftonline.com/${stack.facts.tenantId}/v2.0`;
    await control(stack.facts.entraUrl, { idTokenClaims: { iss } });
    const { page } = await signIn(app, accounts(stack).plainUser, '/auth/me');
    expect([page.status, words(page.text).includes('ERR_ID_TOKEN')]).toEqual([502, true]);
  });

  it('refuses scopes of the public Graph, and the page and the log say so', async () => {
    const scopes = 'https://graph.microsoft.com/User.Read';
    const wrong = await stack.startApp({ env: { ...env, GRAPH_SCOPES: scopes } });
    const page = await new TestBrowser().open(`${wrong.url}/auth/login`);
    expect([page.status, page.url.origin]).toEqual([403, wrong.url]);
    expect(words(page.text)).toContain('AADSTS500011');
    expect(await stack.output(wrong)).toContain('"number":"AADSTS500011"');
    await stack.stopApp(wrong);
  });
});

/**
 * The settings of an example, at the stand-ins: only addresses that are called, and the tenant, change. The example has no
 * `ENTRA_ISSUER`, since the issuer is the authority there. Tables and keys are those of the stack.
 */
function hereOf(
  example: Readonly<Record<string, string>>,
  facts: TestStack['facts'],
): Readonly<Record<string, string>> {
  const values = Object.fromEntries(
    Object.entries(example)
      .filter(([name]) => !['TABLES_ENDPOINT', 'KEY_VAULT_KEY_ID'].includes(name))
      .map(([name, value]) => [name, value.replaceAll(exampleTenantId, facts.tenantId)]),
  );
  const at = (name: string, origin: string) => origin + new URL(values[name] ?? '').pathname;
  return {
    ...values,
    ENTRA_AUTHORITY: at('ENTRA_AUTHORITY', facts.entraUrl),
    ENTRA_ISSUER: values['ENTRA_ISSUER'] ?? values['ENTRA_AUTHORITY'] ?? '',
    GRAPH_BASE_URL: at('GRAPH_BASE_URL', facts.graphUrl),
  };
}

describe('an app told the wrong issuer', () => {
  it('signs nobody in: the metadata is another provider’s', async () => {
    const stack = await startJourney({ shape: 'external-id', appEnv: { ENTRA_ISSUER: '' } });
    const { status } = await fetchJson(`${stack.apps[0]?.url ?? ''}/auth/login`);
    await stack.stop();
    expect(status).toBe(502);
  });
});

describe('a stack for several tenants', () => {
  let stack: TestStack;
  let app: string;

  beforeAll(async () => {
    stack = await startJourney({ tenant: 'common' });
    app = stack.apps[0]?.url ?? '';
  });
  afterAll(() => stack.stop());

  it.each([
    ['Ines Okafor', 'anteroom.example'],
    ['Rafael Duarte', 'elsewhere.example'],
    ['Pia Lehtonen', 'outlook.example'],
  ])('signs in %s of %s under the tenant of that account', async (name) => {
    const { browser } = await signIn(app, name);
    const { status, body } = await fetchJson(`${app}/auth/session`, browser);
    expect(status).toBe(200);
    const tid = stack.facts.users.find((user) => user.name === name)?.tenantId;
    expect(body).toMatchObject({ user: { name, tid } });
  });

  it('refreshes the tokens of each person at their own tenant, and names the tenant at /auth/me', async () => {
    for (const name of ['Rafael Duarte', 'Pia Lehtonen']) {
      const { browser } = await signInWithExpiredToken(stack, app, name);
      const { status, body } = await fetchJson(`${app}/auth/me`, browser);
      const tid = stack.facts.users.find((user) => user.name === name)?.tenantId;
      expect([status, body]).toEqual([200, expect.objectContaining({ displayName: name })]);
      expect(body).toMatchObject({ claims: { tid, iss: `${stack.facts.entraUrl}/${tid}/v2.0` } });
    }
  });

  it('opens the console for the tenant of the settings, and shows the tenant of each session', async () => {
    await signIn(app, 'Rafael Duarte');
    const { browser, page } = await signIn(app, 'Ines Okafor', '/auth/admin');
    expect([page.status, page.url.pathname]).toEqual([200, '/auth/admin']);
    const rafael = stack.facts.users.find(({ name }) => name === 'Rafael Duarte')?.tenantId ?? '';
    expect(words(page.text)).toContain(`Tenant ${rafael}`);
    const { body } = await fetchJson(`${app}/auth/admin`, browser);
    expect(JSON.stringify(body)).toContain(`"tenant":"${rafael}"`);
  });

  it('signs out at the provider, too', async () => {
    const { browser, page } = await signIn(app, 'Rafael Duarte');
    const out = await browser.press(page, 'Sign out');
    expect(out.url.pathname).toBe('/auth/signed-out');
    expect((await browser.open(`${app}/auth/login`)).url.origin).toBe(stack.facts.entraUrl);
  });

  describe('with a list of tenants', () => {
    let listed: string;
    let output: () => Promise<string>;

    beforeAll(async () => {
      const env = { ENTRA_ALLOWED_TENANTS: stack.facts.tenantId };
      const facts = await stack.startApp({ env });
      listed = facts.url;
      output = () => stack.output(facts);
    });

    it('lets in who is on it', async () => {
      const { page } = await signIn(listed, 'Ines Okafor', '/auth/me');
      expect([page.status, page.url.href]).toEqual([200, `${listed}/auth/me`]);
    });

    it.each([
      ['Rafael Duarte', 'This app is not open to your organisation', 'ERR_TENANT_NOT_ALLOWED'],
      ['Pia Lehtonen', 'This app does not accept personal accounts', 'ERR_PERSONAL_ACCOUNT'],
    ])(
      'keeps %s out with a page, without a session, and logs the tenant',
      async (name, title, code) => {
        const { browser, page } = await signIn(listed, name, '/auth/me');
        const tid = stack.facts.users.find((user) => user.name === name)?.tenantId ?? '';
        expect(page.status).toBe(403);
        expect(words(page.text)).toContain(title);
        expect(words(page.text)).toContain(`Tenant ${tid}`);
        expect(page.text).not.toContain(name);
        expect((await fetchJson(`${listed}/auth/session`, browser)).status).toBe(401);
        expect(await output()).toMatch(new RegExp(`"code":"${code}".*"tenant":"${tid}"`));
        const picker = await browser.click(page, 'Use another account');
        expect(picker.url.searchParams.get('prompt')).toBe('select_account');
      },
    );
  });

  it('offers no guests: they sign in at home', () => {
    const names = stack.facts.offered.map(({ username }) => username);
    expect(new Set(names).size).toBe(names.length);
  });
});
