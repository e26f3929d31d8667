import { randomBytes } from 'node:crypto';
import type { TableClient } from '@azure/data-tables';
import {
  decryptValue,
  deriveKey,
  deriveSessionKey,
  type KeyRing,
  type KeyUse,
  type RingKey,
} from '../../src/keys/encryption';
import {
  createSessionId,
  sessionIdBytes,
  sessionKeyOf,
  type SessionTicket,
} from '../../src/sessions/session';
import {
  createSessionStore,
  type NewSession,
  type SessionStore,
} from '../../src/sessions/session-store';
import { joinChunks } from '../../src/sessions/session-rows';
import type { Row, Table } from '../../src/storage/table';
import { limits, newSession, ringSecret, start, userOf } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable } from '../support/test-table';

const signal = AbortSignal.timeout(600_000);
const keyRing = createStaticKeyRing(ringSecret);
let table: Table;
let client: TableClient;
let store: SessionStore;

beforeEach(async () => {
  ({ table, client } = await createTestTable());
  store = createSessionStore({ table, keyRing, limits });
});

const open = (overrides: Partial<NewSession> = {}) => store.open(newSession(overrides));
const wholeTable = async (from: Table = table): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const page of from.list({}, signal)) rows.push(...page.rows);
  return rows;
};
const rowOf = async (ticket: SessionTicket, prefix: 'session' | 'tokens'): Promise<Row> => {
  const rowKey = `${prefix}:${sessionKeyOf(ticket.sessionId)}`;
  const row = await table.read({ partitionKey: ticket.userKey, rowKey }, signal);
  if (row === undefined) throw new Error(`no ${prefix} row`);
  return row;
};
const propertiesOf = ({ properties }: Row) =>
  Object.fromEntries(
    Object.entries(properties).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );

async function foundOf(ticket: SessionTicket, now = start) {
  const found = await store.readWithTokens(ticket, now, signal);
  if (found?.tokens === undefined) throw new Error('the session should be live');
  return { ...found, tokens: found.tokens };
}

describe('a user with five hundred roles of long names', () => {
  const roles = Array.from({ length: 500 }, (_, index) => `${index}-`.padEnd(256, 'ä'));
  const user = { ...userOf(), roles };

  it('is kept whole, in pieces that a property holds, and again when revalidated', async () => {
    const { ticket } = await open({ user });
    const found = await foundOf(ticket);
    expect(found.session.user.roles).toEqual(roles);
    const pieces = Object.entries((await rowOf(ticket, 'session')).properties);
    const sizes = pieces.flatMap(([, value]) =>
      value instanceof Uint8Array ? [value.length] : [],
    );
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024);
    const { sid, loginHint } = found.session;
    const again = { found, sid, loginHint, verifiedAt: start + 900, tokens: found.tokens };
    const fewer = { ...userOf(), roles: ['reader'] };
    await store.update(ticket, { ...again, user: fewer, slide: true }, start + 900, signal);
    const later = await foundOf(ticket, start + 900);
    expect(later.session.user.roles).toEqual(['reader']);
  });
});

