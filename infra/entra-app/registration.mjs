import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Stop } from '../../scripts/deploy/az.mjs';
import { graphAppId } from './access.mjs';

/** @import { Context, Json } from './graph.mjs' */

/**
 * What the registration is to be; undefined keeps what is there. `name` is what people see. `roles` and `scopes` are those of app-roles.json and
 * exposed-scopes.json. `signInAudience`: whose accounts may sign in. `appIdUri`: undefined is api:// and the client id, where there are scopes.
 * `settings`: of local.settings.json.
 * @typedef {{ url: string, isLocal: boolean, uniqueName: string, name: string | undefined, roles: readonly Json[], scopes: readonly Json[], appIdUri: string | undefined, signInAudience: string | undefined, settings: Json }} Wanted
 */

const select =
  '$select=id,appId,displayName,uniqueName,signInAudience,api,identifierUris,appRoles,optionalClaims,requiredResourceAccess,web,passwordCredentials';
const userRead = { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' };

/**
 * Makes the registration, or changes what is not as wanted. What others put there stays: redirect URIs, roles, claims, permissions.
 * @param {Context} context @param {Wanted} wanted
 * @returns {Promise<{ id: string, appId: string, roleId: string, audience: string, secrets: readonly Json[], held: Json }>} `roleId` of the
 *   app role admin; `audience`: the App ID URI, empty where the app exposes nothing; `held`: the settings, where they are of this registration
 */
export async function ensureRegistration(context, wanted) {
  const { graph, say } = context;
  const { uniqueName, name, isLocal, appIdUri, scopes } = wanted;
  const path = `applications(uniqueName='${uniqueName}')`;
  const doing = `read, make or change the registration ${uniqueName}`;
  const reading = { path: `${path}?${select}`, doing };
  const found = await graph.find(reading);
  // https://learn.microsoft.com/graph/api/application-upsert. All else is second, since the App ID URI has the client id in it.
  const displayName = name ?? (isLocal ? 'Anteroom (local development)' : 'Anteroom');
  const body = { displayName, signInAudience: 'AzureADMyOrg' };
  const made = found ?? (await graph.send({ method: 'PATCH', path, body, upsert: true, doing }));
  // Nothing comes back where it was there after all, from a run a moment ago.
  const existing = withoutOrigin(made ?? (await graph.send(reading)));
  const { id, appId, passwordCredentials } = existing;
  const held = wanted.settings['ENTRA_CLIENT_ID'] === appId ? wanted.settings : {};
  const audience =
    appIdUri ?? (held['API_AUDIENCE'] || (scopes.length > 0 ? `api://${appId}` : ''));
  const properties = merged(existing, wanted, audience);
  refuseTwins({ ...existing, ...properties });
  const changed = await change(context, existing, properties, doing);
  say(`Registration: ${found ? changed : 'made'} (${properties.displayName})`);
  sayOthers(context, properties, wanted.url);
  const { id: roleId } = properties.appRoles.find(({ value }) => value === 'admin') ?? {};
  return { id, appId, roleId, audience, secrets: passwordCredentials ?? [], held };
}

/** https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation */
const withPersonal = 'AzureADandPersonalMicrosoftAccount';
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

/**
 * Whose accounts may sign in, as the template has it. `tenant` and `allowed` are for the settings.
 * @param {string | undefined} list of --allowed-tenants @param {string} own
 */
export function signInOf(list, own) {
  const tenants = list?.toLowerCase().split(/[\s,]+/) ?? ['own'];
  const allowed = tenants.includes('*') ? '*' : tenants.join(' ');
  if (allowed === 'own')
    return { signInAudience: list && 'AzureADMyOrg', tenant: own, allowed: '' };
  return tenants.includes(personalTenant)
    ? { signInAudience: withPersonal, tenant: 'common', allowed }
    : { signInAudience: 'AzureADMultipleOrgs', tenant: 'organizations', allowed };
}

/**
 * What is to be there. The same by template: infra/modules/entra-app.bicep and entra-api.bicep.
 * @param {Json} existing @param {Wanted} wanted @param {string} audience
 */
function merged(existing, { url, isLocal, name, uniqueName, roles, scopes, ...rest }, audience) {
  const own = [`${url}/auth/redirect`, `${url}/auth/signed-out`];
  // Entra ID takes no notice of the port of localhost, and chooses any of those that differ only there:
  // https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
  const sameButPort = /^http:\/\/localhost(:\d+)?\/auth\/(redirect|signed-out)$/;
  const { optionalClaims, identifierUris = [] } = existing;
  const held = /** @type {string[]} */ (existing.web?.redirectUris ?? []);
  const kept = held.filter((uri) => own.includes(uri) || !(isLocal && sameButPort.test(uri)));
  const api = { ...existing.api, requestedAccessTokenVersion: 2 };
  const oauth2PermissionScopes = mergedScopes(api.oauth2PermissionScopes, uniqueName, scopes);
  return {
    displayName: name ?? existing.displayName,
    signInAudience: rest.signInAudience ?? existing.signInAudience,
    // Entra ID lets personal accounts in only where tokens for the app itself are of version 2.
    ...(rest.signInAudience === withPersonal && { api }),
    ...(audience && {
      identifierUris: [...new Set([...identifierUris, audience])],
      api: { ...api, oauth2PermissionScopes },
    }),
    appRoles: mergedRoles(existing.appRoles, uniqueName, roles),
    optionalClaims: {
      ...optionalClaims,
      idToken: mergedClaims(optionalClaims?.idToken, ['auth_time', 'login_hint', 'sid']),
      accessToken: mergedClaims(optionalClaims?.accessToken, ['idtyp', 'auth_time']),
    },
    requiredResourceAccess: mergedPermissions(existing.requiredResourceAccess),
    web: {
      homePageUrl: url,
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
      // Front-channel logout takes https only.
      ...(isLocal ? {} : { logoutUrl: `${url}/auth/front-channel-logout` }),
      redirectUris: [...kept, ...own.filter((uri) => !held.includes(uri))],
    },
  };
}

/** Scopes that other apps may ask for. @param {readonly Json[] | undefined} held @param {string} uniqueName @param {readonly Json[]} scopes */
function mergedScopes(held, uniqueName, scopes) {
  const all = scopes.map(({ value, displayName = value, description = value, ...scope }) => ({
    ...{ id: armGuid(uniqueName, 'scope', value), value, isEnabled: scope.isEnabled ?? true },
    type: scope.adminsOnly ? 'Admin' : 'User',
    ...{ adminConsentDisplayName: displayName, adminConsentDescription: description },
    ...{ userConsentDisplayName: displayName, userConsentDescription: description },
  }));
  return mergedValues(held, all, ({ id }, scope) => ({ ...scope, id }));
}

/** The role of the console and those of a team, as the template has them; a text that the list lacks stays. @param {readonly Json[] | undefined} held @param {string} uniqueName @param {readonly Json[]} team */
function mergedRoles(held, uniqueName, team) {
  const description = 'Sees who is signed in and can end sessions.';
  const admin = { value: 'admin', displayName: 'Administrator', description };
  const all = [admin, ...team].map(({ value, ...role }) => ({
    ...{ id: armGuid(uniqueName, value), value, displayName: value, description: value },
    ...{ allowedMemberTypes: ['User'], isEnabled: true, ...role },
  }));
  return mergedValues(held, all, (own, { value, isEnabled, ...role }) => {
    const types = new Set([...own.allowedMemberTypes, ...role.allowedMemberTypes]);
    const texts = team.find((one) => one.value === value);
    return { ...own, ...texts, value, isEnabled, allowedMemberTypes: [...types] };
  });
}

/**
 * What is there, changed where it is wanted, and what is missing. A role or scope of the same value keeps its id, and with it those who have it.
 * @param {readonly Json[] | undefined} held @param {readonly Json[]} wanted @param {(own: Json, one: Json) => Json} change
 */
function mergedValues(held = [], wanted, change) {
  const all = [...held];
  for (const one of wanted) {
    const own = all.find((a) => a.value === one.value) ?? all.find((a) => a.id === one.id);
    if (own === undefined) all.push(one);
    else all[all.indexOf(own)] = change(own, one);
  }
  return all;
}

/**
 * Entra ID takes no two that differ in case only, and a role and a scope of one value only where all else is the same, too:
 * https://github.com/MicrosoftDocs/azure-docs/issues/81899 @param {Json} registration
 */
function refuseTwins({ appRoles, api }) {
  const all = [...appRoles, ...(api?.oauth2PermissionScopes ?? [])].filter(({ value }) => value);
  const byValue = Map.groupBy(all, ({ value }) => value.toLowerCase());
  const twins = [...byValue.values()].find((some) => some.some(({ id }) => id !== some[0].id));
  if (twins === undefined) return;
  const names = twins.map(({ value }) => value).join(' and ');
  throw new Stop(
    `the registration has one of ${names}, and would get the other. Entra ID takes one of them, for a role or for a scope. Use the name that is there, in code and in infra/app-roles.json or infra/exposed-scopes.json; or disable it and then remove it: portal.azure.com, App registrations.`,
  );
}

/**
 * What the template function `guid` gives, so that script and template give a role the same id: a version 5 UUID (RFC 9562 section 5.5)
 * in the namespace of Azure Resource Manager. @param {...string} parts
 */
function armGuid(...parts) {
  const namespace = '11fb06fb712d4ddd98c7e71bbd588830';
  const hash = createHash('sha1').update(namespace, 'hex').update(parts.join('-')).digest('hex');
  const variant = ((parseInt(hash.charAt(16), 16) & 3) | 8).toString(16);
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, `$1-$2-5$3-${variant}$4-$5`);
}

