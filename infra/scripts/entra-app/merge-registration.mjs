import { isDeepStrictEqual } from 'node:util';

/** The delegated permission User.Read of Microsoft Graph. */
const graphAppId = '00000003-0000-0000-c000-000000000000';
const userRead = { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' };
const claims = ['login_hint', 'sid'];

/** @typedef {{ id: string, value: string, displayName: string, description: string, isEnabled: boolean }} AppRole */

/**
 * @typedef {object} Wanted
 * @property {string} url public origin of the app
 * @property {boolean} isLocal
 * @property {string | undefined} name what people see; undefined keeps what is there
 * @property {readonly AppRole[]} roles app roles that it needs, with ids for those that it does not have yet
 */

/**
 * The properties of the registration as they should be, in the shape that Graph takes. What others put there stays:
 * redirect URIs, roles, claims, permissions. The same registration by template: infra/modules/entra-app.bicep, which
 * replaces these lists.
 * @param {any} existing as Graph gave it; an empty object where there is none yet
 * @param {Wanted} wanted
 */
export function mergeRegistration(existing, { url, isLocal, name, roles }) {
  const web = existing.web ?? {};
  const own = [`${url}/auth/redirect`, `${url}/auth/signed-out`];
  const others = (web.redirectUris ?? []).filter((/** @type {string} */ uri) => !own.includes(uri));
  // Entra ID takes no notice of the port of localhost, and chooses any of those that differ only there:
  // https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
  const kept = others.filter((/** @type {string} */ uri) => !(isLocal && isOwnOnAnotherPort(uri)));
  const properties = {
    displayName:
      name ?? existing.displayName ?? (isLocal ? 'Anteroom (local development)' : 'Anteroom'),
    signInAudience: 'AzureADMyOrg',
    appRoles: mergeRoles(existing.appRoles ?? [], roles),
    optionalClaims: mergeClaims(existing.optionalClaims ?? {}),
    requiredResourceAccess: mergePermissions(existing.requiredResourceAccess ?? []),
    web: {
      homePageUrl: url,
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
      // Front-channel logout takes https only, so a local registration goes without.
      ...(isLocal ? {} : { logoutUrl: `${url}/auth/front-channel-logout` }),
      // Those that are there first: the order is theirs, and no reason for a change.
      redirectUris: [
        ...(web.redirectUris ?? []).filter(
          (/** @type {string} */ uri) => own.includes(uri) || kept.includes(uri),
        ),
        ...own.filter((uri) => !(web.redirectUris ?? []).includes(uri)),
      ],
    },
  };
  return { properties, keptUris: kept, changes: changesIn(existing, properties) };
}

/** Names of what differs, for people, with what Graph is to be sent. @param {any} existing @param {any} properties */
function changesIn(existing, properties) {
  /** @type {Record<string, unknown>} */
  const patch = {};
  const names = [];
  for (const [property, value] of Object.entries(properties)) {
    const differing = property === 'web' ? differencesIn(existing.web ?? {}, value) : [];
    const now =
      property === 'appRoles' ? withoutOrigin(existing.appRoles ?? []) : existing[property];
    if (property === 'web' ? differing.length === 0 : isDeepStrictEqual(now, value)) continue;
    patch[property] = value;
    names.push(...(property === 'web' ? differing.map((key) => `web.${key}`) : [property]));
  }
  return { patch, names };
}

/** @param {any} web @param {any} wanted */
function differencesIn(web, wanted) {
  return Object.keys(wanted).filter((key) => !isDeepStrictEqual(web[key], wanted[key]));
}

/** @param {string} uri */
function isOwnOnAnotherPort(uri) {
  return /^http:\/\/localhost(:\d+)?\/auth\/(redirect|signed-out)$/.test(uri);
}

/**
 * Another role stays: Graph removes none that is enabled. One that somebody called the same keeps its id, and with it
 * those who have it.
 * @param {readonly any[]} existing
 * @param {readonly AppRole[]} wanted
 */
function mergeRoles(existing, wanted) {
  const roles = withoutOrigin(existing);
  for (const role of wanted) {
    const own = findRole(roles, role);
    if (own === undefined) roles.push({ ...role, allowedMemberTypes: ['User'] });
    else {
      own.value = role.value;
      own.isEnabled = role.isEnabled;
      own.allowedMemberTypes = [...new Set([...own.allowedMemberTypes, 'User'])];
    }
  }
  return roles;
}

/** @param {readonly any[]} roles @param {Pick<AppRole, 'id' | 'value'>} role @returns {any} undefined where there is none */
export function findRole(roles, { id, value }) {
  return roles.find((role) => role.id === id) ?? roles.find((role) => role.value === value);
}

/** `origin` may not be sent back: https://learn.microsoft.com/graph/api/resources/approle. @param {readonly any[]} roles */
function withoutOrigin(roles) {
  return roles.map(({ origin, ...role }) => role);
}

/** @param {any} existing */
function mergeClaims(existing) {
  const idToken = existing.idToken ?? [];
  const missing = claims.filter(
    (name) => !idToken.some((/** @type {any} */ claim) => claim.name === name),
  );
  if (missing.length === 0) return existing;
  return {
    ...existing,
    idToken: [...idToken, ...missing.map((name) => ({ name, essential: false }))],
  };
}

/** @param {readonly any[]} existing */
function mergePermissions(existing) {
  const graph = existing.find(({ resourceAppId }) => resourceAppId === graphAppId);
  if (graph === undefined)
    return [...existing, { resourceAppId: graphAppId, resourceAccess: [userRead] }];
  if (graph.resourceAccess.some((/** @type {any} */ access) => access.id === userRead.id))
    return existing;
  return existing.map((entry) =>
    entry === graph ? { ...graph, resourceAccess: [...graph.resourceAccess, userRead] } : entry,
  );
}
