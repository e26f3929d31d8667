import { HttpRequest } from '@azure/functions';
import {
  changesNothing,
  isInsidePage,
  isNavigation,
  isOffice,
  isPrefetch,
  isStrangers,
} from '../../src/http/request-kind';
import { browserHeaders } from '../support/exchange-fixture';

const ours = 'https://app.contoso.com';
type Headers = Readonly<Record<string, string>>;
const request = (headers: Headers, method = 'GET') =>
  new HttpRequest({ method, url: `${ours}/reports`, headers });

const old = { accept: browserHeaders.accept };
const script = {
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
};

describe('isNavigation', () => {
  it.each<[string, Headers, boolean]>([
    ['a page that a person opens', browserHeaders, true],
    [
      'a navigation that a service worker passes on',
      { ...browserHeaders, 'sec-fetch-dest': 'empty' },
      true,
    ],
    ['a navigation that says nothing of what it accepts', { 'sec-fetch-mode': 'navigate' }, true],
    [
      'a script that fetches a page, as Turbo and Unpoly do',
      { ...script, accept: 'text/html, application/xhtml+xml' },
      false,
    ],
    ['jQuery’s load', { ...script, accept: 'text/html, */*; q=0.01' }, false],
    ['a script that fetches JSON', { ...script, accept: 'application/json' }, false],
    ['an image', { ...script, 'sec-fetch-mode': 'no-cors', accept: 'text/html' }, false],
    ['an old browser', old, true],
    [
      'a script in an old browser',
      { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' },
      false,
    ],
    ['an old web view of Android', { ...old, 'x-requested-with': 'com.contoso.app' }, true],
    ['a client that does not say', {}, false],
    ['curl', { accept: '*/*' }, false],
  ])('%s', (_name, headers, expected) => {
    expect(isNavigation(request(headers))).toBe(expected);
  });
});

describe('isInsidePage', () => {
  it.each<[string, Headers, boolean]>([
    ['a page that a person opens', browserHeaders, false],
    [
      'a navigation that a service worker passes on',
      { ...browserHeaders, 'sec-fetch-dest': 'empty' },
      false,
    ],
    ['an old browser', old, false],
    ['curl', { accept: '*/*' }, false],
    ['fetch of Node.js', { accept: '*/*', 'sec-fetch-mode': 'cors' }, false],
    ['a script', { ...script, accept: 'text/html' }, true],
    ['a script in an old browser', { ...old, 'x-requested-with': 'XMLHttpRequest' }, true],
    ...['iframe', 'frame', 'embed', 'object', 'fencedframe'].map(
      (dest): [string, Headers, boolean] => [
        dest,
        { ...browserHeaders, 'sec-fetch-dest': dest },
        true,
      ],
    ),
  ])('%s', (_name, headers, expected) => {
    expect(isInsidePage(request(headers))).toBe(expected);
  });
});

describe('isPrefetch', () => {
  it.each<[Headers, boolean]>([
    [{ 'sec-purpose': 'prefetch' }, true],
    [{ 'sec-purpose': 'prefetch;prerender' }, true],
    [{ 'sec-purpose': 'prefetch;anonymous-client-ip' }, true],
    [{ purpose: 'prefetch' }, true],
    [{ purpose: 'Prefetch' }, true],
    [{ 'x-purpose': 'preview' }, true],
    [{ 'x-moz': 'prefetch' }, true],
    [{ 'sec-purpose': 'prefetching' }, false],
    [{ purpose: 'report' }, false],
    [browserHeaders, false],
  ])('%j: %s', (headers, expected) => {
    expect(isPrefetch(request(headers))).toBe(expected);
  });
});

describe('isStrangers', () => {
  const site = (value: string, mode = 'cors', dest = 'empty') => ({
    'sec-fetch-site': value,
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest,
  });
  it.each<[string, Headers, boolean]>([
    ['our own script', site('same-origin'), false],
    ['something typed', site('none', 'navigate', 'document'), false],
    ['a script of a neighbour', site('same-site'), true],
    ['an image of another site', site('cross-site', 'no-cors', 'image'), true],
    ['a link on a neighbour', site('same-site', 'navigate', 'document'), false],
    ['a link on another site', site('cross-site', 'navigate', 'document'), false],
    ['a frame of a neighbour', site('same-site', 'navigate', 'iframe'), true],
    ['a frame of our own', site('same-origin', 'navigate', 'iframe'), false],
    ['a socket of a neighbour', site('same-site', 'websocket', 'empty'), true],
    ['a client that is no browser', {}, false],
    ['our own script in an old browser', { origin: ours }, false],
    ['a neighbour’s script in an old browser', { origin: 'https://other.contoso.com' }, true],
    [
      'our own script behind a proxy that changes the origin',
      { ...site('same-origin'), origin: 'http://localhost:5173' },
      false,
    ],
  ])('%s: %j is %s', (_name, headers, expected) => {
    expect(isStrangers(request(headers), ours)).toBe(expected);
  });
});

describe('isOffice', () => {
  it.each([
    'Microsoft Office Existence Discovery',
    'Microsoft Office Protocol Discovery',
    'Microsoft Office Word 2014 (16.0.4266) Windows NT 10.0',
    'Microsoft Office Excel 2014',
    'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.17328; Pro)',
    'Mozilla/4.0 (compatible; ms-office; MSOffice 16)',
    'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; ms-office)',
    'Word/16.0',
    'Excel/16.89',
    'PowerPoint/2.86',
    'Microsoft-WebDAV-MiniRedir/10.0.19045',
    'Microsoft OneNote/16.0',
    'OneNote/16.0',
  ])('knows %s', (agent) => {
    expect(isOffice(request({ 'user-agent': agent, accept: '*/*' }))).toBe(true);
  });

  it.each<[string, Headers]>([
    ['no agent', {}],
    [
      'a browser',
      {
        'user-agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0',
      },
    ],
    ['a page shown in Office', { ...browserHeaders, 'user-agent': 'Mozilla/5.0 ms-office' }],
    ['a word that only looks alike', { 'user-agent': 'Crossword/1.0 (comms-office-bot)' }],
    ['curl', { 'user-agent': 'curl/8.5.0' }],
  ])('does not take for it %s', (_name, headers) => {
    expect(isOffice(request(headers))).toBe(false);
  });
});

describe('changesNothing', () => {
  it.each([
    ['GET', true],
    ['HEAD', true],
    ['OPTIONS', true],
    ['POST', false],
    ['PUT', false],
    ['PATCH', false],
    ['DELETE', false],
  ])('%s: %s', (method, expected) => {
    expect(changesNothing(request({}, method))).toBe(expected);
  });
});
