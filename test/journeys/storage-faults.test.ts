import { TableClient } from '@azure/data-tables';
import { accounts, eventsIn, fetchJson, signIn, startJourney, textOf } from '../support/journey';
import type { TestStack } from '../support/start-stack';
import { type OwnTables, startOwnTables } from '../support/test-table';

let tables: OwnTables;
let stack: TestStack;
let app: Awaited<ReturnType<TestStack['startApp']>>;

beforeAll(async () => {
  tables = await startOwnTables();
  stack = await startJourney({ apps: 0 });
  app = await stack.startApp({ env: { TABLES_CONNECTION_STRING: tables.connectionString } });
});
afterEach(() => {
  tables.misbehave();
});
afterAll(() => Promise.all([stack.stop(), tables.stop()]));

const fromPage = { method: 'POST', headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' } };
const post = (fields: Record<string, string>) => ({
  ...fromPage,
  body: new URLSearchParams(fields),
});

describe('storage that asks to wait', () => {
  it('longer than a request can: 503 after one try, with the time it asked for', async () => {
    const { browser } = await signIn(app.url, accounts(stack).plainUser);
    tables.misbehave({ fault: 'busy', retryAfter: '20' });
    tables.takeRequests();
    const answer = await fetchJson(`${app.url}/auth/session`, browser);
    expect([answer.status, textOf(answer.body, 'code')]).toEqual([503, 'ERR_STORAGE_UNAVAILABLE']);
    expect(answer.headers.get('retry-after')).toBe('20');
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(tables.takeRequests()).toHaveLength(1);
  });

  it('a second: the request waits and succeeds', async () => {
    const { browser } = await signIn(app.url, accounts(stack).plainUser);
    tables.misbehave({ fault: 'busy', retryAfter: '1', times: 1 });
    expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(200);
  });
});

it('a refusal in XML is an outage like the others, and the log has its code', async () => {
  const { browser } = await signIn(app.url, accounts(stack).plainUser);
  tables.misbehave({ fault: 'bad-token' });
  const answer = await fetchJson(`${app.url}/auth/session`, browser);
  expect([answer.status, textOf(answer.body, 'code')]).toEqual([503, 'ERR_STORAGE_UNAVAILABLE']);
  expect(await stack.output(app)).toContain('the tables answered InvalidAuthenticationInfo');
});

it('the page of a proxy in place of every answer signs nobody out, and no list is empty for it', async () => {
  const { browser } = await signIn(app.url, accounts(stack).administrator);
  const unavailable = async (path: string, init = {}) => {
    const answer = await fetchJson(app.url + path, browser, init);
    const outcome = [path, answer.status, textOf(answer.body, 'code')];
    expect(outcome).toEqual([path, 503, 'ERR_STORAGE_UNAVAILABLE']);
    expect(answer.headers.getSetCookie()).toEqual([]);
  };
  tables.misbehave({ fault: 'page' });
  await unavailable('/auth/session');
  tables.misbehave({ fault: 'page', on: 'list' });
  await unavailable('/auth/sessions');
  await unavailable('/auth/sessions/end', post({ others: 'true' }));
  await unavailable('/auth/admin');
  await unavailable('/auth/admin/activity');
  tables.misbehave();
  expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(200);
});

describe('an answer that got lost after the work was done', () => {
  const lose = (on: string) => {
    tables.misbehave({ fault: 'lost-answer', on, times: 1 });
  };

  it('counts the sessions that were ended, in the answer and in the audit', async () => {
    const { guest } = accounts(stack);
    const browsers = [];
    for (let count = 0; count < 3; count += 1) browsers.push(await signIn(app.url, guest));
    const [here, ...others] = browsers.map(({ browser }) => browser);
    lose('transaction');
    const ended = await fetchJson(`${app.url}/auth/sessions/end`, here, post({ others: 'true' }));
    expect([ended.status, ended.body]).toEqual([200, { ended: 2 }]);
    expect(eventsIn(await stack.output(app))).toContainEqual(
      expect.objectContaining({ why: 'end own other sessions', outcome: 'done', count: 2 }),
    );
    for (const browser of others) {
      expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(401);
    }
    expect((await fetchJson(`${app.url}/auth/session`, here)).status).toBe(200);
  });

  it('ends one session, and does not call it gone already', async () => {
    const { guest } = accounts(stack);
    const [{ browser: here }, { browser: there }] = [
      await signIn(app.url, guest),
      await signIn(app.url, guest),
    ];
    const list = await fetchJson(`${app.url}/auth/sessions`, here);
    const { sessions } = list.body as { sessions: { session: string; is_current: boolean }[] };
    const keys = sessions.filter((each) => !each.is_current).map((each) => each.session);
    for (const session of keys) {
      lose('transaction');
      const ended = await fetchJson(`${app.url}/auth/sessions/end`, here, post({ session }));
      expect([ended.status, ended.body]).toEqual([200, { ended: 1 }]);
    }
    expect((await fetchJson(`${app.url}/auth/session`, there)).status).toBe(401);
  });

  it('of a sign-in and a sign-out changes nothing', async () => {
    lose('transaction');
    const { browser, page } = await signIn(app.url, accounts(stack).guest);
    expect(page.status).toBe(200);
    expect((await fetchJson(`${app.url}/auth/session`, browser)).status).toBe(200);
    lose('transaction');
    const out = await fetchJson(`${app.url}/auth/logout`, browser, fromPage);
    expect(out.status).toBe(200);
    expect(textOf(out.body, 'not_done')).toBe('');
  });
});

// Last: it takes the table away.
it('a table that is gone signs nobody out, and is told by name', async () => {
  const { browser } = await signIn(app.url, accounts(stack).plainUser);
  const client = TableClient.fromConnectionString(tables.connectionString, stack.facts.tableName, {
    allowInsecureConnection: true,
  });
  await client.deleteTable();
  const session = await fetchJson(`${app.url}/auth/session`, browser);
  expect([session.status, textOf(session.body, 'code')]).toEqual([503, 'ERR_STORAGE_UNAVAILABLE']);
  expect(session.headers.getSetCookie()).toEqual([]);
  const health = await fetchJson(`${app.url}/health`);
  expect(health.status).toBe(503);
  expect(health.body).toMatchObject({ failing: expect.arrayContaining(['storage']) as string[] });
  expect(await stack.output(app)).toContain(`there is no table ${stack.facts.tableName}`);
});
