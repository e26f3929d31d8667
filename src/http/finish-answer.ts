import type { Cookie, HttpResponseInit } from '@azure/functions';
import { securityHeaders } from './security-headers';

/** Adds security headers (a handler's own value wins) and the cookies gathered on the way. */
export function finishAnswer(
  answer: HttpResponseInit,
  isHttps: boolean,
  cookies: readonly Cookie[],
): HttpResponseInit {
  const headers = new Headers(answer.headers);
  const isHtml = headers.get('content-type')?.startsWith('text/html') === true;
  for (const [name, value] of Object.entries(securityHeaders({ isHtml, isHttps }))) {
    if (!headers.has(name)) headers.set(name, value);
  }
  return { ...answer, headers, cookies: [...(answer.cookies ?? []), ...cookies] };
}
