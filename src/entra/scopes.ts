import { AppError } from '../errors';
import { oidcScopes } from '../setting-values';

/**
 * Entra ID gives a token for one resource only, whatever was consented to, and refuses a token request that names scopes
 * of two with AADSTS28000. A scope is its resource, `/` and a name; a bare name belongs to Microsoft Graph.
 * https://learn.microsoft.com/entra/identity-platform/scopes-oidc
 */

/** Graph in each cloud, and by its application id. */
const graph =
  /^(https:\/\/(graph\.microsoft\.(com|us|de)|dod-graph\.microsoft\.us|microsoftgraph\.chinacloudapi\.cn)|00000003-0000-0000-c000-000000000000)$/;

/** Azure AD B2C takes the id of the app itself as a scope. */
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Lower case, without a slash at its end; `''` is Graph. */
function resourceOf(scope: string): string {
  const lower = scope.toLowerCase();
  if (guid.test(lower)) return lower;
  const resource = lower.slice(0, Math.max(lower.lastIndexOf('/'), 0)).replace(/\/+$/, '');
  return graph.test(resource) ? '' : resource;
}

/**
 * The scopes that a code is redeemed for, and that a token is for unless others are named: those of `GRAPH_SCOPES` that
 * belong to Graph, or, without any, to the resource of the first.
 * @param more what a step-up asked for: scopes of the same resource come at once, the others by a refresh
 */
export function scopesOfSignIn(
  graphScopes: readonly string[],
  more: readonly string[] = [],
): readonly string[] {
  const resources = new Set(graphScopes.map(resourceOf));
  const [first] = resources;
  const chosen = resources.has('') ? '' : first;
  const all = [...new Set([...graphScopes, ...more])];
  return all.filter((scope) => resourceOf(scope) === chosen);
}

/**
 * Refuses scopes that no single token can hold.
 * @throws ERR_INTERNAL: the caller must ask once for each resource
 */
export function requireOneResource(scopes: readonly string[]): void {
  const ofApis = scopes.filter((scope) => !oidcScopes.has(scope.toLowerCase()));
  const resources = [...new Set(ofApis.map(resourceOf))];
  if (resources.length < 2) return;
  const names = resources.map((resource) => (resource === '' ? 'Microsoft Graph' : resource));
  const note = `accessToken was asked for scopes of ${names.join(' and ')}: ask for each by itself, one token is for one resource`;
  throw new AppError('ERR_INTERNAL', { note });
}

/** Equal for sets of scopes that mean the same, whatever their order, case and the form of Graph's scopes. */
export function normalScopes(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes.map(normalScope))].filter((scope) => !oidcScopes.has(scope)).sort();
}

function normalScope(scope: string): string {
  const name = scope.slice(scope.lastIndexOf('/') + 1).toLowerCase();
  return resourceOf(scope) === '' ? name : scope.toLowerCase();
}
