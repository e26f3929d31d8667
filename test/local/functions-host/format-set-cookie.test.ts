import { formatSetCookie } from '../../../local/functions-host/format-set-cookie';

describe('formatSetCookie', () => {
  it.each([
    ['none', 'a=; path=/'],
    ['lax', 'a=; path=/; samesite=lax'],
    ['strict', 'a=; path=/; samesite=strict'],
    ['explicitNone', 'a=; path=/; samesite=none'],
  ] as const)('writes SameSite %s', (sameSite, expected) => {
    expect(formatSetCookie({ name: 'a', sameSite })).toBe(expected);
  });

  it('leaves alone a value of base64url characters and dots', () => {
    const value = 'AZaz09-_.AZaz09-_';
    expect(formatSetCookie({ name: 'a', value })).toBe(`a=${value}; path=/`);
  });

  it.each([
    { name: '' },
    { name: 'a b' },
    { name: 'a;b' },
    { name: 'caf\u00e9' },
    { name: 'a', path: { value: '/; secure' } },
    { name: 'a', domain: { value: 'a;b' } },
  ])('refuses %p', (cookie) => {
    expect(() => formatSetCookie(cookie)).toThrow();
  });
});