describe('SessionStore.open', () => {
  it('opens a session that reads back whole, with its tokens', async () => {
    const opening = newSession();
    const { session, ticket } = await store.open(opening);
    const found = await foundOf(ticket);

    expect(session).toEqual({
      user: opening.user,
      addedRoles: [],
      data: {},
      sid: opening.sid,
      loginHint: opening.loginHint,
      acrs: [],
      isPersistent: false,
      verifiedAt: start,
      createdAt: start,
      idleExpiresAt: start + limits.idleSeconds,
      expiresAt: start + limits.lifetimeSeconds,
    });
    expect(found.session).toEqual(session);
    expect(found.device).toBe('Chrome on Windows');
    expect(found.tokens.tokenCache).toBe(opening.tokenCache);
    expect(ticket).toEqual({
      userKey: opening.user.userKey,
      sessionId: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      issuedAt: start,
      expiresAt: session.expiresAt,
    });
  });

  it('keeps what was not there absent', async () => {
    const user = { ...userOf(), objectId: undefined, tenantId: undefined, roles: [] };
    const nothing = { sid: undefined, loginHint: undefined, userAgent: undefined };
    const { session, ticket } = await open({ user, ...nothing });

    expect((await store.read(ticket, start, signal))?.session).toEqual(session);
    expect(await wholeTable()).toHaveLength(2);
  });

  it('writes the rows of docs/ARCHITECTURE.md and nothing else', async () => {
    const { ticket } = await open();
    const sessionKey = sessionKeyOf(ticket.sessionId);
    const rows = await wholeTable();
    const shapes = rows.map(({ partitionKey, rowKey, properties }) => [
      partitionKey.replace(/^sid:[\w-]{43}$/, 'sid:<hash>'),
      rowKey,
      Object.keys(properties).sort(),
    ]);

    expect(shapes).toHaveLength(3);
    expect(shapes).toEqual(
      expect.arrayContaining([
        ['sid:<hash>', sessionKey, ['expiresAt', 'userKey']],
        [
          ticket.userKey,
          `session:${sessionKey}`,
          ['createdAt', 'data', 'expiresAt', 'idleExpiresAt', 'kid', 'summary'],
        ],
        [ticket.userKey, `tokens:${sessionKey}`, ['data0', 'expiresAt', 'kid']],
      ]),
    );
    expect((await rowOf(ticket, 'session')).properties['expiresAt']).toEqual(
      new Date(ticket.expiresAt * 1000),
    );
    expect((await rowOf(ticket, 'tokens')).properties['expiresAt']).toEqual(
      new Date(ticket.expiresAt * 1000),
    );
  });

  it('never uses an id twice, each of 256 bits', async () => {
    const tickets = await Promise.all([open(), open(), open()]);

    expect(new Set(tickets.map(({ ticket }) => ticket.sessionId)).size).toBe(3);
    const ids = Array.from({ length: 1000 }, createSessionId);
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(32);
  });

  it('opens nothing when the token cache is too large', async () => {
    const tokenCache = randomBytes(1_100_000).toString('base64');

    await expect(open({ tokenCache, sid: undefined })).rejects.toMatchObject({
      code: 'ERR_STORAGE_LIMIT',
    });
    expect(await wholeTable()).toEqual([]);
  });

  it('keeps a token cache of many chunks', async () => {
    const tokenCache = randomBytes(400_000).toString('base64');
    const { ticket } = await open({ tokenCache });
    const { properties } = await rowOf(ticket, 'tokens');

    expect(Object.keys(properties).filter((name) => name.startsWith('data')).length).toBe(7);
    expect((await foundOf(ticket)).tokens.tokenCache).toBe(tokenCache);
  });

  it('compresses the token cache', async () => {
    const { ticket } = await open({ tokenCache: 'repetitive '.repeat(10_000) });
    const { properties } = await rowOf(ticket, 'tokens');

    expect(joinChunks(properties)?.byteLength).toBeLessThan(2000);
  });
});

