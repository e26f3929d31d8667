import { randomBytes } from 'node:crypto';
import type { Cookie } from '@azure/functions';
import {
  clearSignInCookies,
  keepSignInCookie,
  overflowCookie,
  readCookies,
  readOverflows,
  readSignInCookie,
  type RequestCookies,
} from '../../src/cookies';

const https = { isHttps: true, loopbackPort: undefined };
const http = { isHttps: false, loopbackPort: undefined };
const loopback = { isHttps: false, loopbackPort: 7071 };
const none = readCookies(null);
const good = randomBytes(32).toString('base64url');

/** A browser that keeps the cookies it is given. */
class Jar {
  readonly #cookies = new Map<string, string>();

  get sent(): RequestCookies {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    return readCookies(pairs.join('; '));
  }

  take(cookie: Cookie | undefined): void {
    if (cookie !== undefined) this.#cookies.set(cookie.name, cookie.value);
  }
}

describe('the sign-in cookie', () => {
  it('is 32 random bytes, Strict, unseen by scripts, for an hour, bound to this host', () => {
    const { value, cookie } = keepSignInCookie(none, https);
    expect(Buffer.from(value, 'base64url')).toHaveLength(32);
    expect(cookie).toEqual({
      name: '__Host-Http-anteroom-sign-in',
      value,
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: true,
      maxAge: 3600,
    });
    expect(keepSignInCookie(none, https).value).not.toBe(value);
  });

  it('is never replaced while it is good; it only lives longer', () => {
    const header = `other=1; anteroom-sign-in=${good}`;
    const { value, cookie } = keepSignInCookie(readCookies(header), http);
    expect([value, cookie.value, cookie.maxAge]).toEqual([good, good, 3600]);
    expect(readSignInCookie(readCookies(header), http)).toBe(good);
  });

  it.each([
    ['another length', good.slice(1)],
    ['other characters', `${good.slice(1)}.`],
    ['another spelling of the same bytes', `${good.slice(0, 42)}${good.endsWith('B') ? 'C' : 'B'}`],
    ['nothing', ''],
  ])('is made anew in place of %s', (_name, value) => {
    const header = `anteroom-sign-in=${value}`;
    expect(readSignInCookie(readCookies(header), http)).toBeUndefined();
    expect(keepSignInCookie(readCookies(header), http).value).not.toBe(value);
  });

  it('is made anew when there are two: one of them was planted', () => {
    const header = `anteroom-sign-in=${good}; anteroom-sign-in=${'A'.repeat(43)}`;
    expect(readSignInCookie(readCookies(header), http)).toBeUndefined();
  });
});

describe('clearSignInCookies', () => {
  it('takes all of them out of the browser, and only those that are there', () => {
    const header = `anteroom-7071-sign-in=${good}; anteroom-7071-sign-in-2=1.x; anteroom-7071=y`;
    const cleared = clearSignInCookies(readCookies(header), loopback);
    expect(cleared.map(({ name, maxAge }) => [name, maxAge])).toEqual([
      ['anteroom-7071-sign-in', 0],
      ['anteroom-7071-sign-in-2', 0],
    ]);
    expect(clearSignInCookies(none, loopback)).toEqual([]);
  });
});

describe('cookies for what does not fit into state', () => {
  it('are three at most; the oldest goes, however quickly they come', () => {
    const jar = new Jar();
    for (let count = 1; count <= 7; count += 1) {
      jar.take(overflowCookie(jar.sent, `rest-${count}`, http));
      const kept = [...readOverflows(jar.sent, http)].sort();
      const expected = [count - 2, count - 1, count].filter((one) => one > 0);
      expect(kept).toEqual(expected.map((one) => `rest-${one}`));
    }
  });

  it('are three at most for tabs that begin at once and see none of each other’s', () => {
    const jar = new Jar();
    for (let count = 0; count < 40; count += 1) {
      jar.take(overflowCookie(none, `rest-${count}`, http));
    }
    expect(readOverflows(jar.sent, http).length).toBeLessThanOrEqual(3);
  });

  it('are left out when a browser would not keep them', () => {
    expect(overflowCookie(none, 'a'.repeat(4096), https)).toBeUndefined();
    expect(overflowCookie(none, 'a'.repeat(4000), https)).toBeDefined();
  });

  it('give way when they hold something else', () => {
    const header = ['x', '!.y', `${'z'.repeat(20)}.y`]
      .map((value, index) => `anteroom-sign-in-${index + 1}=${value}`)
      .join('; ');
    expect(readOverflows(readCookies(header), http)).toEqual([]);
    expect(overflowCookie(readCookies(header), 'mine', http)?.value).toBe('1.mine');
  });
});
