import { SignJWT } from 'jose';
import {
  createTokenMemory,
  findLiveAccessToken,
  keepAcquired,
  mergeTokenCaches,
  normalScopes,
  requireOneResource,
  scopesOfSignIn,
} from '../../src/entra/msal-cache';

const now = 1_800_000_000;

async function idToken(iat: number): Promise<string> {
  return new SignJWT({ iat }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32));
}

async function cacheOf(
  side: string,
  iat: number,
  accessTokens: Readonly<Record<string, number>>,
): Promise<string> {
  const entries = Object.entries(accessTokens).map(([key, cachedAt]) => [
    key,
    { secret: `${key} of ${side}`, cached_at: String(cachedAt) },
  ]);
  return JSON.stringify({
    Account: { a: { name: side } },
    IdToken: { i: { secret: await idToken(iat) } },
    AccessToken: Object.fromEntries(entries) as Record<string, unknown>,
    RefreshToken: { r: { secret: `refresh of ${side}` } },
    AppMetadata: {},
  });
}

function facts(cache: string) {
  const merged = JSON.parse(cache) as Record<string, Record<string, Record<string, string>>>;
  return {
    account: merged['Account']?.['a']?.['name'],
    refreshToken: merged['RefreshToken']?.['r']?.['secret'],
    accessTokens: Object.values(merged['AccessToken'] ?? {}).map(({ secret }) => secret),
  };
}

describe('mergeTokenCaches', () => {
  it('takes refresh token, ID token and account as one set from the side with the later ID token', async () => {
    const older = await cacheOf('older', 100, {});
    const newer = await cacheOf('newer', 200, {});
    const expected = { account: 'newer', refreshToken: 'refresh of newer', accessTokens: [] };
    expect(facts(mergeTokenCaches(older, newer))).toEqual(expected);
    expect(facts(mergeTokenCaches(newer, older))).toEqual(expected);
  });

  it('keeps what is stored at a tie', async () => {
    const ours = await cacheOf('ours', 100, {});
    const stored = await cacheOf('stored', 100, {});
    expect(facts(mergeTokenCaches(ours, stored)).refreshToken).toBe('refresh of stored');
  });

  it('keeps of each access token the one cached later, and those only one side has', async () => {
    const ours = await cacheOf('ours', 100, { mail: 20, user: 10, ours: 5 });
    const stored = await cacheOf('stored', 200, { mail: 10, user: 20, stored: 5 });
    expect(facts(mergeTokenCaches(ours, stored)).accessTokens.sort()).toEqual([
      'mail of ours',
      'ours of ours',
      'stored of stored',
      'user of stored',
    ]);
  });

  it('has the later ones first: an API may have refused what is stored, and got a new one', async () => {
    const ours = await cacheOf('ours', 100, { new: 20 });
    const stored = await cacheOf('stored', 100, { old: 10 });
    const merged = ['new of ours', 'old of stored'];
    expect(facts(mergeTokenCaches(ours, stored)).accessTokens).toEqual(merged);
  });

  it('copes with a side without ID token', async () => {
    const empty = JSON.stringify({ AccessToken: {} });
    const full = await cacheOf('full', 100, { mail: 1 });
    expect(facts(mergeTokenCaches(empty, full)).refreshToken).toBe('refresh of full');
    expect(facts(mergeTokenCaches(full, empty)).refreshToken).toBe('refresh of full');
  });
});

function cacheWith(...tokens: readonly Record<string, unknown>[]): string {
  return JSON.stringify({
    AccessToken: Object.fromEntries(tokens.map((token, index) => [String(index), token])),
  });
}
const token = (change: Record<string, unknown> = {}) => ({
  secret: 'the-token',
  target: 'User.Read profile openid',
  expires_on: String(now + 301),
  ...change,
});