describe('SessionStore.read', () => {
  it('an expired session is absent from the second of either limit', async () => {
    const { ticket, session } = await open();
    const readAt = (now: number) => store.read(ticket, now, signal);

    expect(await readAt(session.idleExpiresAt - 1)).toBeDefined();
    expect(await readAt(session.idleExpiresAt)).toBeUndefined();
    expect(await store.readWithTokens(ticket, session.idleExpiresAt, signal)).toBeUndefined();
  });

  it('the absolute limit rules even when the row says otherwise', async () => {
    const { ticket, session } = await open();
    const row = await rowOf(ticket, 'session');
    const later = new Date((session.expiresAt + 9999) * 1000);
    const properties = { idleExpiresAt: later, expiresAt: later };
    await table.merge({ ...row, properties }, row.etag, signal);

    expect(await store.read(ticket, session.expiresAt - 1, signal)).toBeDefined();
    expect(await store.read(ticket, session.expiresAt, signal)).toBeUndefined();
  });

  it('a ticket that leads nowhere is absent', async () => {
    const { ticket } = await open();

    for (const wrong of [
      { ...ticket, sessionId: createSessionId() },
      { ...ticket, userKey: userOf('bob').userKey },
    ]) {
      expect(await store.read(wrong, start, signal)).toBeUndefined();
      expect(await store.readTokens(wrong, signal)).toBeUndefined();
      expect(await store.readWithTokens(wrong, start, signal)).toBeUndefined();
    }
  });

  it('a session without its tokens is still a session', async () => {
    const { ticket, session } = await open();
    await table.delete(await rowOf(ticket, 'tokens'), signal);

    expect(await store.readWithTokens(ticket, start, signal)).toMatchObject({
      session,
      tokens: undefined,
    });
  });

  it.each([
    ['data', { data: Buffer.from('rubbish') }],
    ['data as text', { data: 'rubbish' }],
    ['kid', { kid: '0.AAAAAAAA' }],
    ['kid as number', { kid: 1 }],
    ['createdAt', { createdAt: 'yesterday' }],
    ['expiresAt', { expiresAt: 5 }],
  ])('a row whose %s is rubbish is absent', async (_, properties) => {
    const { ticket } = await open();
    const row = await rowOf(ticket, 'session');
    await table.merge({ ...row, properties }, row.etag, signal);

    expect(await store.read(ticket, start, signal)).toBeUndefined();
  });

  it.each([
    ['a changed chunk', { data0: Buffer.from('rubbish') }],
    ['a chunk too many', { data1: Buffer.from('rubbish') }],
    ['another kid', { kid: '0.AAAAAAAA' }],
  ])('tokens with %s are absent', async (_, properties) => {
    const { ticket } = await open();
    const row = await rowOf(ticket, 'tokens');
    await table.merge({ ...row, properties }, row.etag, signal);

    expect(await store.readTokens(ticket, signal)).toBeUndefined();
  });

  it('rejects, and does not say signed out, when the table is gone', async () => {
    const { ticket } = await open();
    await client.deleteTable();
    const unavailable = { code: 'ERR_STORAGE_UNAVAILABLE' };

    await expect(store.read(ticket, start, signal)).rejects.toMatchObject(unavailable);
    await expect(store.readWithTokens(ticket, start, signal)).rejects.toMatchObject(unavailable);
    await expect(store.end(ticket, undefined, signal)).rejects.toMatchObject(unavailable);
  });
});

