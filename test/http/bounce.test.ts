import { bounce, pathWithoutMarker } from '../../src/http/bounce';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { browserHeaders, createExchangeFixture } from '../support/exchange-fixture';

const app = 'http://localhost:7071';

let fixture: ExchangeFixture;

beforeAll(async () => {
  fixture = await createExchangeFixture();
});
afterAll(() => fixture.stop());

const fromElsewhere = { ...browserHeaders, 'sec-fetch-site': 'cross-site' };

/** What `bounce` does: nothing, a page that leads somewhere, or a redirect. */
function outcome(path: string, headers: Record<string, string>, hasCookie = false, method = 'GET') {
  const answer = bounce(fixture.exchange(path, { method, headers }), hasCookie);
  if (answer === undefined) return 'nothing';
  const location = new Headers(answer.headers).get('location');
  if (location !== null) return `${answer.status ?? 200} ${location}`;
  const body = typeof answer.body === 'string' ? answer.body : '';
  const goTo = /<meta http-equiv="refresh" content="0; ?url=([^"]*)"/.exec(body)?.[1];
  return `page ${goTo?.replaceAll('&amp;', '&') ?? 'without refresh'}`;
}

describe('bounce', () => {
  it.each([
    ['/reports', `${app}/reports?bounced=1`],
    ['/reports?a=1', `${app}/reports?a=1&bounced=1`],
    ['/', `${app}/?bounced=1`],
    ['//evil.example/a', `${app}//evil.example/a?bounced=1`],
    ['/\\evil.example', `${app}//evil.example?bounced=1`],
    ['/a?x=%22%3E%3Cscript%3E', `${app}/a?x=%22%3E%3Cscript%3E&bounced=1`],
  ])('asks for %s again, on this origin, with a marker', (path, expected) => {
    expect(outcome(path, fromElsewhere)).toBe(`page ${expected}`);
  });

  it.each<[string, Record<string, string>]>([
    ['typed by a person', browserHeaders],
    ['from our own page', { ...browserHeaders, 'sec-fetch-site': 'same-origin' }],
    ['from another origin of our site', { ...browserHeaders, 'sec-fetch-site': 'same-site' }],
    ['of a script on another site', { ...fromElsewhere, 'sec-fetch-mode': 'cors' }],
    ['of an image on another site', { ...fromElsewhere, 'sec-fetch-mode': 'no-cors' }],
    ['of a client that says nothing', {}],
    ['of an old browser', { accept: 'text/html' }],
  ])('leaves a request %s alone', (_name, headers) => {
    expect(outcome('/reports', headers)).toBe('nothing');
  });

  it('leaves a request alone that brought the cookie', () => {
    expect(outcome('/reports', fromElsewhere, true)).toBe('nothing');
  });

  it.each(['POST', 'HEAD'])('leaves a %s alone', (method) => {
    expect(outcome('/reports', fromElsewhere, false, method)).toBe('nothing');
    expect(outcome('/reports?bounced=1', browserHeaders, false, method)).toBe('nothing');
  });

  it.each([
    ['/reports?bounced=1', '/reports'],
    ['/reports?a=1&bounced=1', '/reports?a=1'],
    ['/reports?bounced=1&a=1', '/reports?a=1'],
    ['/?bounced=1', '/'],
    // The host decodes names: a marker that stayed would be redirected for ever.
    ['/reports?a=1&%62ounced=1', '/reports?a=1'],
    ['/reports?bounced=1&bounced=1', '/reports'],
    ['//evil.example/a?bounced=1', '//evil.example/a'],
  ])('sends our own navigation from %s on to the address without marker', (path, expected) => {
    for (const site of ['same-origin', 'none']) {
      const headers = { ...browserHeaders, 'sec-fetch-site': site };
      expect(outcome(path, headers)).toBe(`302 ${app}${expected}`);
      expect(outcome(path, headers, true)).toBe(`302 ${app}${expected}`);
    }
  });

  it('bounces once only: in vain, the request is answered as it is', () => {
    expect(outcome('/reports?bounced=1', fromElsewhere)).toBe('nothing');
    expect(outcome('/reports?a=1&bounced=1', fromElsewhere, true)).toBe('nothing');
  });

  it('lets a script have a marker, which means nothing to it', () => {
    expect(outcome('/reports?bounced=1', {})).toBe('nothing');
  });
});

describe('pathWithoutMarker', () => {
  it.each([
    ['/a', '/a'],
    ['/a?b=1', '/a?b=1'],
    ['/a?bounced=1', '/a'],
    ['/a?bounced=', '/a'],
    ['/a?bounced=1&b=1', '/a?b=1'],
    ['/a?b=1&bounced=1', '/a?b=1'],
    ['/a?b=1&bounced=1&c=1', '/a?b=1&c=1'],
    ['/a?bounced=1&bounced=1', '/a'],
    ['/a?bounced=1&bounced=2&b=1', '/a?b=1'],
    ['/a?boun%63ed=1', '/a'],
    ['/a?b=%2F+c&bounced&d', '/a?b=%2F+c&d'],
    ['/a?unbounced=1', '/a?unbounced=1'],
    ['/a?b=1?bounced=1', '/a?b=1?bounced=1'],
    ['/a?bouncedness=1', '/a?bouncedness=1'],
    ['/bounced=1', '/bounced=1'],
    ['/a?b=bounced=1', '/a?b=bounced=1'],
  ])('%s becomes %s', (path, expected) => {
    expect(pathWithoutMarker(path)).toBe(expected);
  });
});