/** @param {readonly Json[] | undefined} held @param {readonly string[]} names */
function mergedClaims(held = [], names) {
  const missing = names.filter((name) => !held.some((claim) => claim.name === name));
  return [...held, ...missing.map((name) => ({ name, essential: false }))];
}

/** @param {readonly Json[] | undefined} held */
function mergedPermissions(held = []) {
  const graph = held.find(({ resourceAppId }) => resourceAppId === graphAppId);
  const permissions = /** @type {Json[]} */ (graph?.['resourceAccess'] ?? []);
  if (permissions.some(({ id }) => id === userRead.id)) return held;
  const more = { resourceAppId: graphAppId, resourceAccess: [...permissions, userRead] };
  return [...held.filter((api) => api !== graph), more];
}

/** The origin of a role may not be sent back: https://learn.microsoft.com/graph/api/resources/approle. @param {Json} found @returns {Json} */
function withoutOrigin({ appRoles = [], ...found }) {
  return { ...found, appRoles: appRoles.map((/** @type {Json} */ { origin, ...role }) => role) };
}

/** Sends what differs, and gives its names. @param {Context} context @param {Json} held @param {Json} properties @param {string} doing */
async function change({ graph }, held, properties, doing) {
  const differs = (/** @type {Json} */ one, /** @type {Json} */ other) =>
    Object.keys(other).filter((key) => !isDeepStrictEqual(one[key], other[key]));
  const web = differs(held.web ?? {}, properties.web);
  const keys = differs(held, properties).filter((key) => key !== 'web' || web.length > 0);
  const names = keys.flatMap((key) => (key === 'web' ? web.map((one) => `web.${one}`) : [key]));
  if (keys.length === 0) return 'already as wanted';
  const body = Object.fromEntries(keys.map((key) => [key, properties[key]]));
  // https://learn.microsoft.com/graph/api/application-update
  await graph.send({ method: 'PATCH', path: `applications/${held.id}`, body, doing });
  return `changed ${names.join(', ')}`;
}

/** What of others is still there. @param {Context} context @param {Json} properties @param {string} url */
function sayOthers({ say }, { web, requiredResourceAccess }, url) {
  const others = web.redirectUris.filter((/** @type {string} */ uri) => !uri.startsWith(`${url}/`));
  if (others.length > 0) say(`  Kept redirect URIs that are not of this app: ${others.join(' ')}`);
  if (!JSON.stringify(requiredResourceAccess).includes('"type":"Role"')) return;
  say('  Take care: it asks for application permissions. The identity of the app can use them.');
  say('  callApi needs them only with asApp. Remove the rest: portal.azure.com, API permissions.');
}
