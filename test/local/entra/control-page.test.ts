import { request } from 'node:http';
import { decodeJwt } from 'jose';
import { seedUsers } from '../../../local/entra/registrations';
import { TestBrowser, words } from '../../support/test-browser';
import { act, control, type StandIns, startStandIns, tenantId } from '../start-stand-ins';
import { createAttempt, createPlainBrowser, pick, signIn, textOf } from './entra-client';

const [admin, plain] = seedUsers(tenantId).map(({ objectId }) => objectId) as [string, string];

let standIns: StandIns;
let page: string;

beforeAll(async () => {
  standIns = await startStandIns();
  page = `${standIns.entra.url}/control`;
});
afterAll(() => standIns.stop());
beforeEach(() => act(standIns.entra.url, 'reset'));

/** Sends a form of the page, as a browser on it would. */
async function submit(form: string, fields: Record<string, string>) {
  return new TestBrowser().open(`${page}/${form}`, {
    method: 'POST',
    form: fields,
    from: new URL(page),
  });
}

async function state(): Promise<{ users: Record<string, object> } & Record<string, unknown>> {
  return (await (await fetch(page)).json()) as { users: Record<string, object> };
}

describe('the control page', () => {
  it('is a page for browsers, without script, and JSON for others', async () => {
    const shown = await new TestBrowser().open(page);
    expect(shown.headers.get('content-type')).toContain('text/html');
    expect(shown.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'/,
    );
    expect(shown.text).not.toContain('<script');
    for (const { name } of standIns.entra.users) expect(words(shown.text)).toContain(name);
    expect((await fetch(page)).headers.get('content-type')).toContain('application/json');
  });

  it('changes roles, consent and whether an account is disabled', async () => {
    const shown = await submit('account', {
      ...{ user: plain, roles: 'reader, writer', disabled: 'on' },
      ...{ groups: 'All staff, Night shift', groupCount: '198' },
    });
    expect(shown.url.href).toBe(page);
    expect((await state()).users[plain]).toEqual({
      name: 'Tomás Lindqvist',
      roles: ['reader', 'writer'],
      consented: false,
      disabled: true,
      groups: ['All staff', 'Night shift'],
      groupCount: 198,
    });
    const refused = await submit('account', { user: plain, roles: '', groupCount: '12001' });
    expect(refused.status).toBe(400);
  });

  it('adds an account, which can then sign in and has a profile', async () => {
    const shown = await submit('add-account', {
      name: 'Kim Roe',
      username: 'kim@anteroom.example',
      roles: 'admin',
    });
    expect(words(shown.text)).toContain('kim@anteroom.example');
    const [objectId = ''] =
      Object.entries((await state()).users).find(
        ([, user]) => 'Kim Roe' === Reflect.get(user, 'name'),
      ) ?? [];
    const tokens = await signIn(standIns.entra.url, objectId);
    expect(decodeJwt(textOf(tokens, 'id_token'))).toMatchObject({
      preferred_username: 'kim@anteroom.example',
      roles: ['admin'],
      tid: tenantId,
    });
    const headers = { Authorization: `Bearer ${textOf(tokens, 'access_token')}` };
    const me = await fetch(`${standIns.graph.baseUrl}/me`, { headers });
    expect(await me.json()).toMatchObject({ displayName: 'Kim Roe', surname: 'Roe' });
  });

  it('demands confirmations, and takes that back', async () => {
    const shown = await submit('add-policy', { user: plain, scope: '', acrs: 'c1' });
    expect(words(shown.text)).toContain('Tomás Lindqvist must confirm who they are (c1)');
    const answer = await pick(createPlainBrowser(), createAttempt(standIns.entra.url).url, plain);
    expect(answer.headers.get('location')).toContain('/sign-in/');
    await submit('clear-policies', {});
    expect(await state()).toMatchObject({ accessPolicies: [] });
  });

  it('sets how the token endpoint answers', async () => {
    await submit('tokens', {
      ...{ accessTokenSeconds: '90', tokenError: '50076', tokenOutage: 'none' },
      ...{ tokenDelayMs: '5', tokenTimes: '2' },
    });
    expect(await state()).toMatchObject({
      ...{ accessTokenSeconds: 90, tokenError: 50076, tokenDelayMs: 5, tokenTimes: 2 },
    });
    await submit('tokens', {
      ...{ accessTokenSeconds: '3600', tokenError: '', tokenOutage: 'none' },
      ...{ tokenDelayMs: '', tokenTimes: '' },
    });
    expect(await state()).toMatchObject({ tokenError: null, tokenDelayMs: 0, tokenTimes: null });
  });

  it('sets what the settings of an app have wrong, and the clock', async () => {
    await submit('provider', {
      ...{ registration: 'expired-secret', metadataOutage: 'drop', keysOutage: 'hang' },
      dateAheadSeconds: '-600',
    });
    expect(await state()).toMatchObject({
      ...{ registration: 'expired-secret', metadataOutage: 'drop', keysOutage: 'hang' },
      dateAheadSeconds: -600,
    });
  });

  it('takes everything back, and signs with a new key', async () => {
    const keys = async () => (await fetch(standIns.entra.keysUrl)).text();
    const before = await keys();
    await submit('rotate-keys', {});
    expect(await keys()).not.toBe(before);
    await submit('account', { user: admin, roles: '', disabled: 'on' });
    await submit('reset', {});
    expect((await state()).users[admin]).toMatchObject({ roles: ['admin'], disabled: false });
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['an unknown account', 'account', { user: 'nobody', roles: '' }, 'no such account'],
    [
      'a user name that is taken',
      'add-account',
      { name: 'X', username: 'INES@anteroom.example' },
      'taken',
    ],
    [
      'a user name that is none',
      'add-account',
      { name: 'X', username: 'x' },
      'user name is such as',
    ],
    [
      'a user name that is too long',
      'add-account',
      { name: 'Kim Roe', username: `${'k'.repeat(61)}@anteroom.example` },
      'at most 60 characters before the @ and 60 after it',
    ],
    [
      'a name that is too long',
      'add-account',
      { name: 'K'.repeat(121), username: 'k@anteroom.example' },
      'at most 120 characters',
    ],
    ['no name', 'add-account', { name: '', username: 'x@y.example' }, 'needs a name'],
    ['no context', 'add-policy', { acrs: 'x' }, 'c1 to c99'],
    ['a fault that is none', 'provider', { registration: 'no' }, 'no-such-app'],
    ['a time that is none', 'tokens', { accessTokenSeconds: 'soon', tokenOutage: 'none' }, 'whole'],
  ])('says why it does not take %s', async (_, form, fields, reason) => {
    const answer = await submit(form, fields);
    expect(answer.status).toBe(400);
    expect(words(answer.text)).toContain(reason);
  });

  it('shows a name as text, whatever it holds', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await control(standIns.entra.url, { users: { 'x@anteroom.example': { name } } });
    const { text } = await new TestBrowser().open(page);
    expect(text).not.toContain('<img');
    expect(words(text)).toContain(name);
  });

  it.each<[string, Record<string, string>]>([
    ['of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['of another port', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://127.0.0.1:1' }],
    ['of an old browser elsewhere', { Origin: 'https://evil.example' }],
    ['that does not say where it is from', {}],
    ['of a sandboxed frame', { Origin: 'null' }],
  ])('takes no form %s', async (_, headers) => {
    expect(await post(`${page}/account`, `user=${plain}&disabled=on`, headers)).toBe(403);
    expect((await state()).users[plain]).toMatchObject({ disabled: false });
  });

  it('can be read by a link from the app, but not by its scripts', async () => {
    const read = (mode: string) =>
      post(page, undefined, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': mode });
    expect(await read('navigate')).toBe(200);
    expect(await read('cors')).toBe(403);
  });
});

describe('POST /control', () => {
  it('adds accounts, all or none', async () => {
    const before = await state();
    const users = { 'new@anteroom.example': { name: 'New', roles: ['a'] } };
    const refused = await control(standIns.entra.url, { users, tokenDelayMs: 'late' });
    expect(refused.status).toBe(400);
    expect(await state()).toEqual(before);
    expect((await control(standIns.entra.url, { users })).status).toBe(200);
    expect(Object.values((await state()).users)).toContainEqual({
      ...{ name: 'New', roles: ['a'], consented: true, disabled: false },
      ...{ groups: [], groupCount: 0 },
    });
  });

  it('adds nobody without a name or a user name', async () => {
    for (const users of [{ 'new@anteroom.example': { roles: [] } }, { 'no name': { name: 'X' } }]) {
      expect((await control(standIns.entra.url, { users })).status).toBe(400);
    }
  });
});

/** fetch sets Sec-Fetch-* by itself. Without a body it is a GET. */
function post(
  url: string,
  body: string | undefined,
  headers: Record<string, string>,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const method = body === undefined ? 'GET' : 'POST';
    const sent = { method, headers: body === undefined ? headers : { ...type, ...headers } };
    request(url, sent, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end(body);
  });
}
