import { createSessionStore, type SessionStore } from '../../src/sessions/session-store';
import { limits, newSession, ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable, type OwnTables, startOwnTables } from '../support/test-table';

const signal = AbortSignal.timeout(600_000);
let tables: OwnTables;
let store: SessionStore;

beforeAll(async () => {
  tables = await startOwnTables();
  const { table } = await createTestTable(tables.connectionString);
  store = createSessionStore({ table, keyRing: createStaticKeyRing(ringSecret), limits });
});
afterAll(() => tables.stop());
beforeEach(() => tables.takeRequests());

/** Each request since the last look, in a word. */
function roundTrips(): string[] {
  return tables.takeRequests().map((request) => {
    if (request.includes('$batch')) return 'transaction';
    if (request.startsWith('GET') && request.includes('(PartitionKey=')) return 'point read';
    if (request.startsWith('GET')) return 'list';
    return request.startsWith('POST') ? 'insert' : (request.split(' ')[0] ?? '').toLowerCase();
  });
}

async function opened(overrides: Parameters<typeof newSession>[0] = {}) {
  const result = await store.open(newSession(overrides));
  const found = await store.readWithTokens(result.ticket, start, signal);
  if (found?.tokens === undefined) throw new Error('the session should be live');
  tables.takeRequests();
  return { ...result, found, tokens: found.tokens };
}

describe('round trips of the session store', () => {
  it('sign-in: one transaction, then the sid index', async () => {
    await store.open(newSession());
    expect(roundTrips()).toEqual(['transaction', 'insert']);

    await store.open(newSession({ sid: undefined }));
    expect(roundTrips()).toEqual(['transaction']);
  });

  it('a guarded request: one point read, one write more past half-life', async () => {
    const { ticket, found } = await opened();

    await store.read(ticket, start, signal);
    expect(roundTrips()).toEqual(['point read']);

    await store.renew(ticket, found, start + limits.idleSeconds / 2, signal);
    expect(roundTrips()).toEqual([]);

    await store.renew(ticket, found, start + limits.idleSeconds / 2 + 1, signal);
    expect(roundTrips()).toEqual(['patch']);
  });

  it('a request that needs a token: two point reads', async () => {
    const { ticket } = await opened();

    await store.readWithTokens(ticket, start, signal);
    expect(roundTrips()).toEqual(['point read', 'point read']);
  });

  it('refreshed tokens: one write', async () => {
    const { ticket, tokens } = await opened();

    await store.writeTokens(ticket, tokens, start, signal);
    expect(roundTrips()).toEqual(['put']);
  });

  it('revalidation: one transaction', async () => {
    const { ticket, found, tokens, session } = await opened();

    const again = { ...session, found, tokens, slide: true };
    await store.update(ticket, again, start + limits.idleSeconds - 1, signal);
    expect(roundTrips()).toEqual(['transaction']);
  });

  it('sign-out: one transaction, one more delete for the sid index', async () => {
    const { ticket, session } = await opened();

    await store.end(ticket, session, signal);
    expect(roundTrips()).toEqual(['transaction', 'delete']);
  });

  it('sign-out everywhere: one list and one transaction', async () => {
    const { ticket } = await opened();

    await store.endAllOf({ userKey: ticket.userKey }, signal);
    expect(roundTrips()).toEqual(['list', 'transaction']);
  });

  it('the console: one list', async () => {
    await opened();

    await store.listLive({ now: start, limit: 100, signal });
    expect(roundTrips()).toEqual(['list']);
  });

  it('an expired ticket: none', async () => {
    const { ticket } = await opened();

    await store.read(ticket, ticket.expiresAt, signal);
    expect(roundTrips()).toEqual([]);
  });
});
