import { gzipSync } from 'node:zlib';
import { AppError } from '../../src/errors';
import { adminFunctions } from '../../src/functions/admin';
import type { Handler } from '../../src/http/context';
import {
  browserHeaders,
  createContextFixture,
  type ContextFixture,
} from '../support/context-fixture';
import { newSession, start, userOf } from '../support/session-fixture';
import { words } from '../support/test-browser';

const signal = new AbortController().signal;
let fixture: ContextFixture;
let cookie: string;
const handler: Handler = (context) => {
  const get = adminFunctions.find(({ name }) => name === 'admin')?.get;
  if (get === undefined) throw new Error('no console');
  return get(context);
};

/** 10,000 sessions of 3,401 people; 1,000 of them as sign-ins make them, those that the table has first. */
beforeAll(async () => {
  fixture = await createContextFixture();
  ({ cookie } = await fixture.signIn());
  const { sessions, table } = fixture.services;
  for (let count = 0; count < 999; count += 1) {
    const person = count % 400;
    const user = {
      ...userOf(`subject ${person}`),
      name: `Person ${person} of Many`,
      username: `person.${person}@contoso.example`,
    };
    const now = start - count;
    await sessions.open(newSession({ user, sid: undefined, now, signal }));
  }
  for (let count = 0; count < 9_000; count += 1) {
    // After all user keys, which are base64url.
    const partitionKey = `~${String(count % 3000).padStart(4, '0')}`;
    const times = { createdAt: start, idleExpiresAt: start + 3600, expiresAt: start + 43_200 };
    const properties = Object.fromEntries(
      Object.entries(times).map(([name, seconds]) => [name, new Date(seconds * 1000)]),
    );
    await table.insert({ partitionKey, rowKey: `session:${count}`, properties }, signal);
  }
});
afterAll(() => fixture.stop());

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

async function visit(query = '') {
  const context = fixture.context(`/auth/admin${query}`, {
    headers: { ...browserHeaders, cookie },
  });
  const { body } = await handler(context);
  return typeof body === 'string' ? body : '';
}

describe('the console', () => {
  it('shows a page of ten thousand sessions by two calls to the table, in less than 60 KB', async () => {
    const { table } = fixture.services;
    const [read, list] = [jest.spyOn(table, 'read'), jest.spyOn(table, 'list')];
    const html = await visit();
    expect([read, list].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    const told = words(html);
    expect(told).toContain('The first 1,000 live sessions of 401 people. There are more.');
    expect(told).toContain(
      'This page shows 1 to 100. The order is of these 1,000 only, not of all sessions.',
    );
    expect(html.match(/<td/g)).toHaveLength(400);
    expect(gzipSync(html).byteLength).toBeLessThan(60_000);
  });

  it('leads through all that was read together, each session once, and then to the next part', async () => {
    const seen: string[] = [];
    let query = '?sort=name';
    for (let page = 1; page <= 10; page += 1) {
      const html = await visit(query);
      seen.push(...[...html.matchAll(/;session=([\w-]{43})/g)].map(([, key = '']) => key));
      [, query = ''] = /<a class="button plain" href="\/auth\/admin([^"]*)"/.exec(html) ?? [];
      query = query.replaceAll('&amp;', '&');
    }
    expect(new Set(seen).size).toBe(1_000);
    expect(seen).toHaveLength(1_000);
    expect(new URLSearchParams(query).get('from')).not.toBeNull();
    const next = words(await visit(query));
    expect(next).toContain('The next 1,000 live sessions of 334 people.');
    expect(next).toContain('The order is of these 1,000 only, not of all sessions.');
  });

  it('groups the sessions of a person, with one way to end each and one to end all', async () => {
    const html = await visit('?sort=count&search=person.7%40');
    expect(words(html)).toContain('3 live sessions of 1 person match “ person.7@ ”, among 10,000.');
    expect(html.match(/<tbody/g)).toHaveLength(1);
    expect(html).toContain('scope="rowgroup" rowspan="3"');
    expect(html).toContain('aria-label="3 sessions of Person 7 of Many">3 sessions<');
    const links = [...html.matchAll(/href="(\/auth\/admin\/end[^"]*)"/g)].map(
      ([, href = '']) => href,
    );
    // Those of the three sessions, of the person, and of everybody. All lead back to this search.
    expect(links).toHaveLength(5);
    for (const link of links) expect(link).toContain('&amp;search=person.7%40&amp;sort=count');
  });

  it('sorts by what is asked for', async () => {
    const namesBy = async (sort: string) =>
      [...(await visit(`?sort=${sort}`)).matchAll(/<b><bdi>([^<]*)/g)].map(([, name]) => name);
    expect((await namesBy('used')).slice(0, 2)).toEqual(['Ada Lovelace', 'Person 0 of Many']);
    expect((await namesBy('name')).slice(0, 3)).toEqual([
      'Ada Lovelace',
      'Person 0 of Many',
      'Person 1 of Many',
    ]);
    expect((await namesBy('count'))[0]).toBe('Person 0 of Many');
  });

  it.each(['sort=age', 'sort=name&sort=used', 'page=0', 'page=11', 'page=1.5', 'page=a'])(
    'refuses %s',
    async (query) => {
      await expect(visit(`?${query}`)).rejects.toMatchObject({ code: 'ERR_BAD_REQUEST' });
    },
  );

  it.each([
    [
      '?search=person',
      '3 live sessions of 1 person match “ person ”, among 3. The search has not come to the end yet.',
    ],
    ['?search=nobody', 'among 3 live sessions. The search has not come to the end yet.'],
    ['', 'The first 3 live sessions of 1 person. There are more.'],
  ])('shows what it found in five seconds, and offers to go on: %s', async (query, told) => {
    jest.useFakeTimers();
    const { table } = fixture.services;
    const list = table.list.bind(table);
    let pages = 0;
    jest.spyOn(table, 'list').mockImplementation(async function* slow(asked, ofRequest) {
      pages += 1;
      if (pages === 2) jest.advanceTimersByTime(5_000);
      if (ofRequest.aborted) throw new AppError('ERR_STORAGE_UNAVAILABLE');
      yield* list({ ...asked, pageSize: 3 }, ofRequest);
    });
    const html = await visit(query);
    expect(words(html)).toContain(told);
    expect(html).toMatch(/href="\/auth\/admin\?[^"]*from=/);
  });

  it('offers to go on, too, where it found nobody in time', async () => {
    const { table } = fixture.services;
    const page = { rows: [], continuation: '3' };
    jest.spyOn(table, 'list').mockImplementation(async function* empty() {
      yield await Promise.resolve(page);
    });
    const html = await visit();
    expect(words(html)).toContain('No live session was found so far');
    expect(html).toContain('from=3');
  });
});
