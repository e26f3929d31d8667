import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

/** @import { Context, Json } from './graph.mjs' */
/** @typedef {{ id: string, value: string, displayName: string, description: string, isEnabled: boolean, allowedMemberTypes: readonly string[] }} AppRole */

/**
 * What the registration is to be. `name` is what people see; undefined keeps what is there. `roles` are those of infra/app-roles.json, `scopes`
 * those of infra/exposed-scopes.json. `signInAudience`: whose accounts may sign in; undefined keeps what is there. `appIdUri`: undefined is api:// and the client id, where there are scopes.
 * @typedef {{ url: string, isLocal: boolean, uniqueName: string, name: string | undefined, roles: readonly Partial<AppRole>[], scopes: readonly Json[], appIdUri: string | undefined, signInAudience: string | undefined, groupClaims: string | undefined }} Wanted
 */

const select =
  '$select=id,appId,displayName,uniqueName,signInAudience,api,identifierUris,appRoles,groupMembershipClaims,optionalClaims,requiredResourceAccess,web,passwordCredentials';
const graphAppId = '00000003-0000-0000-c000-000000000000';
const userRead = { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' };

/**
 * Makes the registration, or changes what is not as wanted. What others put there stays: redirect URIs, roles, claims, permissions.
 * The same registration by template: infra/modules/entra-app.bicep.
 * @param {Context} context @param {Wanted} wanted
 * @returns {Promise<{ id: string, appId: string, roleId: string, audience: string, secrets: readonly Json[] }>} `roleId` of the app role
 *   admin; `audience`: the App ID URI, empty where the app exposes nothing
 */
export async function ensureRegistration(context, wanted) {
  const { graph, say } = context;
  const path = `applications(uniqueName='${wanted.uniqueName}')`;
  const doing = `read, make or change the registration ${wanted.uniqueName}`;
  const reading = { path: `${path}?${select}`, doing };
  const found = await graph.find(reading);
  const properties = merged(found ?? {}, wanted);
  if (found !== undefined) {
    await change(context, found, properties, doing);
    sayOthers(context, properties, wanted.url);
  }
  // https://learn.microsoft.com/graph/api/application-upsert
  const needs = 'the Entra role Application Developer';
  const making = /** @type {const} */ ({ method: 'PATCH', path, upsert: true, doing, needs });
  const made = found ?? (await graph.send({ ...making, body: properties }));
  // Nothing comes back where it was there after all, from a run a moment ago.
  const { id, appId, passwordCredentials } = made ?? (await graph.send(reading));
  if (found === undefined) say(`Registration: made, ${properties.displayName}`);
  const roleId = find(properties.appRoles, { value: 'admin' })?.id;
  const audience = await ensureApi(context, { ...found, id, appId }, wanted, doing);
  return { id, appId, roleId, audience, secrets: passwordCredentials ?? [] };
}

/**
 * What other apps may ask of this one. Second, since the App ID URI has the client id in it. The same by template: infra/modules/entra-api.bicep.
 * @param {Context} context @param {Json} existing @param {Wanted} wanted @param {string} doing
 */
async function ensureApi({ graph, say }, existing, { uniqueName, scopes, appIdUri }, doing) {
  if (scopes.length === 0 && appIdUri === undefined) return '';
  const audience = appIdUri ?? `api://${existing.appId}`;
  /** @type {Json[]} */
  const held = existing.api?.oauth2PermissionScopes ?? [];
  const all = scopes.map(({ value, displayName = value, description = value, ...scope }) => ({
    id: find(held, { value })?.id ?? armGuid(uniqueName, 'scope', value),
    value,
    type: scope.adminsOnly ? 'Admin' : 'User',
    adminConsentDisplayName: displayName,
    adminConsentDescription: description,
    userConsentDisplayName: displayName,
    userConsentDescription: description,
    isEnabled: scope.isEnabled ?? true,
  }));
  const kept = held.map((one) => find(all, { id: one.id, value: one.value }) ?? one);
  const oauth2PermissionScopes = [...kept, ...all.filter((scope) => !kept.includes(scope))];
  const body = {
    identifierUris: [...new Set([...(existing.identifierUris ?? []), audience])],
    api: { ...existing.api, requestedAccessTokenVersion: 2, oauth2PermissionScopes },
  };
  const { identifierUris = [], api = {} } = existing;
  if (!isDeepStrictEqual({ identifierUris, api }, body)) {
    await graph.send({ method: 'PATCH', path: `applications/${existing.id}`, body, doing });
    say(`Scopes for other apps: changed (${audience})`);
  } else say(`Scopes for other apps: already as wanted (${audience})`);
  return audience;
}

/** https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation */
const withPersonal = 'AzureADandPersonalMicrosoftAccount';
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

/**
 * Whose accounts may sign in, as the template has it. `tenant` and `allowed` are for the settings.
 * @param {string | undefined} list of --allowed-tenants @param {string} own
 */
export function signInOf(list, own) {
  if (list === undefined) return { signInAudience: undefined, tenant: own, allowed: '' };
  const tenants = list.toLowerCase().split(/[\s,]+/);
  if (tenants.includes('own')) return { signInAudience: 'AzureADMyOrg', tenant: own, allowed: '' };
  const hasPersonal = tenants.includes(personalTenant);
  return {
    signInAudience: hasPersonal ? withPersonal : 'AzureADMultipleOrgs',
    tenant: hasPersonal ? 'common' : 'organizations',
    allowed: tenants.includes('*') ? '*' : tenants.join(' '),
  };
}

/** @param {Json} existing @param {Wanted} wanted */
function merged(existing, { url, isLocal, name, uniqueName, roles, signInAudience, groupClaims }) {
  const own = [`${url}/auth/redirect`, `${url}/auth/signed-out`];
  // Entra ID takes no notice of the port of localhost, and chooses any of those that differ only there:
  // https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
  const sameButPort = /^http:\/\/localhost(:\d+)?\/auth\/(redirect|signed-out)$/;
  /** @type {string[]} */
  const held = existing.web?.redirectUris ?? [];
  const kept = held.filter((uri) => own.includes(uri) || !(isLocal && sameButPort.test(uri)));
  const usualName = isLocal ? 'Anteroom (local development)' : 'Anteroom';
  return {
    displayName: name ?? existing.displayName ?? usualName,
    signInAudience: signInAudience ?? existing.signInAudience ?? 'AzureADMyOrg',
    // Entra ID lets personal accounts in only where tokens for the app itself are of version 2.
    ...(signInAudience === withPersonal
      ? { api: { ...existing.api, requestedAccessTokenVersion: 2 } }
      : {}),
    appRoles: mergedRoles(existing.appRoles ?? [], rolesFor(uniqueName, roles)),
    ...(groupClaims === undefined ? {} : { groupMembershipClaims: groupClaims }),
    optionalClaims: mergedClaims(existing.optionalClaims ?? {}),
    requiredResourceAccess: mergedPermissions(existing.requiredResourceAccess ?? []),
    web: {
      homePageUrl: url,
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
      // Front-channel logout takes https only.
      ...(isLocal ? {} : { logoutUrl: `${url}/auth/front-channel-logout` }),
      redirectUris: [...kept, ...own.filter((uri) => !held.includes(uri))],
    },
  };
}

/** The role of the console, then those of a team, as the template has them. @param {string} uniqueName @param {Wanted['roles']} team */
function rolesFor(uniqueName, team) {
  const description = 'Sees who is signed in and can end sessions.';
  const admin = { value: 'admin', displayName: 'Administrator', description };
  return [admin, ...team].map(({ value = '', ...role }) => ({
    id: armGuid(uniqueName, value),
    value,
    displayName: value,
    description: value,
    allowedMemberTypes: ['User'],
    isEnabled: true,
    ...role,
  }));
}

/**
 * What the template function `guid` gives, so that script and template give a role the same id: a version 5 UUID (RFC 9562 section 5.5)
 * in the namespace of Azure Resource Manager. @param {...string} parts
 */
function armGuid(...parts) {
  const namespace = Buffer.from('11fb06fb712d4ddd98c7e71bbd588830', 'hex');
  const name = Buffer.concat([namespace, Buffer.from(parts.join('-'))]);
  const bytes = createHash('sha1').update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** One that somebody called the same keeps its id, and with it those who have it. @param {readonly Json[]} existing @param {readonly AppRole[]} wanted */
function mergedRoles(existing, wanted) {
  /** @type {Json[]} */
  const roles = existing.map(withoutOrigin);
  for (const role of wanted) {
    const own = find(roles, role);
    if (own === undefined) roles.push(role);
    else {
      const { allowedMemberTypes: wantedTypes } = role;
      const allowedMemberTypes = [...new Set([...own.allowedMemberTypes, ...wantedTypes])];
      Object.assign(own, { value: role.value, isEnabled: role.isEnabled, allowedMemberTypes });
    }
  }
  return roles;
}

/** It may not be sent back: https://learn.microsoft.com/graph/api/resources/approle. @param {Json} role */
function withoutOrigin({ origin, ...role }) {
  return role;
}

/** By its id, else by what it is called. @param {readonly Json[]} roles @param {{ id?: string, value: string }} role */
function find(roles, { id, value }) {
  return roles.find((role) => role.id === id) ?? roles.find((role) => role.value === value);
}

const optionalClaims = {
  idToken: ['auth_time', 'login_hint', 'sid'],
  accessToken: ['idtyp', 'auth_time'],
};

/** @param {Json} existing */
function mergedClaims(existing) {
  const all = { ...existing };
  for (const [token, names] of Object.entries(optionalClaims)) {
    /** @type {Json[]} */
    const held = existing[token] ?? [];
    const missing = names.filter((name) => !held.some((claim) => claim.name === name));
    all[token] = [...held, ...missing.map((name) => ({ name, essential: false }))];
  }
  return all;
}

/** @param {readonly Json[]} existing */
function mergedPermissions(existing) {
  const graph = existing.find(({ resourceAppId }) => resourceAppId === graphAppId);
  const held = graph?.resourceAccess ?? [];
  if (held.some((/** @type {Json} */ { id }) => id === userRead.id)) return existing;
  const more = { ...graph, resourceAppId: graphAppId, resourceAccess: [...held, userRead] };
  return graph ? existing.map((api) => (api === graph ? more : api)) : [...existing, more];
}

/** Sends what differs, and says its names. @param {Context} context @param {Json} found @param {Json} properties @param {string} doing */
async function change({ graph, say }, found, properties, doing) {
  /** @type {Json} */
  const held = { ...found, appRoles: (found.appRoles ?? []).map(withoutOrigin) };
  const differs = (/** @type {Json} */ one, /** @type {Json} */ other) =>
    Object.keys(other).filter((key) => !isDeepStrictEqual(one[key], other[key]));
  const web = differs(found.web ?? {}, properties.web);
  const keys = differs(held, properties).filter((key) => key !== 'web' || web.length > 0);
  const names = keys.flatMap((key) => (key === 'web' ? web.map((one) => `web.${one}`) : [key]));
  const body = Object.fromEntries(keys.map((key) => [key, properties[key]]));
  // https://learn.microsoft.com/graph/api/application-update
  const path = `applications/${found.id}`;
  if (keys.length > 0) await graph.send({ method: 'PATCH', path, body, doing });
  const said = names.length === 0 ? 'already as wanted' : `changed ${names.join(', ')}`;
  say(`Registration: ${said} (${properties.displayName})`);
}

/** What of others is still there. @param {Context} context @param {Json} properties @param {string} url */
function sayOthers({ say }, { web, requiredResourceAccess }, url) {
  const others = web.redirectUris.filter((/** @type {string} */ uri) => !uri.startsWith(`${url}/`));
  if (others.length > 0) say(`  Kept redirect URIs that are not of this app: ${others.join(' ')}`);
  if (!JSON.stringify(requiredResourceAccess).includes('"type":"Role"')) return;
  say(
    '  Take care: it asks for application permissions, and the identity of the app has them too.',
  );
  say('  Anteroom needs none: remove them at portal.azure.com, API permissions.');
}
