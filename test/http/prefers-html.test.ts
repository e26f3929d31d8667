import { prefersHtml } from '../../src/http/prefers-html';

describe('prefersHtml', () => {
  it.each([
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['html alone', 'text/html', true],
    ['any text', 'text/*', true],
    ['html above json', 'application/json;q=0.5, text/html', true],
    ['nothing said', null, false],
    ['anything', '*/*', false],
    ['json', 'application/json', false],
    ['json above html', 'text/html;q=0.4, application/json', false],
    ['html refused', 'text/html;q=0, */*', false],
    ['garbage', ';;;,,,', false],
    ['problem details', 'application/problem+json', false],
  ])('%s', (_name, accept, expected) => {
    expect(prefersHtml(accept)).toBe(expected);
  });
});