describe('findLiveAccessToken', () => {
  it.each([
    [
      'one that lives on for more than five minutes',
      cacheWith(token()),
      ['User.Read'],
      'the-token',
    ],
    ['whatever the case of its scopes', cacheWith(token()), ['user.read'], 'the-token'],
    [
      'the one that has all scopes',
      cacheWith(token({ secret: 'other', target: 'Mail.Read' }), token()),
      ['User.Read', 'profile'],
      'the-token',
    ],
    [
      'none that is about to expire',
      cacheWith(token({ expires_on: String(now + 300) })),
      ['User.Read'],
      undefined,
    ],
    ['none without a scope', cacheWith(token()), ['User.Read', 'Mail.Read'], undefined],
    ['none whose scope only begins so', cacheWith(token()), ['User.Rea'], undefined],
    ['none without expiry', cacheWith(token({ expires_on: undefined })), ['User.Read'], undefined],
    ['none that is empty', cacheWith(token({ secret: '' })), ['User.Read'], undefined],
    [
      'one that was given for just these scopes, though fewer were granted',
      cacheWith(token({ asked_for: ['files.read user.read'] })),
      ['User.Read', 'Files.Read'],
      'the-token',
    ],
    [
      'one that was given for all of an API',
      cacheWith(token({ asked_for: ['.default'] })),
      ['https://graph.microsoft.com/.default'],
      'the-token',
    ],
    [
      "Graph's scopes in either form",
      cacheWith(token()),
      ['https://graph.microsoft.com/user.read'],
      'the-token',
    ],
    [
      'none for a part of what was asked but not granted',
      cacheWith(token({ asked_for: ['files.read user.read'] })),
      ['Files.Read'],
      undefined,
    ],
    [
      'none of another API whose scope has the same name',
      cacheWith(token()),
      ['api://orders/User.Read'],
      undefined,
    ],
    ['none in an empty cache', '{}', ['User.Read'], undefined],
    ['none in a cache of another shape', '{"AccessToken":[null,1,"a"]}', ['User.Read'], undefined],
  ])('finds %s', (_name, cache, scopes, expected) => {
    expect(findLiveAccessToken(cache, scopes, now)).toBe(expected);
  });
});

describe('keepAcquired', () => {
  const entity = (secret: string, target: string, more: Record<string, unknown> = {}) => ({
    secret,
    target,
    expires_on: String(now + 3600),
    cached_at: String(now),
    ...more,
  });
  const cacheOfTokens = (tokens: Record<string, unknown>) =>
    JSON.stringify({ AccessToken: tokens });
  const keptIn = (cache: string) =>
    Object.values((JSON.parse(cache) as { AccessToken: object }).AccessToken).map(
      ({ secret }: { secret: string }) => secret,
    );

  it('notes what the first token was asked for', () => {
    const after = cacheOfTokens({ a: entity('first', 'profile') });
    const kept = keepAcquired({ after, scopes: ['User.Read'], now });
    expect(findLiveAccessToken(kept, ['user.read'], now)).toBe('first');
    expect(findLiveAccessToken(kept, ['openid', 'User.Read'], now)).toBe('first');
    expect(findLiveAccessToken(kept, ['Mail.Read'], now)).toBeUndefined();
  });

  it('serves two sets of scopes for which the provider answers alike', () => {
    const one = cacheOfTokens({ a: entity('first', 'User.Read') });
    const before = keepAcquired({ after: one, scopes: ['.default'], now });
    const after = cacheOfTokens({ a: entity('second', 'User.Read') });
    const kept = keepAcquired({ before, after, scopes: ['User.Read', 'Files.Read'], now });
    expect(findLiveAccessToken(kept, ['.default'], now)).toBe('second');
    expect(findLiveAccessToken(kept, ['Files.Read', 'User.Read'], now)).toBe('second');
  });

  it('puts back a live token for other scopes that MSAL dropped, unless forced', () => {
    const one = cacheOfTokens({ a: entity('first', 'User.Read') });
    const before = keepAcquired({ after: one, scopes: ['User.Read', 'Files.Read'], now });
    const after = cacheOfTokens({ b: entity('second', 'User.Read Mail.Read') });
    const acquisition = { before, after, scopes: ['User.Read', 'Mail.Read'], now };
    expect(keptIn(keepAcquired(acquisition)).sort()).toEqual(['first', 'second']);
    expect(keptIn(keepAcquired({ ...acquisition, isForced: true }))).toEqual(['second']);
  });

  it('lets go of the former token for the same scopes, and of expired ones', () => {
    const one = cacheOfTokens({
      a: entity('first', 'User.Read'),
      c: entity('expired', 'Mail.Read', { expires_on: String(now) }),
    });
    const before = keepAcquired({ after: one, scopes: ['User.Read'], now: now - 1 });
    const after = cacheOfTokens({ b: entity('second', 'profile') });
    expect(keptIn(keepAcquired({ before, after, scopes: ['user.read'], now }))).toEqual(['second']);
  });

  it('keeps the newest twenty', () => {
    const many = Array.from({ length: 30 }, (_, index) => {
      const cached_at = String(now - index);
      return [`k${index}`, entity(`t${index}`, `scope-${index}`, { cached_at })] as const;
    });
    const kept = keepAcquired({
      after: cacheOfTokens(Object.fromEntries(many)),
      scopes: ['x'],
      now,
    });
    expect(keptIn(kept)).toEqual(Array.from({ length: 20 }, (_, index) => `t${index}`));
  });
});