describe('what a thief of the table gets', () => {
  const uses: KeyUse[] = ['sessionCookie', 'signInState', 'signInRest', 'stepUp', 'summary'];

  it('no id, name, token or claim stands anywhere in the clear', async () => {
    const opening = newSession();
    const { ticket } = await store.open(opening);
    const { user } = opening;
    const secrets = [
      ticket.sessionId,
      'an-access-token-in-clear',
      user.name,
      user.username,
      user.subject,
      'oid-of-ada',
      'tenant-of-everyone',
      'admin',
      'reader',
      'sid-of-the-provider',
      'hint-for-logout',
      'Chrome',
      'Mozilla',
    ].flatMap((text) => [text, Buffer.from(text).toString('base64url')]);
    secrets.push(Buffer.from(ticket.sessionId, 'base64url').toString('latin1'));

    const stored = (await wholeTable())
      .flatMap((row) => [row.partitionKey, row.rowKey, ...Object.entries(row.properties).flat()])
      .map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
      )
      .join('\n');

    expect(stored.length).toBeGreaterThan(500);
    expect(secrets.filter((secret) => stored.includes(secret))).toEqual([]);
  });

  it('with the ring too, opens no session and no token without the session id', async () => {
    const { ticket } = await open();
    const ringKey = await keyRing.current(signal);
    const sessionKey = sessionKeyOf(ticket.sessionId);
    // Everything in the table that could be mistaken for a session id.
    const guesses = [sessionKey, ticket.userKey, 'A'.repeat(43)].map(sessionIdBytes);
    const keys = [
      ...uses.map((use) => deriveKey(ringKey, use)),
      ...guesses.map((id) => deriveSessionKey(ringKey, id)),
    ];
    const rows = [await rowOf(ticket, 'session'), await rowOf(ticket, 'tokens')];
    const attempt = (key: (typeof keys)[number], row: Row) =>
      decryptValue(
        key,
        { table: table.name, partitionKey: row.partitionKey, rowKey: row.rowKey, property: 'data' },
        row.properties['data'] ?? joinChunks(row.properties),
      );

    for (const row of rows) {
      expect(keys.filter((key) => attempt(key, row) !== undefined)).toEqual([]);
      const own = deriveSessionKey(ringKey, sessionIdBytes(ticket.sessionId));
      expect(attempt(own, row)).toBeDefined();
    }
    const forged = { ...ticket, sessionId: sessionKey };
    expect(await store.readWithTokens(forged, start, signal)).toBeUndefined();
  });

  it('with the session id but another ring, opens nothing', async () => {
    const { ticket } = await open();
    const other = createStaticKeyRing(new Uint8Array(32).fill(9));
    const renamed: RingKey = {
      kid: (await keyRing.current(signal)).kid,
      secret: (await other.current(signal)).secret,
    };
    const ring: KeyRing = {
      current: () => Promise.resolve(renamed),
      find: () => Promise.resolve(renamed),
    };
    const thief = createSessionStore({ table, keyRing: ring, limits });

    expect(await thief.readWithTokens(ticket, start, signal)).toBeUndefined();
    expect(await thief.readTokens(ticket, signal)).toBeUndefined();
  });

  it('rows copied into another table, partition or row cannot be read there', async () => {
    const { ticket } = await open();
    const victim = await open({ user: userOf('bob') });
    const rows = [await rowOf(ticket, 'session'), await rowOf(ticket, 'tokens')];

    const elsewhere = await createTestTable();
    for (const row of rows) {
      await elsewhere.table.insert({ ...row, properties: propertiesOf(row) }, signal);
    }
    const there = createSessionStore({ table: elsewhere.table, keyRing, limits });
    expect(await there.read(ticket, start, signal)).toBeUndefined();
    expect(await there.readTokens(ticket, signal)).toBeUndefined();
    expect((await there.listLive({ now: start, limit: 9, signal })).sessions).toMatchObject([
      { name: 'unknown' },
    ]);

    const { userKey } = userOf('mallory');
    for (const row of rows) {
      await table.insert({ ...row, partitionKey: userKey, properties: propertiesOf(row) }, signal);
    }
    const moved = { ...ticket, userKey };
    expect(await store.read(moved, start, signal)).toBeUndefined();
    expect(await store.readTokens(moved, signal)).toBeUndefined();

    const target = await rowOf(victim.ticket, 'session');
    const [source] = rows;
    if (source === undefined) throw new Error('no row');
    await table.replace({ ...target, properties: propertiesOf(source) }, target.etag, signal);
    expect(await store.read(victim.ticket, start, signal)).toBeUndefined();
  });
});

describe('SessionStore.renew', () => {
  const half = start + limits.idleSeconds / 2;

  it('writes nothing until less than half is left', async () => {
    const { ticket } = await open();
    const found = await foundOf(ticket);
    const before = await rowOf(ticket, 'session');

    expect(await store.renew(ticket, found, half, signal)).toBe(found);
    expect((await rowOf(ticket, 'session')).etag).toBe(before.etag);
  });

  it('moves the idle limit on after that, and changes nothing else', async () => {
    const { ticket, session } = await open();
    const found = await foundOf(ticket);
    const tokens = await rowOf(ticket, 'tokens');
    const renewed = { ...session, idleExpiresAt: half + 1 + limits.idleSeconds };

    expect((await store.renew(ticket, found, half + 1, signal))?.session).toEqual(renewed);
    expect((await store.read(ticket, session.idleExpiresAt, signal))?.session).toEqual(renewed);
    expect((await rowOf(ticket, 'tokens')).etag).toBe(tokens.etag);
    const { sessions } = await store.listLive({ now: session.idleExpiresAt, limit: 9, signal });
    expect(sessions).toMatchObject([
      { name: 'Ada Lovelace', idleExpiresAt: renewed.idleExpiresAt },
    ]);
  });

  it('does no harm when another request renewed first', async () => {
    const { ticket, session } = await open();
    const found = await foundOf(ticket);
    await store.renew(ticket, found, half + 5, signal);

    expect((await store.renew(ticket, found, half + 1, signal))?.session).toEqual(session);
    expect((await foundOf(ticket)).session.idleExpiresAt).toBe(half + 5 + limits.idleSeconds);
  });

  it('never brings an ended session back', async () => {
    const { ticket, session } = await open();
    const found = await foundOf(ticket);
    await store.end(ticket, session, signal);

    expect(await store.renew(ticket, found, half + 1, signal)).toBeUndefined();
    expect(await wholeTable()).toEqual([]);
  });
});

