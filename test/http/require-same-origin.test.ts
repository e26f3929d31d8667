import { HttpRequest } from '@azure/functions';
import { AppError } from '../../src/errors';
import { requireSameOrigin } from '../../src/http/require-same-origin';

const ours = 'https://app.contoso.com';
const form = { 'content-type': 'application/x-www-form-urlencoded' };

function outcome(headers: Record<string, string>): string {
  const request = new HttpRequest({ method: 'POST', url: `${ours}/auth/logout`, headers });
  try {
    requireSameOrigin(request, ours);
    return 'accepted';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe('requireSameOrigin', () => {
  it.each([
    ['our own form', { ...form, 'sec-fetch-site': 'same-origin' }, 'accepted'],
    [
      'our own form with charset',
      {
        'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8',
        'sec-fetch-site': 'same-origin',
      },
      'accepted',
    ],
    ['an older browser, our Origin', { ...form, origin: ours }, 'accepted'],
    [
      'our own fetch',
      { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', 'x-csrf': '1' },
      'accepted',
    ],
    ['our own fetch without body', { 'sec-fetch-site': 'same-origin', 'x-csrf': '1' }, 'accepted'],
    [
      'another site',
      { ...form, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      'ERR_CROSS_SITE',
    ],
    ['a sibling subdomain', { ...form, 'sec-fetch-site': 'same-site' }, 'ERR_CROSS_SITE'],
    ['no site, as typed by a user', { ...form, 'sec-fetch-site': 'none' }, 'ERR_CROSS_SITE'],
    [
      'cross-site with our Origin forged',
      { ...form, 'sec-fetch-site': 'cross-site', origin: ours },
      'ERR_CROSS_SITE',
    ],
    [
      'an older browser, another Origin',
      { ...form, origin: 'https://evil.example' },
      'ERR_CROSS_SITE',
    ],
    ['Origin null', { ...form, origin: 'null' }, 'ERR_CROSS_SITE'],
    ['our host on http', { ...form, origin: 'http://app.contoso.com' }, 'ERR_CROSS_SITE'],
    ['our host on another port', { ...form, origin: `${ours}:8443` }, 'ERR_CROSS_SITE'],
    ['neither header', form, 'ERR_CROSS_SITE'],
    [
      'text/plain',
      { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin', 'x-csrf': '1' },
      'ERR_MEDIA_TYPE',
    ],
    [
      'multipart',
      {
        'content-type': 'multipart/form-data; boundary=x',
        'sec-fetch-site': 'same-origin',
        'x-csrf': '1',
      },
      'ERR_MEDIA_TYPE',
    ],
    [
      'json without X-CSRF',
      { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      'ERR_CSRF_HEADER',
    ],
    [
      'json with another X-CSRF',
      { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', 'x-csrf': '0' },
      'ERR_CSRF_HEADER',
    ],
    ['no body, no X-CSRF', { 'sec-fetch-site': 'same-origin' }, 'ERR_CSRF_HEADER'],
  ])('%s', (_name, headers: Record<string, string>, expected) => {
    expect(outcome(headers)).toBe(expected);
  });
});
