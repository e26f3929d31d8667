import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../local/loopback/processes';
import { accounts, control, cookieName, fetchJson, signIn } from '../support/journey';
import { createSecretWatch } from '../support/secret-watch';
import { startStack, type TestStack } from '../support/start-stack';
import type { TestBrowser } from '../support/test-browser';

describe('npm start -- --data DIR, after a restart', () => {
  let dataDir: string;
  let browser: TestBrowser;
  let stack: TestStack;
  let app: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'kept-sessions-'));
    const appPort = await freePort();
    const first = await startStack({ dataDir, appPort });
    await control(first.facts.entraUrl, {
      accessTokenSeconds: 60,
      users: {
        'tomas@anteroom.example': { roles: ['admin'] },
        'kim@anteroom.example': { name: 'Kim Roe' },
      },
    });
    ({ browser } = await signIn(first.apps[0]?.url ?? '', accounts(first).administrator));
    await first.stop();
    stack = await startStack({ dataDir, appPort });
    app = stack.apps[0]?.url ?? '';
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(dataDir, { recursive: true });
  });

  it('a person is still signed in, also once the access token has expired', async () => {
    const me = await fetchJson(`${app}/auth/me`, browser);
    expect([me.status, me.body]).toEqual([
      200,
      expect.objectContaining({ displayName: accounts(stack).administrator }),
    ]);
    // At the provider too: signing in again asks nothing.
    const again = await browser.open(`${app}/auth/login?return_to=/auth/session`);
    expect(again.url.href).toBe(`${app}/auth/session`);
  });

  it('the files of the tables hold nothing of a session that could be read', async () => {
    const watch = createSecretWatch();
    const cookie = browser.cookies(app).get(cookieName(app)) ?? '';
    const [, ticket = ''] = cookie.split('.');
    const { u: userKey, s: id } = JSON.parse(Buffer.from(ticket, 'base64url').toString()) as {
      u: string;
      s: string;
    };
    const { keyRingSecret, client } = stack.facts;
    const secrets = { cookie, id, name: accounts(stack).administrator, keyRingSecret, userKey };
    for (const [what, value] of Object.entries({ ...secrets, clientSecret: client.secret })) {
      watch.plant(what, value);
    }
    // What is read of a page is written to disk a little later.
    await fetchJson(`${app}/auth/me`, browser);
    const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((each) => each.includes('azurite'))) {
      watch.see('tables', readFileSync(join(dataDir, file), 'utf8'));
    }
    expect(watch.places()).toEqual({
      ...{ clientSecret: [], cookie: [], id: [], keyRingSecret: [], name: [] },
      // It is the key of the rows: they are there.
      userKey: ['tables'],
    });
  });

  it('accounts are as they were changed and added while the stack ran', async () => {
    const tomas = await signIn(app, accounts(stack).plainUser);
    expect((await fetchJson(`${app}/auth/admin`, tomas.browser)).status).toBe(200);
    const kim = await signIn(app, 'Kim Roe');
    const { body } = await fetchJson(`${app}/auth/me`, kim.browser);
    expect(body).toMatchObject({ displayName: 'Kim Roe' });
  });
});