describe('SessionStore.writeTokens', () => {
  it('replaces the tokens that were read, once', async () => {
    const { ticket } = await open();
    const { tokens } = await foundOf(ticket);
    const write = (tokenCache: string, etag = tokens.etag) =>
      store.writeTokens(ticket, { tokenCache, etag }, start, signal);

    expect(await write('second')).toBe('written');
    expect(await write('third')).toBe('conflict');
    expect((await store.readTokens(ticket, signal))?.tokenCache).toBe('second');
  });

  it('leaves no chunks of a larger cache behind', async () => {
    const { ticket } = await open({ tokenCache: randomBytes(200_000).toString('base64') });
    const { tokens } = await foundOf(ticket);
    await store.writeTokens(ticket, { tokenCache: 'small', etag: tokens.etag }, start, signal);

    expect(Object.keys((await rowOf(ticket, 'tokens')).properties).sort()).toEqual([
      'data0',
      'expiresAt',
      'kid',
    ]);
    expect((await store.readTokens(ticket, signal))?.tokenCache).toBe('small');
  });

  it('never brings an ended session back', async () => {
    const { ticket, session } = await open();
    const { tokens } = await foundOf(ticket);
    await store.end(ticket, session, signal);

    expect(await store.writeTokens(ticket, tokens, start, signal)).toBe('missing');
    expect(await wholeTable()).toEqual([]);
  });

  it('writes nothing for an expired ticket', async () => {
    const { ticket } = await open();
    const { tokens } = await foundOf(ticket);
    const before = await rowOf(ticket, 'tokens');

    expect(await store.writeTokens(ticket, tokens, ticket.expiresAt, signal)).toBe('missing');
    expect((await rowOf(ticket, 'tokens')).etag).toBe(before.etag);
  });

  it('refuses what exceeds a row and keeps the old tokens', async () => {
    const { ticket } = await open();
    const { tokens } = await foundOf(ticket);
    const tokenCache = randomBytes(1_100_000).toString('base64');

    await expect(
      store.writeTokens(ticket, { ...tokens, tokenCache }, start, signal),
    ).rejects.toMatchObject({ code: 'ERR_STORAGE_LIMIT' });
    expect((await foundOf(ticket)).tokens.tokenCache).toBe(tokens.tokenCache);
  });

  it('goes over to the key of now, while the rest of the session stays readable', async () => {
    const old = await keyRing.current(signal);
    const next = createStaticKeyRing(new Uint8Array(32).fill(8));
    const turned: KeyRing = {
      current: (ofRequest) => next.current(ofRequest),
      find: async (kid, ofRequest) => (kid === old.kid ? old : await next.find(kid, ofRequest)),
    };
    const { ticket, session } = await open();
    const { tokens } = await foundOf(ticket);
    const after = createSessionStore({ table, keyRing: turned, limits });
    await after.writeTokens(ticket, { ...tokens, tokenCache: 'new' }, start, signal);

    expect((await rowOf(ticket, 'tokens')).properties['kid']).toBe(
      (await next.current(signal)).kid,
    );
    expect(await after.readWithTokens(ticket, start, signal)).toMatchObject({
      session,
      tokens: { tokenCache: 'new' },
    });
  });
});

