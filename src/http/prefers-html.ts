import Negotiator from 'negotiator';

/**
 * True when the `Accept` header prefers HTML to JSON, as a browser's navigation does. Clients that accept
 * anything, or say nothing, get JSON.
 * @see RFC 9110 section 12.5.1
 */
export function prefersHtml(accept: string | null): boolean {
  const negotiator = new Negotiator({ headers: { accept: accept ?? '*/*' } });
  return negotiator.mediaType(['application/json', 'text/html']) === 'text/html';
}
