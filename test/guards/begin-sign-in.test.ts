import { randomBytes } from 'node:crypto';
import { openAttempt } from '../../src/auth/sign-in-attempt';
import { readRests } from '../../src/cookies/sign-in-cookie';
import { readCookies } from '../../src/cookies/read-cookie';
import { AppError } from '../../src/errors';
import { beginSignIn } from '../../src/guards/begin-sign-in';
import { failureOf, longEnough } from '../support/auth-fixture';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';
import { paths } from '../support/tiny-provider';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const locationOf = (answer: { readonly headers?: unknown }) =>
  new URL(new Headers(Object(answer.headers) as Record<string, string>).get('location') ?? '');

describe('beginSignIn', () => {
  it('sends the browser to the provider, with one small cookie', async () => {
    const exchange = fixture.exchange('/auth/login');
    const answer = await beginSignIn(exchange, { round: 0, returnPath: '/reports#row-17' });
    expect(answer.status).toBe(302);
    const url = locationOf(answer);
    expect(url.origin + url.pathname).toBe(fixture.tiny.origin + paths.authorize);
    expect(exchange.cookies.map(({ name }) => name)).toEqual(['anteroom-7071-sign-in']);
    const options = { keyRing: fixture.services.keyRing, now: fixture.now, signal: longEnough() };
    const attempt = await openAttempt(url.searchParams.get('state') ?? '', [], options);
    expect(attempt).toMatchObject({ returnPath: '/reports#row-17', startedAt: fixture.now });
  });

  it('keeps the cookie that other tabs have begun with', async () => {
    const value = randomBytes(32).toString('base64url');
    const headers = { accept: 'text/html', cookie: `anteroom-7071-sign-in=${value}` };
    const exchange = fixture.exchange('/auth/login', { headers });
    await beginSignIn(exchange, { round: 0, returnPath: '/' });
    expect(exchange.cookies).toMatchObject([{ name: 'anteroom-7071-sign-in', value }]);
  });

  it('keeps a page that fits into no state in a cookie of its own', async () => {
    const exchange = fixture.exchange('/auth/login');
    const returnPath = `/reports?q=${randomBytes(1500).toString('base64url')}`;
    const url = locationOf(await beginSignIn(exchange, { round: 0, returnPath }));
    expect(exchange.cookies).toHaveLength(2);
    const header = exchange.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const options = { keyRing: fixture.services.keyRing, now: fixture.now, signal: longEnough() };
    const rests = readRests(readCookies(header), fixture.services.settings);
    const attempt = await openAttempt(url.searchParams.get('state') ?? '', rests, options);
    expect(attempt).toMatchObject({ returnPath, isPart: false });
  });

  it('passes on what is wrong with the keys, sets no cookie, and still knows the page', async () => {
    const unavailable = new AppError('ERR_KEYS_UNAVAILABLE');
    const keyRing = {
      ...fixture.services.keyRing,
      current: () => Promise.reject(unavailable),
    };
    const exchange = fixture.exchange('/auth/login');
    const services = { ...exchange.services, keyRing };
    const work = beginSignIn({ ...exchange, services }, { round: 0, returnPath: '/reports' });
    expect(await failureOf(work)).toBe(unavailable);
    expect([exchange.cookies, exchange.visitor.returnPath]).toEqual([[], '/reports']);
  });
});
