import { createHash } from 'node:crypto';
import {
  beginSession,
  changeSessionData,
  describeDevice,
  isLive,
  lastUsedAbout,
  parseSessionData,
  renewedIdleExpiry,
  userKeyOf,
} from '../../src/sessions/session';
import { createSessionStore, type FoundSession } from '../../src/sessions/session-store';
import type { Row, Table } from '../../src/storage/table';
import { failureOf, longEnough } from '../support/auth-fixture';
import { limits, newSession, ringSecret, start } from '../support/session-fixture';
import { createStaticKeyRing } from '../support/static-key-ring';
import { createTestTable } from '../support/test-table';

const now = 1_800_000_000;
const shortLimits = { idleSeconds: 100, lifetimeSeconds: 250 };

describe('beginSession', () => {
  it('begins both limits now', () => {
    expect(beginSession(now, shortLimits)).toEqual({
      createdAt: now,
      idleExpiresAt: now + 100,
      expiresAt: now + 250,
    });
  });

  it('never lets idle outlast the session', () => {
    const { idleExpiresAt } = beginSession(now, { idleSeconds: 300, lifetimeSeconds: 250 });

    expect(idleExpiresAt).toBe(now + 250);
  });
});

describe('isLive', () => {
  it.each([
    [99, true],
    [100, false],
  ])('%i s into an idle time of 100 s: %s', (seconds, expected) => {
    expect(isLive({ idleExpiresAt: now + 100, expiresAt: now + 250 }, now + seconds)).toBe(
      expected,
    );
  });

  it('is over at the absolute limit, whatever idle says', () => {
    expect(isLive({ idleExpiresAt: now + 999, expiresAt: now + 250 }, now + 250)).toBe(false);
  });
});

describe('renewedIdleExpiry', () => {
  const session = beginSession(now, shortLimits);

  it.each([
    [0, undefined],
    [50, undefined],
    [51, now + 151],
    [99, now + 199],
  ])('%i s after the beginning: %s', (seconds, expected) => {
    expect(renewedIdleExpiry(session, now + seconds, shortLimits)).toBe(expected);
  });

  it('goes no further than the absolute limit, and then writes no more', () => {
    const late = { ...session, idleExpiresAt: now + 240 };

    expect(renewedIdleExpiry(late, now + 200, shortLimits)).toBe(now + 250);
    expect(renewedIdleExpiry({ ...late, idleExpiresAt: now + 250 }, now + 240, shortLimits)).toBe(
      undefined,
    );
  });
});

describe('userKeyOf', () => {
  it('is the SHA-256 of issuer and oid as JSON, base64url', () => {
    const expected = createHash('sha256').update('["https://i","o"]').digest('base64url');

    expect(userKeyOf('https://i', 'o', 's')).toBe(expected);
    expect(expected).toMatch(/^[\w-]{43}$/);
  });

  it('takes the subject without an oid', () => {
    expect(userKeyOf('https://i', undefined, 's')).toBe(userKeyOf('https://i', 's', 'ignored'));
  });

  it('keeps people of different issuers apart, however the texts are split', () => {
    expect(userKeyOf('https://i', 'o', 's')).not.toBe(userKeyOf('https://j', 'o', 's'));
    expect(userKeyOf('https://i","o', 'x', 's')).not.toBe(userKeyOf('https://i', 'o","x', 's'));
  });
});

const usedLimits = { idleSeconds: 3600, lifetimeSeconds: 43_200 };

