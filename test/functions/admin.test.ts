import { gzipSync } from 'node:zlib';
import { AppError } from '../../src/errors';
import { adminFunctions } from '../../src/functions/admin';
import type { Handler } from '../../src/http/context';
import {
  browserHeaders,
  createContextFixture,
  type ContextFixture,
} from '../support/context-fixture';
import { newSession, userOf } from '../support/session-fixture';
import { words } from '../support/test-browser';

const signal = new AbortController().signal;
let fixture: ContextFixture;
let cookie: string;
const handler: Handler = (context) => {
  const get = adminFunctions.find(({ name }) => name === 'admin')?.get;
  if (get === undefined) throw new Error('no console');
  return get(context);
};

beforeAll(async () => {
  fixture = await createContextFixture();
  ({ cookie } = await fixture.signIn());
  for (let count = 0; count < 120; count += 1) {
    const user = {
      ...userOf(`subject ${count}`),
      name: `Person ${count} of Many`,
      username: `person.${count}@contoso.example`,
    };
    await fixture.services.sessions.open(newSession({ user, sid: undefined, signal }));
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
  it('shows a page of a hundred sessions by two calls to the table, in less than 60 KB', async () => {
    const { table } = fixture.services;
    const [read, list] = [jest.spyOn(table, 'read'), jest.spyOn(table, 'list')];
    const html = await visit();
    expect([read, list].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    expect(words(html)).toContain('The first 100 live sessions; there are more.');
    expect(gzipSync(html).byteLength).toBeLessThan(60_000);
  });

  it.each([
    ['?search=person', '3 live sessions found among 3; the search has not come to the end yet.'],
    ['?search=nobody', 'so far, in 3 live sessions; the search has not come to the end yet.'],
    ['', 'The first 3 live sessions; there are more.'],
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
