import { findLiveAccessToken } from '../../src/auth/find-live-access-token';

const now = 1_800_000_000;

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
    ['none in an empty cache', '{}', ['User.Read'], undefined],
    ['none in a cache of another shape', '{"AccessToken":[null,1,"a"]}', ['User.Read'], undefined],
  ])('finds %s', (_name, cache, scopes, expected) => {
    expect(findLiveAccessToken(cache, scopes, now)).toBe(expected);
  });
});