describe('scopesOfSignIn', () => {
  it.each<[string, string[], string[]]>([
    ['all of one API', ['User.Read', 'Mail.Read'], ['User.Read', 'Mail.Read']],
    [
      "Graph's in every form",
      ['User.Read', 'https://graph.microsoft.com/Mail.Read'],
      ['User.Read', 'https://graph.microsoft.com/Mail.Read'],
    ],
    ["Graph's, wherever they stand", ['api://orders/Read', 'User.Read'], ['User.Read']],
    [
      'the first API where Graph is not asked',
      ['api://orders/Read', 'api://stock/Read', 'api://orders/Write'],
      ['api://orders/Read', 'api://orders/Write'],
    ],
  ])('are %s', (_what, graphScopes, expected) => {
    expect(scopesOfSignIn(graphScopes)).toEqual(expected);
  });
});

it("takes along what a step-up asks of the same API, and leaves other APIs' scopes", () => {
  const more = ['Mail.Read', 'api://orders/Read', 'User.Read'];
  expect(scopesOfSignIn(['User.Read'], more)).toEqual(['User.Read', 'Mail.Read']);
  expect(scopesOfSignIn(['api://orders/Read'], ['Mail.Read'])).toEqual(['api://orders/Read']);
});

describe('requireOneResource', () => {
  it.each([
    [['User.Read', 'https://graph.microsoft.com/Mail.Read', 'offline_access']],
    [['https://graph.microsoft.us/.default']],
    [['api://orders/Read', 'API://ORDERS/Write']],
    [['https://contoso.com//.default', 'https://contoso.com/read']],
    [['openid', 'api://orders/Read']],
  ])('takes %j', (scopes) => {
    expect(() => {
      requireOneResource(scopes);
    }).not.toThrow();
  });

  it.each([
    [['User.Read', 'api://orders/Read'], 'Microsoft Graph and api://orders'],
    [['api://orders/Read', 'api://stock/Read'], 'api://orders and api://stock'],
    [['User.Read', '22222222-2222-4222-8222-222222222222'], 'Microsoft Graph and 22222222'],
  ])('refuses %j and names both', (scopes, names) => {
    expect(() => {
      requireOneResource(scopes);
    }).toThrow(names);
  });
});

describe('normalScopes', () => {
  it('are equal for scopes that mean the same', () => {
    const expected = ['api://orders/read', 'mail.read', 'user.read'];
    const scopes = ['https://graph.microsoft.com/User.Read', 'MAIL.READ', 'api://Orders/Read'];
    expect(normalScopes([...scopes, 'openid', 'profile', 'user.read'])).toEqual(expected);
  });
});

describe('createTokenMemory', () => {
  const opened = { accessTokens: [], claims: {} };

  afterEach(() => jest.useRealTimers());

  it('forgets in an instance that nobody asks any more', () => {
    jest.useFakeTimers();
    let now = 1_000;
    const memory = createTokenMemory(() => now);
    memory.keep('one', 1, opened, now);
    now = 1_299;
    memory.keep('two', 1, opened, now);
    now = 1_300;
    jest.advanceTimersByTime(300_000);
    // By the time at which it was kept: only what is gone is not found then.
    expect([memory.has('one', 1_000), memory.has('two', 1_299)]).toEqual([false, true]);
    now = 1_600;
    jest.advanceTimersByTime(300_000);
    expect(memory.has('two', 1_299)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('holds 250 sessions at most', () => {
    const memory = createTokenMemory(() => 0);
    for (let count = 0; count < 450; count += 1) memory.keep(`${count}`, 1, opened, 0);
    expect([memory.has('199', 0), memory.has('200', 0)]).toEqual([false, true]);
  });
});
