import { leaveEndedNotice, takeEndedNotice } from '../../src/guards/ended-notice';
import type { ExchangeFixture, TestExchange } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const list = (cookie = '') =>
  fixture.exchange('/auth/sessions', { headers: cookie === '' ? {} : { cookie } });
const headerOf = ({ cookies }: TestExchange) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
const withContent = (content: object | number) => {
  const value = Buffer.from(JSON.stringify(content)).toString('base64url');
  return `anteroom-7071-notice-ended=${value}`;
};

describe('the notice of what was ended', () => {
  it.each([0, 1, 57])('tells the next list that it was %d, once', (count) => {
    const ending = fixture.exchange('/auth/sessions/end', { method: 'POST' });
    leaveEndedNotice(ending, count);
    const next = list(headerOf(ending));
    expect(takeEndedNotice(next)).toBe(count);
    expect(next.cookies).toEqual([expect.objectContaining({ value: '', maxAge: 0 })]);
  });

  it('is absent where nothing was ended', () => {
    const exchange = list();
    expect(takeEndedNotice(exchange)).toBeUndefined();
    expect(exchange.cookies).toEqual([]);
  });

  it.each<[string, object | number]>([
    ['no object', 3],
    ['a list', [3]],
    ['another member', { ended: 3 }],
    ['a text', { count: '3' }],
    ['less than nothing', { count: -1 }],
    ['half a session', { count: 0.5 }],
    ['too many to count', { count: 1e300 }],
  ])('tells nothing when the cookie holds %s, and takes it away', (_name, content) => {
    const exchange = list(withContent(content));
    expect(takeEndedNotice(exchange)).toBeUndefined();
    expect(exchange.cookies).toEqual([expect.objectContaining({ maxAge: 0 })]);
  });
});
