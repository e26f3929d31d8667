import type { AppFacts } from '../../local/stack/stack-messages';
import { fetchJson, startJourney } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { TestBrowser, words } from '../support/test-browser';

let stack: TestStack;
let app: AppFacts;

beforeAll(async () => {
  stack = await startJourney({ apps: 0 });
  app = await stack.startApp({
    env: { ENTRA_TENANT_ID: 'hunter2', KEY_RING_SECRET: '', SESSION_IDLE_SECONDS: 'hunter2' },
  });
});
afterAll(() => stack.stop());

describe('an app with faulty settings', () => {
  it.each([
    '/',
    '/auth/login',
    '/auth/redirect',
    '/auth/me',
    '/auth/session',
    '/auth/admin',
    '/auth/signed-out',
  ])(
    'starts, and answers 503 at %s with the names of all faulty settings and no value',
    async (path) => {
      const page = await new TestBrowser().open(app.url + path);
      expect(page.status).toBe(503);
      for (const name of ['ENTRA_TENANT_ID', 'KEY_RING_SECRET', 'SESSION_IDLE_SECONDS']) {
        expect(words(page.text)).toContain(name);
      }
      expect(page.text).not.toContain('hunter2');
      const json = await fetchJson(app.url + path);
      expect(json.status).toBe(503);
      expect(json.body).toMatchObject({ code: 'ERR_SETTINGS' });
      expect(JSON.stringify(json.body)).not.toContain('hunter2');
    },
  );

  it('tells probes that the settings fail', async () => {
    const { status, body } = await fetchJson(`${app.url}/health`);
    expect([status, body]).toEqual([503, { status: 'failing', failing: ['settings'] }]);
  });
});
