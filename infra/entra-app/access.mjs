import { isDeepStrictEqual } from 'node:util';
import { Stop } from '../../scripts/deploy/az.mjs';

/** @import { Context } from './graph.mjs' */

export const graphAppId = '00000003-0000-0000-c000-000000000000';

/**
 * The application in this tenant: what people are assigned to. One that is there stays as it is: a second run opens no app.
 * @param {Context} context @param {string} appId @returns {Promise<string>} its object id
 */
export async function ensureServicePrincipal({ graph, say }, appId) {
  const path = `servicePrincipals(appId='${appId}')`;
  const doing = 'read or make the service principal (enterprise application)';
  const reading = { path: `${path}?$select=id`, doing };
  const found = await graph.find(reading);
  // https://learn.microsoft.com/graph/api/serviceprincipal-upsert
  const body = { appRoleAssignmentRequired: false };
  if (!found) await graph.send({ method: 'PATCH', path, body, upsert: true, doing });
  say(`Service principal: ${found ? 'already as wanted' : 'made'}`);
  return (found ?? (await graph.send(reading))).id;
}

/**
 * The registration trusts tokens of the app's identity in place of a secret.
 * @param {Context} context @param {string} applicationId object id of the registration
 * @param {{ issuer: string, subject: string, audiences: readonly string[] }} identity
 */
export async function ensureFederatedCredential({ graph, say }, applicationId, identity) {
  const path = `applications/${applicationId}/federatedIdentityCredentials`;
  const all = await graph.list({ path, doing: 'read the federated credentials' });
  // Under any name: Entra ID refuses a second one for the same identity.
  const { audiences, ...own } = identity;
  const same = all.find((one) => isDeepStrictEqual({ ...one, ...own }, one));
  if (same && isDeepStrictEqual(same['audiences'], audiences))
    return say(`Federated credential: already as wanted (${same['name']})`);
  // https://learn.microsoft.com/graph/api/federatedidentitycredential-upsert
  const named = same?.['name'] ?? 'appIdentity';
  const body = { description: 'The managed identity of the app.', ...identity };
  const doing = 'make the federated credential';
  const sending = { method: 'PATCH', path: `${path}(name='${named}')`, body, upsert: true, doing };
  await graph.send(sending);
  const isThere = all.some(({ name }) => name === named);
  say(`Federated credential: ${isThere ? 'changed to this identity' : 'made'}`);
}

/** Gives users and groups the app role admin. @param {Context} context @param {string} principalId @param {string} roleId @param {readonly string[]} admins */
export async function assignAdmins({ graph, say }, principalId, roleId, admins) {
  if (admins.length === 0) return;
  // https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
  const path = `servicePrincipals/${principalId}/appRoleAssignedTo`;
  const held = await graph.list({ path, doing: 'read who has the app role admin' });
  for (const admin of new Set(admins.map((id) => id.toLowerCase()))) {
    const has = held.some((one) => one.principalId === admin && one.appRoleId === roleId);
    const body = { principalId: admin, resourceId: principalId, appRoleId: roleId };
    const needs = 'the Entra role Cloud Application Administrator';
    const doing = `give the app role admin to ${admin}`;
    if (!has) await graph.send({ method: 'POST', path, body, doing, needs });
    say(`App role admin: ${has ? `${admin} has it already` : `given to ${admin}`}`);
  }
}

/**
 * Consents for everybody in the tenant to what the app asks for at sign-in, and to nothing else that somebody put into the registration.
 * @param {Context} context @param {string} principalId object id of the service principal @param {string} scopes as GRAPH_SCOPES has them
 */
export async function ensureConsent({ graph, say }, principalId, scopes) {
  const [doing, needs] = ['consent for everybody', 'the Entra role Privileged Role Administrator'];
  // https://learn.microsoft.com/graph/api/serviceprincipal-list-oauth2permissiongrants
  const path = `servicePrincipals/${principalId}/oauth2PermissionGrants`;
  const grants = await graph.list({ path, doing, needs });
  const all = `openid profile offline_access ${scopes === 'none' ? '' : scopes}`.trim().split(/ +/);
  const apiOf = (/** @type {string} */ scope) => /^(.+)\//.exec(scope)?.[1] ?? graphAppId;
  for (const [api, asked] of Map.groupBy(all, apiOf)) {
    // By its id or one of its addresses: https://learn.microsoft.com/graph/api/serviceprincipal-list
    const name = api.replaceAll("'", "''");
    const filter = encodeURIComponent(`servicePrincipalNames/any(n:n eq '${name}')`);
    const reading = { path: `servicePrincipals?$filter=${filter}&$select=id`, doing, needs };
    const [resource] = await graph.list(reading);
    if (!resource) throw new Stop(`--scopes names ${api}, and the tenant has no such API.`);
    const everybody = { consentType: 'AllPrincipals', resourceId: resource['id'] };
    const held = grants.find((one) => isDeepStrictEqual({ ...one, ...everybody }, one));
    const names = asked.map((one) => one.replace(/^.*\//, ''));
    const scope = [...new Set([...(held?.['scope']?.match(/\S+/g) ?? []), ...names])].join(' ');
    // https://learn.microsoft.com/graph/api/oauth2permissiongrant-post
    const body = { ...(held ? {} : { ...everybody, clientId: principalId }), scope };
    const [method, end] = held ? ['PATCH', `/${held['id']}`] : ['POST', ''];
    const sending = { method, path: `oauth2PermissionGrants${end}`, body, doing, needs };
    const isHeld = scope === held?.['scope'];
    // Before the others: the next names may be of the same API.
    if (!isHeld) grants.unshift({ ...held, ...body, ...(await graph.send(sending)) });
    say(`Consent for everybody to ${names.join(' ')}: given${isHeld ? ' already' : ''}`);
  }
}
