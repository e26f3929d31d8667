import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../local/loopback/processes';
import { accounts, control, fetchJson, signIn } from '../support/journey';
import { startStack } from '../support/start-stack';

describe('npm start -- --data DIR', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'kept-sessions-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('keeps a person signed in over a restart, also once the access token has expired', async () => {
    const appPort = await freePort();
    const first = await startStack({ dataDir, appPort });
    const { administrator } = accounts(first);
    await control(first.facts.entraUrl, { accessTokenSeconds: 1 });
    const { browser } = await signIn(first.apps[0]?.url ?? '', administrator);
    await first.stop();

    const second = await startStack({ dataDir, appPort });
    try {
      const app = second.apps[0]?.url ?? '';
      const me = await fetchJson(`${app}/auth/me`, browser);
      expect([me.status, me.body]).toEqual([
        200,
        expect.objectContaining({ displayName: administrator }),
      ]);
      // At the provider too: signing in again asks nothing.
      const again = await browser.open(`${app}/auth/login?return_to=/auth/session`);
      expect(again.url.href).toBe(`${app}/auth/session`);
    } finally {
      await second.stop();
    }
  });

  it('keeps accounts that were changed and added while the stack ran', async () => {
    const first = await startStack({ dataDir });
    await control(first.facts.entraUrl, {
      users: {
        'tomas@anteroom.example': { roles: ['admin'] },
        'kim@anteroom.example': { name: 'Kim Roe' },
      },
    });
    await first.stop();

    const second = await startStack({ dataDir });
    try {
      const app = second.apps[0]?.url ?? '';
      const tomas = await signIn(app, accounts(second).plainUser);
      expect((await fetchJson(`${app}/auth/admin`, tomas.browser)).status).toBe(200);
      const kim = await signIn(app, 'Kim Roe');
      const { body } = await fetchJson(`${app}/auth/me`, kim.browser);
      expect(body).toMatchObject({ displayName: 'Kim Roe' });
    } finally {
      await second.stop();
    }
  });
});
