import { createHash } from 'node:crypto';
import { stylesheet } from '../pages/stylesheet';

const styleHash = createHash('sha256').update(stylesheet).digest('base64');

const pageRules = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
];
const pagePolicy = pageRules.join('; ');

/** Of the page that goes on to another address of this app, the only one with a script. */
export const continuePagePolicy = [...pageRules, "script-src 'self'"].join('; ');

const otherPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/** Our pages use none of these; a page of a team's own that does sets the header itself. */
const permissionsPolicy =
  'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()';

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
    ...(options.isHtml ? { 'Permissions-Policy': permissionsPolicy } : {}),
    ...(options.isHttps ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  };
}