describe('SessionStore.update', () => {
  const later = start + 900;
  const again = async (ticket: SessionTicket) => {
    const found = await foundOf(ticket);
    return {
      found,
      user: { ...userOf(), name: 'Ada King', roles: ['reader'] },
      sid: 'sid-of-the-provider',
      loginHint: 'new-hint',
      verifiedAt: later,
      tokens: { tokenCache: 'refreshed', etag: found.tokens.etag },
      slide: true,
    };
  };

  it('lets claims, summary and tokens follow together', async () => {
    const { ticket, session } = await open();
    const change = await again(ticket);

    const updated = await store.update(ticket, change, later, signal);
    const found = await foundOf(ticket, later);
    expect(updated).toEqual(found);
    expect(found.session).toEqual({
      ...session,
      user: change.user,
      loginHint: 'new-hint',
      verifiedAt: later,
    });
    expect(found.device).toBe('Chrome on Windows');
    expect(found.tokens.tokenCache).toBe('refreshed');
    expect((await store.listLive({ now: later, limit: 9, signal })).sessions).toMatchObject([
      { name: 'Ada King', device: 'Chrome on Windows' },
    ]);
  });

  it('renews the idle limit in the same write when that is due', async () => {
    const { ticket } = await open();
    const now = start + limits.idleSeconds - 10;

    await store.update(ticket, await again(ticket), now, signal);
    expect((await foundOf(ticket, now)).session.idleExpiresAt).toBe(now + limits.idleSeconds);
  });

  it('leaves the idle limit alone when the request must not extend the session', async () => {
    const { ticket, session } = await open();
    const now = start + limits.idleSeconds - 10;

    await store.update(ticket, { ...(await again(ticket)), slide: false }, now, signal);
    expect((await foundOf(ticket, now)).session.idleExpiresAt).toBe(session.idleExpiresAt);
  });

  it.each(['session', 'tokens'] as const)('changes neither when the %s row was', async (which) => {
    const { ticket, session } = await open();
    const change = await again(ticket);
    const row = await rowOf(ticket, which);
    await table.merge({ ...row, properties: {} }, row.etag, signal);

    expect(await store.update(ticket, change, later, signal)).toBe('conflict');
    const found = await foundOf(ticket);
    expect(found.session).toEqual(session);
    expect(found.tokens.tokenCache).toBe(newSession().tokenCache);
  });

  it('never brings an ended session back', async () => {
    const { ticket, session } = await open();
    const change = await again(ticket);
    await store.end(ticket, session, signal);

    expect(await store.update(ticket, change, later, signal)).toBe('missing');
    expect(await wholeTable()).toEqual([]);
  });

  it("refuses another user's claims", async () => {
    const { ticket } = await open();
    const change = { ...(await again(ticket)), user: userOf('bob') };

    await expect(store.update(ticket, change, later, signal)).rejects.toMatchObject({
      code: 'ERR_INTERNAL',
    });
  });
});

describe('SessionStore.end', () => {
  it('removes all three rows, and is fine twice', async () => {
    const { ticket, session } = await open();
    const other = await open();

    await store.end(ticket, session, signal);
    await store.end(ticket, session, signal);

    expect(await store.read(ticket, start, signal)).toBeUndefined();
    expect(await store.readTokens(ticket, signal)).toBeUndefined();
    expect(await store.read(other.ticket, start, signal)).toBeDefined();
    expect(await wholeTable()).toHaveLength(3);
  });

  it.each(['session', 'tokens'] as const)(
    'takes what is left when the %s row is missing',
    async (which) => {
      const { ticket, session } = await open();
      await table.delete(await rowOf(ticket, which), signal);

      await store.end(ticket, session, signal);

      expect(await wholeTable()).toEqual([]);
    },
  );

  it('ends a session by its name in a list', async () => {
    const { ticket } = await open();
    const [summary] = (await store.listLive({ now: start, limit: 9, signal })).sessions;
    if (summary === undefined) throw new Error('no session is listed');

    await store.endNamed(summary, signal);

    expect(await store.read(ticket, start, signal)).toBeUndefined();
  });
});

