import { loginPath } from '../../src/guards/login-path';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

describe('loginPath', () => {
  it.each([
    ['a path with its query', 'GET', '/reports?a=1&b=%2F', '/reports?a=1&b=%2F'],
    ['no marker of a bounce', 'GET', '/reports?a=1&anteroom-bounced=1', '/reports?a=1'],
    [
      'the fragment that a bounce told',
      'GET',
      '/reports?anteroom-bounced=%23row-17',
      '/reports#row-17',
    ],
    ['no fragment that is none', 'GET', '/reports?anteroom-bounced=row', '/reports'],
    ['a marker of somebody else’s', 'GET', '/reports?bounced=1', '/reports?bounced=1'],
    ['no other origin', 'GET', '//evil.example/reports', '/'],
    ['no step of the sign-in', 'GET', '/auth/login', '/'],
    ['the home page after a form', 'POST', '/reports', '/'],
    ['the page after HEAD, as after GET', 'HEAD', '/reports', '/reports'],
  ])('comes back to %s', (_name, method, path, expected) => {
    const exchange = fixture.exchange(path, { method });
    expect(loginPath(exchange)).toBe(`/auth/login?return_to=${encodeURIComponent(expected)}`);
  });
});
