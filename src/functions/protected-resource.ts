import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { json } from '../http/responses';
import { metadataPath } from '../sign-in/bearer-guard';

/**
 * GET .well-known/oauth-protected-resource: where a client gets tokens for this app, and with which scopes. The path behind
 * it names a part of the app: `/.well-known/oauth-protected-resource/api/mcp` is about `/api/mcp`. Clients compare `resource`
 * with the address that they called.
 *
 * The authorization server is the address under which its metadata stand, since clients look them up by it.
 * @see RFC 9728 sections 2 and 3.1
 * @throws ERR_NOT_FOUND when the app takes no bearer tokens
 */
function protectedResource(
  { path, services }: RequestContext,
  scopes: readonly string[],
): HttpResponseInit {
  const { baseUrl, apiAudience, authority } = services.settings;
  if (apiAudience === undefined) {
    throw new AppError('ERR_NOT_FOUND', { note: 'API_AUDIENCE is not set' });
  }
  const pathname = path.split('?')[0] ?? '';
  const above = `${services.site.routePrefix}${metadataPath}`.length;
  const resource = pathname.slice(above).replace(/\/$/, '');
  return json({
    resource: baseUrl + resource,
    authorization_servers: [authority],
    scopes_supported: scopes.map((scope) => `${apiAudience}/${scope}`),
    bearer_methods_supported: ['header'],
  });
}

/** @param scopes of the guards of this app, in the order in which they were made */
export const createProtectedResourceFunction = (scopes: ReadonlySet<string>): HttpFunction => ({
  name: 'protected-resource',
  route: `${metadataPath}/{*path}`,
  get: (context) => protectedResource(context, [...scopes]),
});
