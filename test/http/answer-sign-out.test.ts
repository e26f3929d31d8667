import { answerSignOut } from '../../src/http/answer-sign-out';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { browserHeaders, createExchangeFixture } from '../support/exchange-fixture';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const done = { notDone: [], until: undefined };
const ours = 'http://localhost:7071/auth/signed-out';

function answered(headers: Record<string, string>, url: string) {
  const exchange = fixture.exchange('/auth/logout', { method: 'POST', headers });
  const answer = answerSignOut(exchange, { url, ...done });
  return { status: answer.status, headers: new Headers(answer.headers) };
}

describe('answerSignOut', () => {
  const agents = {
    safari:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0',
    chrome:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
  };

  it.each([
    ['a page that goes on to the provider', browserHeaders, 'https://provider.example/logout'],
    ['a redirect to our own page', browserHeaders, ours],
    ['JSON', {}, ours],
  ])('lets browsers drop what they kept, with %s', (_name, headers, url) => {
    for (const agent of [agents.safari, agents.firefox]) {
      const answer = answered({ ...headers, 'user-agent': agent }, url);
      expect(answer.headers.get('clear-site-data')).toBe('"cache"');
    }
    expect(answered(headers, url).headers.get('clear-site-data')).toBe('"cache"');
  });

  it('does not ask Chromium, which would hold the answer up for seconds', () => {
    const answer = answered({ ...browserHeaders, 'user-agent': agents.chrome }, ours);
    expect([answer.status, answer.headers.get('clear-site-data')]).toEqual([303, null]);
  });
});
