import { readCookies } from '../../src/cookies/read-cookie';
import { AppError } from '../../src/errors';
import { readAttemptCookie } from '../../src/cookies/attempt-cookie';
import { beginSignIn } from '../../src/guards/begin-sign-in';
import { failureOf, longEnough } from '../support/auth-fixture';
import type { ExchangeFixture, TestExchange } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';
import { userOf } from '../support/session-fixture';
import { paths } from '../support/tiny-provider';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

/** The attempt that a browser would send back with the provider's answer. */
async function keptAttempt({ cookies }: TestExchange, authorizationUrl: URL) {
  const header = cookies
    .filter(({ maxAge }) => maxAge !== 0)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
  const { keyRing, settings } = fixture.services;
  const state = authorizationUrl.searchParams.get('state') ?? '';
  const options = { keyRing, place: settings, now: fixture.now, signal: longEnough() };
  const kept = await readAttemptCookie(readCookies(header), state, options);
  if (kept === undefined || 'expired' in kept) throw new Error('no live attempt was kept');
  return kept.attempt;
}

const locationOf = (answer: { readonly headers?: unknown }) =>
  new URL(new Headers(Object(answer.headers) as Record<string, string>).get('location') ?? '');

const longPath = `/${'a'.repeat(1000)}`;
/** As long as a challenge may be that still fits into the cookie beside a short path. */
const longClaims = JSON.stringify({ access_token: { acrs: { values: ['c'.repeat(900)] } } });
const stepUpWith = (claims: string) => ({
  userKey: userOf().userKey,
  scopes: ['User.Read'],
  claims,
});

describe('beginSignIn', () => {
  it('sends the browser to the provider and keeps the attempt in a cookie', async () => {
    const exchange = fixture.exchange('/auth/login');
    const answer = await beginSignIn(exchange, { round: 0, returnPath: '/reports' });
    expect(answer.status).toBe(302);
    const url = locationOf(answer);
    expect(url.origin + url.pathname).toBe(fixture.tiny.origin + paths.authorize);
    const attempt = await keptAttempt(exchange, url);
    expect(attempt).toMatchObject({ returnPath: '/reports', startedAt: fixture.now });
    expect(attempt.nonce).toBe(url.searchParams.get('nonce'));
    expect(exchange.cookies).toHaveLength(1);
  });

  it.each([
    ['a long path alone', longPath, '{"access_token":{}}', longPath],
    ['long claims alone', '/reports', longClaims, '/reports'],
    ['both: the claims matter more, so the way back is the home page', longPath, longClaims, '/'],
  ])('keeps %s', async (_name, returnPath, claims, expected) => {
    const exchange = fixture.exchange('/auth/login');
    const wishes = { round: 0, returnPath, stepUp: stepUpWith(claims) } as const;
    const url = locationOf(await beginSignIn(exchange, wishes));
    const attempt = await keptAttempt(exchange, url);
    expect([attempt.returnPath, attempt.claims]).toEqual([expected, claims]);
    for (const { name, value } of exchange.cookies) {
      expect(name.length + value.length).toBeLessThanOrEqual(2048);
    }
  });

  it('refuses claims that fit into no cookie, and sets none', async () => {
    const exchange = fixture.exchange('/auth/login');
    const claims = JSON.stringify({ access_token: { acrs: { value: 'c'.repeat(1900) } } });
    const wishes = { round: 0, returnPath: longPath, stepUp: stepUpWith(claims) } as const;
    expect((await failureOf(beginSignIn(exchange, wishes))).code).toBe('ERR_BAD_REQUEST');
    expect(exchange.cookies).toEqual([]);
  });

  it('passes on what is wrong with the keys, and does not try again', async () => {
    const unavailable = new AppError('ERR_KEYS_UNAVAILABLE');
    let tries = 0;
    const keyRing = {
      ...fixture.services.keyRing,
      current: () => {
        tries += 1;
        return Promise.reject(unavailable);
      },
    };
    const exchange = fixture.exchange('/auth/login');
    const services = { ...exchange.services, keyRing };
    const work = beginSignIn({ ...exchange, services }, { round: 0, returnPath: '/reports' });
    expect(await failureOf(work)).toBe(unavailable);
    expect(tries).toBe(1);
  });
});