describe('lastUsedAbout', () => {
  it.each([
    ['just begun', { createdAt: 1000, idleExpiresAt: 4600 }, 1000],
    ['renewed', { createdAt: 1000, idleExpiresAt: 9600 }, 6000],
    [
      'never before it began, where the last idle limit was cut',
      { createdAt: 1000, idleExpiresAt: 2000 },
      1000,
    ],
  ])('%s', (_name, session, expected) => {
    expect(lastUsedAbout(session, usedLimits.idleSeconds)).toBe(expected);
  });

  it('is never more than half of the idle time too early', () => {
    let session = { createdAt: 0, idleExpiresAt: 3600, expiresAt: 43_200 };
    for (let now = 0; now < 30_000; now += 70) {
      session = {
        ...session,
        idleExpiresAt: renewedIdleExpiry(session, now, usedLimits) ?? session.idleExpiresAt,
      };
      const about = lastUsedAbout(session, usedLimits.idleSeconds);
      expect(about).toBeLessThanOrEqual(now);
      expect(now - about).toBeLessThanOrEqual(1800);
    }
  });
});

const mozilla = 'Mozilla/5.0';
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('describeDevice', () => {
  it.each([
    [
      'Chrome on Windows',
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/151.0.0.0 Safari/537.36`,
    ],
    [
      'Edge on Windows',
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/151.0.0.0 Safari/537.36 Edg/151.0.0.0`,
    ],
    [
      'Opera on Linux',
      `${mozilla} (X11; Linux x86_64) ${webkit} Chrome/150.0.0.0 Safari/537.36 OPR/134.0.0.0`,
    ],
    ['Firefox on Linux', `${mozilla} (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0`],
    [
      'Safari on macOS',
      `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15`,
    ],
    [
      'Safari on iPhone',
      `${mozilla} (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Chrome on iPad',
      `${mozilla} (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/151.0.0.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      'Chrome on Android',
      `${mozilla} (Linux; Android 10; K) ${webkit} Chrome/151.0.0.0 Mobile Safari/537.36`,
    ],
    [
      'Samsung Internet on Android',
      `${mozilla} (Linux; Android 10; K) ${webkit} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36`,
    ],
    [
      'Chrome on ChromeOS',
      `${mozilla} (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/151.0.0.0 Safari/537.36`,
    ],
    ['Unknown browser', 'curl/8.15.0'],
    ['Unknown browser', ''],
    ['Unknown browser', undefined],
    ['Unknown browser on Linux', 'someone (Linux)'],
    ['Unknown browser', '<script>alert(1)</script>'],
    ['Unknown browser', `${'x'.repeat(600)} Chrome/1 Windows`],
  ])('%s', (words, userAgent) => {
    expect(describeDevice(userAgent)).toBe(words);
  });
});

describe('parseSessionData', () => {
  it('keeps what JSON keeps', () => {
    const given = {
      plan: 'pro',
      since: new Date(0),
      none: undefined,
      list: [1, null, { a: true }],
    };
    const kept = { plan: 'pro', since: '1970-01-01T00:00:00.000Z', list: [1, null, { a: true }] };
    expect(parseSessionData(given)).toStrictEqual(kept);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'pro'],
    ['a list', ['pro']],
    ['a function', () => ({})],
    ['a promise, which a function without await gives', Promise.resolve({})],
    ['a map, of which JSON keeps nothing', new Map([['plan', 'pro']])],
    ['an object that JSON writes as a text', { toJSON: () => 'pro' }],
    ['an object that JSON leaves out', { toJSON: () => undefined }],
    ['a number that JSON has not', { count: 1n }],
  ])('refuses %s', (_name, value) => {
    expect(() => parseSessionData(value)).toThrow(TypeError);
  });

  it('refuses a circle', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => parseSessionData(circle)).toThrow(TypeError);
  });

  it('takes 8,192 bytes of UTF-8 and no more', () => {
    const around = JSON.stringify({ text: '' }).length;
    const text = `${'ä'.repeat((8192 - around - 1) / 2)}b`;
    expect(parseSessionData({ text })).toEqual({ text });
    expect(() => parseSessionData({ text: `${text}a` })).toThrow(
      new RangeError('session data has 8193 bytes as JSON, more than 8192'),
    );
  });
});

async function rowsOf(table: Table): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of table.list({}, longEnough())) rows.push(...page.rows);
  return rows;
}