describe('SessionStore.endAllOf', () => {
  it("ends all of a user's sessions and nobody else's", async () => {
    const mine = await Promise.all([open(), open(), open()]);
    const other = await open({ user: userOf('bob') });

    expect(await store.endAllOf({ userKey: userOf().userKey }, signal)).toBe(3);
    expect(await store.endAllOf({ userKey: userOf().userKey }, signal)).toBe(0);

    for (const { ticket } of mine) {
      expect(await store.readWithTokens(ticket, start, signal)).toBeUndefined();
      expect(await store.readTokens(ticket, signal)).toBeUndefined();
    }
    expect(await store.read(other.ticket, start, signal)).toBeDefined();
  });

  it('takes halves of sessions too', async () => {
    const [one, two] = await Promise.all([open({ sid: undefined }), open({ sid: undefined })]);
    await table.delete(await rowOf(one.ticket, 'session'), signal);
    await table.delete(await rowOf(two.ticket, 'tokens'), signal);

    await store.endAllOf({ userKey: userOf().userKey }, signal);

    expect(await wholeTable()).toEqual([]);
  });

  it('ends more sessions than a transaction takes', async () => {
    const { userKey } = userOf();
    for (let batch = 0; batch < 3; batch += 1) {
      const actions = Array.from({ length: 40 }, (_, index) => `${batch}-${index}`).flatMap((key) =>
        ['session', 'tokens'].map((prefix) => ({
          action: 'insert' as const,
          rowKey: `${prefix}:${key}`,
          properties: {},
        })),
      );
      await table.transact(userKey, actions, signal);
    }

    await store.endAllOf({ userKey }, signal);

    expect(await wholeTable()).toEqual([]);
  });

  /** The table, where somebody else deletes a row just before each of the first transactions. */
  function interfered(times: number): { table: Table; transactions: () => number } {
    let count = 0;
    const racing: Table = {
      ...table,
      transact: async (partitionKey, actions, ofRequest) => {
        count += 1;
        const [first] = actions;
        if (count <= times && first !== undefined) {
          await table.delete({ partitionKey, rowKey: first.rowKey }, ofRequest);
        }
        return table.transact(partitionKey, actions, ofRequest);
      },
    };
    return { table: racing, transactions: () => count };
  }

  it('lists again when a session ended meanwhile', async () => {
    await Promise.all([1, 2, 3].map(() => open({ sid: undefined })));
    const racing = interfered(2);

    // Who ended it does not matter to whoever reads the number.
    const raced = createSessionStore({ ...racing, keyRing, limits });
    expect(await raced.endAllOf({ userKey: userOf().userKey }, signal)).toBe(3);

    expect(racing.transactions()).toBe(3);
    expect(await wholeTable()).toEqual([]);
  });

  it('gives up after three tries and says so', async () => {
    await Promise.all([1, 2, 3].map(() => open({ sid: undefined })));
    const racing = interfered(3);

    await expect(
      createSessionStore({ ...racing, keyRing, limits }).endAllOf(
        { userKey: userOf().userKey },
        signal,
      ),
    ).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
    expect(racing.transactions()).toBe(3);
  });
});

