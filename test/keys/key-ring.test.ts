import { randomBytes } from 'node:crypto';
import { AppError } from '../../src/errors';
import { isKid, type KeyRing } from '../../src/keys/encryption';
import type { StoredKeyRing } from '../../src/keys/key-ring';
import { sweepExpiredRows } from '../../src/functions/sweep';
import { failureOf, longEnough } from '../support/auth-fixture';
import {
  createRingFixture,
  day,
  period,
  retainSeconds,
  type RingFixture,
  start,
} from '../support/ring-fixture';

let world: RingFixture;

beforeEach(async () => {
  world = await createRingFixture();
});

const current = (ring: KeyRing) => ring.current(longEnough());
const find = (ring: KeyRing, kid: string) => ring.find(kid, longEnough());

async function storedRows() {
  const rows = [];
  for await (const page of world.table.list({ partitionKey: 'key-ring' }, longEnough())) {
    rows.push(...page.rows);
  }
  return rows;
}

async function untilRows(count: number) {
  for (;;) {
    const rows = await storedRows();
    if (rows.length >= count) return rows;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function deleteRows(): Promise<void> {
  for (const row of await storedRows()) await world.table.delete(row, longEnough());
}

/** A name of the right form that no key has. */
const strangeKid = (ofPeriod = 21) => `${ofPeriod}.${randomBytes(6).toString('base64url')}`;

describe('createKeyRing', () => {
  describe('discards all keys', () => {
    const discard = (ring: StoredKeyRing) => ring.discard(longEnough());

    it('at once in this instance: the old key is unknown, and the next one is new', async () => {
      const ring = world.instance();
      const before = await current(ring);
      await discard(ring);
      expect(await storedRows()).toEqual([]);
      expect(await find(ring, before.kid)).toBeUndefined();
      const after = await current(ring);
      expect(after.kid).not.toBe(before.kid);
      expect(await find(ring, after.kid)).toEqual(after);
    });

    it('within 15 minutes in others, and at once when they meet the new key', async () => {
      const [one, other, third] = [world.instance(), world.instance(), world.instance()];
      const before = await current(one);
      await current(other);
      await current(third);
      await discard(one);
      const after = await current(one);

      expect(await find(other, before.kid)).toBeDefined();
      expect(await find(other, after.kid)).toEqual(after);
      expect(await find(other, before.kid)).toBeUndefined();

      world.now += 899;
      expect(await find(third, before.kid)).toBeDefined();
      world.now += 1;
      expect(await find(third, before.kid)).toBeUndefined();
      expect((await current(third)).kid).toBe(after.kid);
    });

    it('keeps nothing of a read that was under way', async () => {
      const ring = world.instance();
      const before = await current(world.instance());
      world.afterQuery = () => {
        world.afterQuery = undefined;
        return discard(ring);
      };
      await find(ring, before.kid);
      expect(await find(ring, before.kid)).toBeUndefined();
    });

    it('says so when the table does not answer', async () => {
      const ring = world.instance();
      await current(ring);
      world.isTableDown = true;
      expect((await failureOf(discard(ring))).code).toBe('ERR_KEYS_UNAVAILABLE');
      world.isTableDown = false;
      expect(await storedRows()).toHaveLength(1);
    });
  });

  describe('makes keys', () => {
    it('makes the first key by itself, wrapped, in the row of its period', async () => {
      const key = await current(world.instance());
      const [row, ...others] = await storedRows();

      expect(others).toEqual([]);
      expect(key.secret).toHaveLength(32);
      expect(isKid(key.kid)).toBe(true);
      expect(key.kid).toMatch(/^21\./);
      expect(row).toMatchObject({ partitionKey: 'key-ring', rowKey: '000021' });
      expect(row?.properties).toMatchObject({
        wrappedBy: expect.stringMatching(/^secret\./) as string,
        createdAt: new Date((start + day) * 1000),
        activeFrom: new Date((start + day) * 1000),
        expiresAt: new Date((start + period + retainSeconds + day) * 1000),
      });
      expect(Object.keys(row?.properties ?? {})).toHaveLength(5);
      const wrapped = Buffer.from(row?.properties['wrapped'] as Uint8Array);
      expect(wrapped.includes(Buffer.from(key.secret))).toBe(false);
    });

    it('makes another secret each time', async () => {
      const key = await current(world.instance());
      await deleteRows();
      const other = await current(world.instance());

      expect(other.kid).not.toBe(key.kid);
      expect(other.secret).not.toEqual(key.secret);
    });

    it('lets ten instances that race agree on one key', async () => {
      const keys = await Promise.all(Array.from({ length: 10 }, () => current(world.instance())));

      expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
      expect(await storedRows()).toHaveLength(1);
    });

    it('takes the key of an instance that stored one first', async () => {
      const winner = world.instance();
      world.beforeInsert = () => current(winner);

      expect(await current(world.instance())).toEqual(await current(winner));
    });

    it('makes one key for parallel requests, each of which gets the same object', async () => {
      const ring = world.instance();
      const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => current(ring)));

      expect(others.every((key) => key === first)).toBe(true);
      expect(world.queries).toBe(1);
    });

    it('stores no key that it could not unwrap again', async () => {
      const ring = world.instance();
      world.isUnwrapDenied = true;

      expect((await failureOf(current(ring))).code).toBe('ERR_KEYS_UNAVAILABLE');
      expect(await storedRows()).toEqual([]);
    });

    it('does not use a key of which it is not sure that it is stored', async () => {
      const ring = world.instance();
      const refused = new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'the table refused it' });
      world.beforeInsert = () => Promise.reject(refused);

      const { code, note } = await failureOf(current(ring));
      expect([code, note]).toEqual([
        'ERR_KEYS_UNAVAILABLE',
        'a key could not be made: the table refused it',
      ]);
      const key = await current(ring);
      expect(await find(world.instance(), key.kid)).toEqual(key);
    });
  });

  describe('goes from period to period', () => {
    it('signs with the same key through its period, in every instance', async () => {
      const key = await current(world.instance());
      world.now = start + period - 1;

      expect(await current(world.instance())).toEqual(key);
    });

    it('makes the next key seven days ahead and signs with it when its period begins', async () => {
      const ring = world.instance();
      const key = await current(ring);

      world.now = start + period - 7 * day - 1;
      await current(ring);
      expect(await storedRows()).toHaveLength(1);

      world.now += 1;
      expect(await current(ring)).toEqual(key);
      const [, next] = await untilRows(2);
      expect(next).toMatchObject({ rowKey: '000022' });
      expect(next?.properties['activeFrom']).toEqual(new Date((start + period) * 1000));

      world.now = start + period;
      const nextKey = await current(world.instance());
      expect(nextKey.kid).toMatch(/^22\./);
      expect(await current(ring)).toEqual(nextKey);
      expect(await storedRows()).toHaveLength(2);
    });

    it('goes on signing when the next key cannot be made ahead', async () => {
      const ring = world.instance();
      const key = await current(ring);
      world.now = start + period - day;
      world.isVaultDown = true;

      world.queries = 0;
      for (let count = 0; count < 5; count += 1) {
        expect(await current(ring)).toEqual(key);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(await storedRows()).toHaveLength(1);
      expect(world.reported).toEqual([expect.objectContaining({ code: 'ERR_KEYS_UNAVAILABLE' })]);
      // The re-read, and one try a minute.
      expect(world.queries).toBeLessThanOrEqual(2);

      world.isVaultDown = false;
      world.now += 60;
      expect(await current(ring)).toEqual(key);
      await untilRows(2);
    });

    it('knows a key signed with by an instance whose clock is ahead', async () => {
      const ring = world.instance();
      await current(ring);
      world.now = start + period - 10;
      const early = await current(world.instance({ clockIsAhead: 30 }));

      expect(early.kid).toMatch(/^22\./);
      expect(await find(ring, early.kid)).toEqual(early);
    });

    it('knows a key until everything that it protected has expired, and no longer', async () => {
      const { kid } = await current(world.instance());
      const expiry = start + period + retainSeconds + day;

      world.now = expiry - 1;
      expect(await find(world.instance(), kid)).toMatchObject({ kid });
      world.now = expiry;
      expect(await find(world.instance(), kid)).toBeUndefined();
    });
  });

  it('has its retired keys swept, and no other', async () => {
    await current(world.instance());
    world.now = start + period;
    await current(world.instance());
    const expiry = start + period + retainSeconds + day;
    const sweepAt = (now: number) =>
      sweepExpiredRows(world.table, {
        now,
        stopSignal: longEnough(),
        signal: longEnough(),
      });

    await sweepAt(expiry - 1);
    expect(await storedRows()).toHaveLength(2);
    await sweepAt(expiry + 60);
    expect((await storedRows()).map(({ rowKey }) => rowKey)).toEqual(['000022']);
  });

  describe('reads the ring', () => {
    it('once, and again every 15 minutes', async () => {
      const { kid } = await current(world.instance());
      const ring = world.instance();
      world.queries = 0;
      for (let count = 0; count < 5; count += 1) await find(ring, kid);
      await current(ring);
      world.now += 899;
      await find(ring, kid);
      expect(world.queries).toBe(1);

      world.now += 1;
      await find(ring, kid);
      expect(world.queries).toBe(2);
    });

    it('keeps the object of a key over a re-read, and unwraps it once', async () => {
      const { kid } = await current(world.instance());
      const ring = world.instance();
      world.unwraps = 0;
      const key = await find(ring, kid);
      world.now += 900;

      expect(await find(ring, kid)).toBe(key);
      expect(world.unwraps).toBe(1);
    });

    it('by one query for parallel first requests', async () => {
      const { kid } = await current(world.instance());
      const ring = world.instance();
      world.queries = 0;
      await Promise.all(Array.from({ length: 20 }, () => find(ring, kid)));

      expect(world.queries).toBe(1);
    });

    it('also for the others when the request that began it is aborted', async () => {
      const { kid } = await current(world.instance());
      const ring = world.instance();
      const query = Promise.withResolvers<undefined>();
      world.beforeQuery = () => query.promise;
      const hasty = new AbortController();
      const given = failureOf(ring.find(kid, hasty.signal));
      const patient = find(ring, kid);
      hasty.abort();

      expect((await given).code).toBe('ERR_KEYS_UNAVAILABLE');
      query.resolve(undefined);
      expect(await patient).toMatchObject({ kid });
    });

    it('without a wait for a request whose time is over already', async () => {
      world.beforeQuery = () => Promise.withResolvers<undefined>().promise;
      const late = world.instance().find(strangeKid(), AbortSignal.abort());

      expect((await failureOf(late)).code).toBe('ERR_KEYS_UNAVAILABLE');
    });

    it('again with the next request when the first read failed', async () => {
      const ring = world.instance();
      world.isTableDown = true;
      const { code, note } = await failureOf(current(ring));
      expect([code, note]).toEqual([
        'ERR_KEYS_UNAVAILABLE',
        'the key ring could not be read: the table is down',
      ]);
      expect((await failureOf(find(ring, strangeKid()))).code).toBe('ERR_KEYS_UNAVAILABLE');

      world.isTableDown = false;
      expect(await current(ring)).toHaveProperty('kid');
    });

    it('in vain without losing what it had, and tries again after a minute', async () => {
      const ring = world.instance();
      const key = await current(ring);
      world.now += 900;
      world.isTableDown = true;
      expect(await find(ring, key.kid)).toBe(key);
      expect(await current(ring)).toBe(key);

      world.queries = 0;
      world.now += 59;
      await find(ring, key.kid);
      expect(world.queries).toBe(0);
      world.now += 1;
      await find(ring, key.kid);
      expect(world.queries).toBe(1);
    });
  });

  describe('looks up a name that it does not know', () => {
    it('and so finds the key of another instance at once', async () => {
      const ring = world.instance();
      await current(ring);
      await deleteRows();
      const key = await current(world.instance());

      expect(await find(ring, key.kid)).toEqual(key);
    });

    it('although another name that nobody has was looked up just before', async () => {
      const ring = world.instance();
      await current(ring);
      await find(ring, strangeKid());
      await deleteRows();
      const key = await current(world.instance());

      expect(await find(ring, key.kid)).toEqual(key);
    });

    it('once a minute, parallel requests together', async () => {
      const ring = world.instance();
      await current(ring);
      world.queries = 0;
      const kid = strangeKid();
      const others = Array.from({ length: 9 }, () => strangeKid());
      const found = await Promise.all([kid, ...others].map((each) => find(ring, each)));
      expect(found.every((key) => key === undefined)).toBe(true);
      expect(world.queries).toBe(1);

      await find(ring, kid);
      world.now += 59;
      await find(ring, kid);
      expect(world.queries).toBe(1);
      world.now += 1;
      await find(ring, kid);
      expect(world.queries).toBe(2);
    });

    it('a few times a minute in all, whatever a flood of made-up names asks', async () => {
      const ring = world.instance();
      await current(ring);
      world.queries = 0;
      for (let count = 0; count < 1_000; count += 1) await find(ring, strangeKid());
      expect(world.queries).toBe(5);
      for (let second = 0; second < 60; second += 1) {
        world.now += 1;
        for (let count = 0; count < 20; count += 1) await find(ring, strangeKid());
      }
      expect(world.queries).toBe(10);
    });

    it('and so finds a new key within seconds even during a flood', async () => {
      const ring = world.instance();
      await current(ring);
      for (let count = 0; count < 200; count += 1) await find(ring, strangeKid());
      await deleteRows();
      const key = await current(world.instance());
      world.now += 12;
      await find(ring, strangeKid());

      expect(await find(ring, key.kid)).toEqual(key);
    });

    it.each([
      ['no name', ''],
      ['a name of another form', '../21.AAAAAAAA'],
      ['a period long expired', strangeKid(18)],
      ['a period far ahead', strangeKid(23)],
    ])('but not for %s', async (_, kid) => {
      const ring = world.instance();
      await current(ring);
      world.queries = 0;

      expect(await find(ring, kid)).toBeUndefined();
      expect(world.queries).toBe(0);
    });

    it('and does not call it unknown when it could not look, nor in the minute after', async () => {
      const ring = world.instance();
      await current(ring);
      world.isTableDown = true;
      for (let count = 0; count < 2; count += 1) {
        expect((await failureOf(find(ring, strangeKid()))).code).toBe('ERR_KEYS_UNAVAILABLE');
      }
      world.isTableDown = false;
      world.now += 60;
      expect(await find(ring, strangeKid())).toBeUndefined();
    });

    it('and takes no other key of the same period for it', async () => {
      const ring = world.instance();
      const { kid } = await current(ring);

      expect(await find(ring, `0${kid}`)).toBeUndefined();
      expect(await find(ring, strangeKid())).toBeUndefined();
    });
  });

  describe('emergency stop: when the rows are deleted', () => {
    it('forgets the keys within 15 minutes and makes a new one', async () => {
      const ring = world.instance();
      const { kid } = await current(ring);
      await deleteRows();
      world.now += 900;

      expect(await find(ring, kid)).toBeUndefined();
      const key = await current(ring);
      expect(key.kid).not.toBe(kid);
      expect(await current(world.instance())).toEqual(key);
    });

    it('forgets them although the wrapping key cannot be reached', async () => {
      const ring = world.instance();
      const { kid } = await current(ring);
      await deleteRows();
      await current(world.instance());
      world.now += 900;
      world.isVaultDown = true;

      expect((await failureOf(find(ring, kid))).code).toBe('ERR_KEYS_UNAVAILABLE');
      expect((await failureOf(current(ring))).code).toBe('ERR_KEYS_UNAVAILABLE');
      world.isVaultDown = false;
      expect(await find(ring, kid)).toBeUndefined();
    });
  });

  describe('trusts nothing but a key wrapped for its row', () => {
    it('waits while the wrapping key cannot be reached, and goes on with the next request', async () => {
      const { kid } = await current(world.instance());
      const ring = world.instance();
      world.isVaultDown = true;
      for (let count = 0; count < 3; count += 1) {
        expect((await failureOf(find(ring, kid))).code).toBe('ERR_KEYS_UNAVAILABLE');
        expect((await failureOf(current(ring))).code).toBe('ERR_KEYS_UNAVAILABLE');
      }
      world.isVaultDown = false;
      expect(await find(ring, kid)).toMatchObject({ kid });
      expect(await current(ring)).toMatchObject({ kid });
    });

    it('refuses a key of another wrapping key, and leaves its row alone', async () => {
      const { kid } = await current(world.instance());
      const [row] = await storedRows();
      const ring = world.instance({ secret: 2 });

      // An outage, not somebody signed out: the next instance may have the right secret.
      expect((await failureOf(find(ring, kid))).code).toBe('ERR_KEYS_UNAVAILABLE');
      const failure = await failureOf(current(ring));
      expect(failure.code).toBe('ERR_KEYS_UNAVAILABLE');
      expect(failure.note).toMatch(/deleting its row/);
      expect(await storedRows()).toEqual([row]);

      await deleteRows();
      expect(await current(ring)).toHaveProperty('kid');
    });

    it('refuses a key moved from the row of another period', async () => {
      await current(world.instance());
      const [row] = await storedRows();
      if (row === undefined) throw new Error('no row');
      world.now = start + period;
      await world.table.insert(
        { ...row, rowKey: '000022', properties: { wrapped: row.properties['wrapped'] ?? '' } },
        longEnough(),
      );

      expect((await failureOf(current(world.instance()))).code).toBe('ERR_KEYS_UNAVAILABLE');
    });

    it('refuses a key moved from another table', async () => {
      const other = await createRingFixture();
      await other.instance().current(longEnough());
      const pages = other.table.list({ partitionKey: 'key-ring' }, longEnough());
      const row = (await pages.next()).value?.rows[0];
      const { wrapped = '', wrappedBy = '' } = row?.properties ?? {};
      await world.table.insert(
        { partitionKey: 'key-ring', rowKey: '000021', properties: { wrapped, wrappedBy } },
        longEnough(),
      );

      expect((await failureOf(current(world.instance()))).code).toBe('ERR_KEYS_UNAVAILABLE');
    });

    it('leaves out rows that are no keys, and keys of periods it cannot meet', async () => {
      const key = await current(world.instance());
      const [row] = await storedRows();
      const wrapped = row?.properties['wrapped'] ?? '';
      for (const rowKey of ['21', 'x', '000099', '000010']) {
        const properties = { wrapped };
        await world.table.insert({ partitionKey: 'key-ring', rowKey, properties }, longEnough());
      }
      world.unwraps = 0;

      expect(await current(world.instance())).toEqual(key);
      expect(world.unwraps).toBe(1);
    });

    it.each([
      ['nothing', {}],
      ['text', { wrapped: 'text' }],
      ['too little', { wrapped: new Uint8Array(3) }],
      ['noise', { wrapped: new Uint8Array(94).fill(1) }],
    ])(
      'takes a row that holds %s for no key, and does not write over it',
      async (_, properties) => {
        await world.table.insert(
          { partitionKey: 'key-ring', rowKey: '000021', properties },
          longEnough(),
        );
        const ring = world.instance();

        expect((await failureOf(current(ring))).code).toBe('ERR_KEYS_UNAVAILABLE');
        expect((await failureOf(find(ring, strangeKid()))).code).toBe('ERR_KEYS_UNAVAILABLE');
        expect(await storedRows()).toHaveLength(1);
      },
    );
  });
});
