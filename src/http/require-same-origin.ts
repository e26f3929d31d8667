import type { HttpRequest } from '@azure/functions';
import { AppError } from '../errors';
import { mediaTypeOf } from './media-type';

/**
 * Refuses a state-changing request that another site could have caused.
 *
 * `Sec-Fetch-Site` cannot be set by a page's script; where a browser does not send it, `Origin` must be ours
 * (with a referrer policy of `no-referrer` browsers send `Origin: null`, so our pages use `same-origin`).
 * Bodies that a plain form cannot send need `X-CSRF: 1`, which a cross-site script cannot add without asking.
 * @throws ERR_CROSS_SITE, ERR_MEDIA_TYPE or ERR_CSRF_HEADER
 * @see https://www.w3.org/TR/fetch-metadata/ and OWASP Cross-Site Request Forgery Prevention
 */
export function requireSameOrigin(request: HttpRequest, baseUrl: string): void {
  const site = request.headers.get('sec-fetch-site');
  const isOurs = site === null ? request.headers.get('origin') === baseUrl : site === 'same-origin';
  if (!isOurs) throw new AppError('ERR_CROSS_SITE');

  const mediaType = mediaTypeOf(request);
  if (mediaType === 'application/x-www-form-urlencoded') return;
  // The other two kinds that a form can send.
  if (mediaType === 'text/plain' || mediaType === 'multipart/form-data') {
    throw new AppError('ERR_MEDIA_TYPE');
  }
  if (request.headers.get('x-csrf') !== '1') throw new AppError('ERR_CSRF_HEADER');
}
