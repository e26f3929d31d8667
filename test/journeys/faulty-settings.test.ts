import type { AppFacts } from '../../local/stack/stack-process';
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

  const key = Buffer.alloc(64, 5).toString('base64');

  it.each([
    ['with a short key', 'AccountKey=x'],
    ['of no emulator', 'UseDevelopmentStorage=false'],
    ['to a place that is no URL', `TableEndpoint=notaurl;AccountName=abc;AccountKey=${key}`],
    [
      'over http to another host',
      `TableEndpoint=http://tables.contoso.com/abc;AccountName=abc;AccountKey=${key}`,
    ],
    // Only the table's client knows that this one leads out of the machine, too.
    ['over http by default', `DefaultEndpointsProtocol=http;AccountName=abc;AccountKey=${key}`],
  ])('answers 503 everywhere for a connection string %s', async (_name, connectionString) => {
    const faulty = await stack.startApp({ env: { TABLES_CONNECTION_STRING: connectionString } });
    for (const path of ['/', '/auth/login', '/auth/session', '/auth/signed-out']) {
      const { status, body } = await fetchJson(faulty.url + path);
      expect(status).toBe(503);
      expect(body).toMatchObject({ settings: [{ name: 'TABLES_CONNECTION_STRING' }] });
      expect(JSON.stringify(body)).not.toContain(connectionString);
    }
    const { status, body } = await fetchJson(`${faulty.url}/health`);
    expect([status, body]).toEqual([503, { status: 'failing', failing: ['settings'] }]);
    await stack.stopApp(faulty);
  });
});
