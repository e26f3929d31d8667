import { sameOrigin } from '../../src/guards/same-origin';
import { signedIn } from '../../src/guards/signed-in';
import { failureOf } from '../support/auth-fixture';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('sameOrigin', () => {
  it.each([
    ['our own pages', { ...form, 'sec-fetch-site': 'same-origin' }],
    ['our own pages in an old browser', { ...form, origin: 'http://localhost:7071' }],
    ['our own scripts', { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' }],
  ])('opens to %s', (_name, headers) => {
    const answer = { status: 204 };
    const exchange = fixture.exchange('/reports/end', { method: 'POST', headers });
    expect(sameOrigin(() => answer)(exchange)).toBe(answer);
  });

  it.each<[string, string, Record<string, string>]>([
    ['another site', 'ERR_CROSS_SITE', { ...form, 'sec-fetch-site': 'cross-site' }],
    [
      'the origin in the Host header',
      'ERR_CROSS_SITE',
      { ...form, origin: 'http://host-header.example' },
    ],
    ['whoever does not say', 'ERR_CROSS_SITE', form],
    ['a script without X-CSRF', 'ERR_CSRF_HEADER', { 'sec-fetch-site': 'same-origin' }],
  ])('is shut to %s, whether or not somebody is signed in', async (_name, code, headers) => {
    const { cookie } = await fixture.signIn();
    const handler = sameOrigin(signedIn(() => ({})));
    for (const sent of [headers, { ...headers, cookie }]) {
      const exchange = fixture.exchange('/reports/end', { method: 'POST', headers: sent });
      const answer = Promise.resolve().then(() => handler(exchange));
      expect((await failureOf(answer)).code).toBe(code);
    }
  });
});