describe('changeSessionData', () => {
  const half = start + limits.idleSeconds / 2 + 1;

  async function open() {
    const { table } = await createTestTable();
    const store = createSessionStore({ table, keyRing: createStaticKeyRing(ringSecret), limits });
    const { ticket } = await store.open(newSession({ data: { plan: 'pro' }, addedRoles: ['vip'] }));
    const read = async (now = start): Promise<FoundSession> => {
      const found = await store.read(ticket, now, longEnough());
      if (found === undefined) throw new Error('the session has ended');
      return found;
    };
    const change = (
      found: FoundSession,
      given: Parameters<typeof changeSessionData>[3],
      now = start,
    ) => changeSessionData(store, ticket, found, given, { now, signal: longEnough() });
    return { table, store, ticket, read, change };
  }

  it('replaces the data and nothing else', async () => {
    const { read, change } = await open();
    const before = await read();
    expect(before.session).toMatchObject({ data: { plan: 'pro' }, addedRoles: ['vip'] });
    const changed = await change(before, { theme: 'dark' });
    const session = { ...before.session, data: { theme: 'dark' } };
    expect(changed).toEqual({ ...before, session, etag: changed.etag });
    expect(await read()).toEqual(changed);
  });

  it('stands in the table encrypted only', async () => {
    const { table, read, change } = await open();
    await change(await read(), { secret: 'a-secret-of-the-app' });
    for (const { properties } of await rowsOf(table)) {
      const values = Object.values(properties).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
      );
      expect(values.join()).not.toContain('a-secret-of-the-app');
    }
  });

  it('goes on after a request that only extended the session', async () => {
    const { store, ticket, read, change } = await open();
    const found = await read(half);
    await store.renew(ticket, found, half, longEnough());
    await change(found, { theme: 'dark' }, half);
    expect((await read(half)).session).toMatchObject({
      data: { theme: 'dark' },
      idleExpiresAt: half + limits.idleSeconds,
    });
  });

  it('refuses new data when another request changed the data, and keeps the other', async () => {
    const { read, change } = await open();
    const found = await read();
    await change(found, { theme: 'dark' });
    const failure = await failureOf(change(found, { theme: 'light' }));
    expect([failure.code, failure.status]).toEqual(['ERR_SESSION_CHANGED', 409]);
    expect((await read()).session.data).toEqual({ theme: 'dark' });
  });

  it('calls a function again with what is stored now, so that no count is lost', async () => {
    const { read, change } = await open();
    const found = await read();
    const count = (data: FoundSession['session']['data']) => ({
      ...data,
      count: Number(data['count'] ?? 0) + 1,
    });
    await Promise.all([change(found, count), change(found, count), change(found, count)]);
    expect((await read()).session.data).toEqual({ plan: 'pro', count: 3 });
  });

  it('never brings an ended session back', async () => {
    const { table, store, ticket, read, change } = await open();
    const found = await read();
    await store.end(ticket, found.session, longEnough());
    expect((await failureOf(change(found, { theme: 'dark' }))).code).toBe('ERR_SIGNED_OUT');
    expect(await rowsOf(table)).toEqual([]);
  });

  it('writes nothing when the function fails', async () => {
    const { read, change } = await open();
    const found = await read();
    const failing = () => {
      throw new Error('no');
    };
    await expect(change(found, failing)).rejects.toThrow('no');
    expect((await read()).etag).toBe(found.etag);
  });

  it('gives up when the row is rewritten all the time', async () => {
    const { read } = await open();
    const found = await read();
    const busy = {
      writeData: () => Promise.resolve('conflict' as const),
      read: () => Promise.resolve(found),
    };
    const ticket = { userKey: 'u', sessionId: 's', issuedAt: start, expiresAt: start + 1 };
    const options = { now: start, signal: longEnough() };
    const failure = await failureOf(changeSessionData(busy, ticket, found, {}, options));
    expect(failure.code).toBe('ERR_STORAGE_UNAVAILABLE');
  });
});
