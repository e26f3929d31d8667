import type { EntraShape } from '../../local/entra/shape';
import {
  accounts,
  control,
  fetchJson,
  resetControl,
  signIn,
  startJourney,
} from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { words } from '../support/test-browser';

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

  it('refreshes tokens of that user and no other', async () => {
    await control(stack.facts.entraUrl, { accessTokenSeconds: 1 });
    const { browser } = await signIn(app, accounts(stack).plainUser);
    await resetControl(stack.facts.entraUrl);
    const { status, body } = await fetchJson(`${app}/auth/me`, browser);
    expect(status).toBe(200);
    expect(body).toMatchObject({ displayName: accounts(stack).plainUser });
  });

  it('signs a user out, at the provider too', async () => {
    const { browser, page } = await signIn(app, accounts(stack).plainUser);
    const out = await browser.press(page, 'Sign out');
    expect(out.url.href).toMatch(new RegExp(`^${app}/auth/signed-out`));
    expect(out.trail.some((href) => href.includes('/oauth2/v2.0/logout'))).toBe(true);
    const again = await browser.open(`${app}/auth/login`);
    expect(again.url.origin).toBe(stack.facts.entraUrl);
  });
});

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

  it('offers no guests: they sign in at home', () => {
    const names = stack.facts.offered.map(({ username }) => username);
    expect(new Set(names).size).toBe(names.length);
  });
});
