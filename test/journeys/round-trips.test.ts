import { countHops, inspectable } from '../../bench/parts/count-hops';
import { useFixedClock } from '../support/fixed-clock';
import { accounts, control, fetchJson, resetControl, startJourney } from '../support/journey';
import type { AppFacts } from '../../local/stack/stack-process';
import type { TestStack } from '../support/start-stack';
import { TestBrowser } from '../support/test-browser';
import { type OwnTables, startOwnTables } from '../support/test-table';

useFixedClock();
let stack: TestStack;
let tables: OwnTables;
let started: AppFacts;
let app: string;

beforeAll(async () => {
  stack = await startJourney({ apps: 0 });
  tables = await startOwnTables();
  const env = { TABLES_CONNECTION_STRING: tables.connectionString, ...inspectable() };
  started = await stack.startApp({ env });
  app = started.url;
});
afterAll(async () => {
  await stack.stop();
  await tables.stop();
});

/** What reached the table since the last time, in words. */
function trips(): string[] {
  return tables.takeRequests().map((request) => {
    const [method = '', path = ''] = request.split(' ');
    if (path.includes('$batch')) return 'transaction';
    if (method === 'GET') {
      return decodeURIComponent(path).includes("RowKey='") ? 'point read' : 'query';
    }
    return method === 'POST' ? 'insert' : method === 'DELETE' ? 'delete' : 'write';
  });
}

async function signInThere(browser: TestBrowser): Promise<void> {
  const picker = await browser.open(`${app}/auth/login?return_to=/nothing-is-here`);
  if (picker.url.origin !== app) await browser.press(picker, accounts(stack).administrator);
}

describe('storage round trips', () => {
  const browser = new TestBrowser();

  it('one query for the key ring at the first request of an instance that needs a key', async () => {
    const stranger = new TestBrowser();
    stranger.follows = false;
    await stranger.open(app);
    expect(trips()).toEqual([]);
    await stranger.open(`${app}/auth/login`);
    // The very first instance of all makes the first key.
    expect(trips()).toEqual(['query', 'insert']);
    await stranger.open(`${app}/auth/login`);
    expect(trips()).toEqual([]);
  });

  it('none for an anonymous visitor: home, login, hop page, a client without session', async () => {
    const stranger = new TestBrowser();
    await stranger.open(app);
    stranger.follows = false;
    await stranger.open(`${app}/auth/login`);
    await stranger.open(`${app}/auth/redirect?code=a&state=b`);
    await fetchJson(`${app}/auth/session`);
    expect(trips()).toEqual([]);
  });

  it('at sign-in one transaction, then the sid index', async () => {
    await signInThere(browser);
    expect(trips()).toEqual(['transaction', 'insert']);
  });

  it('at a sign-in over a former session one transaction more', async () => {
    await signInThere(browser);
    expect(trips()).toEqual(['transaction', 'insert', 'transaction']);
  });

  it('one point read for a guarded request', async () => {
    await fetchJson(`${app}/auth/session`, browser);
    expect(trips()).toEqual(['point read']);
  });

  it('two point reads for /auth/me with a live access token, and one for the next', async () => {
    await fetchJson(`${app}/auth/me`, browser);
    expect(trips()).toEqual(['point read', 'point read']);
    await fetchJson(`${app}/auth/me`, browser);
    expect(trips()).toEqual(['point read']);
  });

  it('one write more when the access token had to be refreshed', async () => {
    await control(stack.facts.entraUrl, { accessTokenSeconds: 60 });
    await signInThere(browser);
    await resetControl(stack.facts.entraUrl);
    trips();
    await fetchJson(`${app}/auth/me`, browser);
    expect(trips()).toEqual(['point read', 'point read', 'write']);
  });

  it('at sign-out one point read, one transaction, and the sid index', async () => {
    await fetchJson(`${app}/auth/logout`, browser, {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF': '1' },
    });
    expect(trips()).toEqual(['point read', 'transaction', 'delete']);
  });
});

describe('files of src that a request runs through', () => {
  it('are at most as many as a reader of the story can follow', async () => {
    const hops = await countHops(stack, started);
    expect(hops.map(({ files }) => files.length > 10)).toEqual([true, true, true]);
    expect(hops.filter(({ files, max }) => files.length > max)).toEqual([]);
  });
});
