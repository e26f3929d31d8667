import { SignJWT } from 'jose';
import { mergeTokenCaches } from '../../src/auth/merge-token-caches';

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

  it('copes with a side without ID token', async () => {
    const empty = JSON.stringify({ AccessToken: {} });
    const full = await cacheOf('full', 100, { mail: 1 });
    expect(facts(mergeTokenCaches(empty, full)).refreshToken).toBe('refresh of full');
    expect(facts(mergeTokenCaches(full, empty)).refreshToken).toBe('refresh of full');
  });
});
