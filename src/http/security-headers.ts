import { createHash } from 'node:crypto';
import { stylesheet } from '../pages/stylesheet';

const styleHash = createHash('sha256').update(stylesheet).digest('base64');

const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const otherPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/** Headers of every answer: nothing is stored by caches, framed, sniffed or given to other sites. */
export function securityHeaders(options: {
  readonly isHtml: boolean;
  readonly isHttps: boolean;
}): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': options.isHtml ? pagePolicy : otherPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    ...(options.isHttps ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  };
}