describe('SessionStore.listLive', () => {
  const list = (options: object = {}) =>
    store.listLive({ now: start, limit: 100, signal, ...options });

  it('shows who, since when and from what', async () => {
    const { ticket, session } = await open();

    expect(await list()).toEqual({
      sessions: [
        {
          userKey: ticket.userKey,
          sessionKey: sessionKeyOf(ticket.sessionId),
          name: 'Ada Lovelace',
          username: 'ada@contoso.example',
          tenantId: 'tenant-of-everyone',
          device: 'Chrome on Windows',
          createdAt: start,
          idleExpiresAt: session.idleExpiresAt,
          expiresAt: session.expiresAt,
        },
      ],
      continuation: undefined,
    });
  });

  it('leaves out expired sessions from the second they expire', async () => {
    await open();
    const late = await open({ now: start + 100 });

    expect((await list({ now: start + limits.idleSeconds - 1 })).sessions).toHaveLength(2);
    expect((await list({ now: start + limits.idleSeconds })).sessions).toMatchObject([
      { sessionKey: sessionKeyOf(late.ticket.sessionId) },
    ]);
  });

  it('leaves out sessions past their absolute limit, even when idle is not', async () => {
    const { ticket } = await open();
    const row = await rowOf(ticket, 'session');
    const idleExpiresAt = new Date((ticket.expiresAt + 9999) * 1000);
    await table.merge({ ...row, properties: { idleExpiresAt } }, row.etag, signal);

    expect((await list({ now: ticket.expiresAt - 1 })).sessions).toHaveLength(1);
    expect((await list({ now: ticket.expiresAt })).sessions).toEqual([]);
  });

  it('can list one user only', async () => {
    await open();
    const bob = await open({ user: userOf('bob') });

    expect((await list({ userKey: bob.ticket.userKey })).sessions).toMatchObject([
      { userKey: bob.ticket.userKey },
    ]);
  });

  it('goes on where the last page ended', async () => {
    const opened = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => open({ user: userOf(name) })),
    );
    const first = await list({ limit: 3 });
    const second = await list({ limit: 3, continuation: first.continuation });

    expect(first.sessions).toHaveLength(3);
    expect(second.sessions).toHaveLength(2);
    expect(second.continuation).toBeUndefined();
    expect(
      new Set([...first.sessions, ...second.sessions].map(({ sessionKey }) => sessionKey)),
    ).toEqual(new Set(opened.map(({ ticket }) => sessionKeyOf(ticket.sessionId))));
  });

  it('refuses a continuation that it did not give', async () => {
    await expect(list({ continuation: 'rubbish' })).rejects.toMatchObject({
      code: 'ERR_BAD_REQUEST',
    });
  });

  it.each([
    ['changed', { summary: Buffer.from('rubbish') }],
    ['of a key that is gone', { kid: '0.AAAAAAAA' }],
  ])('shows a session whose summary is %s as unknown', async (_, properties) => {
    const { ticket } = await open();
    const row = await rowOf(ticket, 'session');
    await table.merge({ ...row, properties }, row.etag, signal);

    expect((await list()).sessions).toMatchObject([
      { name: 'unknown', username: 'unknown', device: 'unknown', createdAt: start },
    ]);
  });
});

describe('a row that cannot be opened', () => {
  it.each(['kid', 'data', 'tokens'] as const)(
    'is told of by what is wrong with it: %s',
    async (what) => {
      const told: string[] = [];
      const onUnreadable = (part: string, userKey: string) => told.push(`${part} ${userKey}`);
      const keyRing = createStaticKeyRing(ringSecret);
      const watchful = createSessionStore({ table, keyRing, limits, onUnreadable });
      const { ticket } = await open();
      const row = await rowOf(ticket, what === 'tokens' ? 'tokens' : 'session');
      const property = what === 'tokens' ? 'data0' : what;
      const rubbish = what === 'kid' ? '0.AAAAAAAA' : new Uint8Array(60);
      await table.merge({ ...row, properties: { [property]: rubbish } }, row.etag, signal);

      const found = await watchful.readWithTokens(ticket, start, signal);
      expect(what === 'tokens' ? found?.tokens : found).toBeUndefined();
      expect(told).toEqual([`${what} ${ticket.userKey}`]);
    },
  );

  it('is not told of when it is only expired or absent', async () => {
    const told: string[] = [];
    const keyRing = createStaticKeyRing(ringSecret);
    const parts = { table, keyRing, limits, onUnreadable: (part: string) => told.push(part) };
    const watchful = createSessionStore(parts);
    const { ticket, session } = await open();
    await watchful.read(ticket, start + limits.idleSeconds, signal);
    await watchful.end(ticket, session, signal);
    await watchful.readWithTokens(ticket, start, signal);
    expect(told).toEqual([]);
  });
});
