import type { HttpRequest } from '@azure/functions';

/** The body's media type, lower case, without parameters; '' when there is none (RFC 9110 section 8.3.1). */
export function mediaTypeOf(request: HttpRequest): string {
  return request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}
