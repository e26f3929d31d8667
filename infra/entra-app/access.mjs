import { isDeepStrictEqual } from 'node:util';

/** @import { Context } from './graph.mjs' */

/**
 * The application in this tenant: what people are assigned to. Without `isRequired` what is there stays: a second run opens no app.
 * @param {Context} context @param {string} appId @param {boolean} isRequired only people with an assignment may sign in
 * @returns {Promise<string>} its object id
 */
export async function ensureServicePrincipal({ graph, say }, appId, isRequired) {
  const path = `servicePrincipals(appId='${appId}')`;
  const doing = 'read the service principal (enterprise application)';
  const reading = { path: `${path}?$select=id,appRoleAssignmentRequired`, doing };
  const found = await graph.find(reading);
  if (found !== undefined && (found.appRoleAssignmentRequired || !isRequired)) {
    say('Service principal: already as wanted');
    if (!isRequired && found.appRoleAssignmentRequired)
      say('  Kept: only people with an assignment may sign in.');
    return found.id;
  }
  // https://learn.microsoft.com/graph/api/serviceprincipal-upsert
  const body = { appRoleAssignmentRequired: isRequired };
  const making = 'make or change the service principal (enterprise application)';
  const made = await graph.send({ method: 'PATCH', path, body, upsert: true, doing: making });
  say(
    `Service principal: ${found ? 'changed, only people with an assignment may sign in' : 'made'}`,
  );
  return (made ?? found ?? (await graph.send(reading))).id;
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
  const same = all.find(({ issuer, subject, audiences }) =>
    isDeepStrictEqual({ issuer, subject, audiences }, identity),
  );
  if (same !== undefined) return say(`Federated credential: already as wanted (${same.name})`);
  // https://learn.microsoft.com/graph/api/federatedidentitycredential-upsert
  await graph.send({
    method: 'PATCH',
    path: `${path}(name='appIdentity')`,
    body: { description: 'The managed identity of the app.', ...identity },
    upsert: true,
    doing: 'make the federated credential',
  });
  const isThere = all.some(({ name }) => name === 'appIdentity');
  say(`Federated credential: ${isThere ? 'changed to this identity' : 'made'}`);
}

/** Gives users and groups the app role admin. @param {Context} context @param {string} principalId @param {string} roleId @param {readonly string[]} admins */
export async function assignAdmins({ graph, say }, principalId, roleId, admins) {
  if (admins.length === 0) return;
  // https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
  const path = `servicePrincipals/${principalId}/appRoleAssignedTo`;
  const held = await graph.list({ path, doing: 'read who has the app role admin' });
  for (const admin of admins) {
    const has = held.some((one) => one.principalId === admin && one.appRoleId === roleId);
    const body = { principalId: admin, resourceId: principalId, appRoleId: roleId };
    const needs = 'the Entra role Cloud Application Administrator';
    const doing = `give the app role admin to ${admin}`;
    if (!has) await graph.send({ method: 'POST', path, body, doing, needs });
    say(`App role admin: ${has ? `${admin} has it already` : `given to ${admin}`}`);
  }
}

/**
 * Consents for everybody in the tenant to what the app asks for at sign-in, and to nothing else that somebody may have put into the
 * registration.
 * @param {Context} context @param {string} principalId object id of the service principal
 */
export async function ensureConsent({ graph, say }, principalId) {
  const [doing, needs] = ['consent for everybody', 'the Entra role Privileged Role Administrator'];
  const ofGraph = "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id";
  const { id: resourceId } = await graph.send({ path: ofGraph, doing });
  // https://learn.microsoft.com/graph/api/serviceprincipal-list-oauth2permissiongrants
  const path = `servicePrincipals/${principalId}/oauth2PermissionGrants`;
  const grants = await graph.list({ path, doing, needs });
  const held = grants.find(
    (grant) => grant.consentType === 'AllPrincipals' && grant.resourceId === resourceId,
  );
  const scopes = (held?.scope ?? '').split(' ').filter(Boolean);
  const wanted = ['openid', 'profile', 'offline_access', 'User.Read'];
  const scope = [...new Set([...scopes, ...wanted])].join(' ');
  if (scope === held?.scope) return say('Consent for everybody: given already');
  const body = { clientId: principalId, consentType: 'AllPrincipals', resourceId, scope };
  // https://learn.microsoft.com/graph/api/oauth2permissiongrant-post
  await (held === undefined
    ? graph.send({ method: 'POST', path: 'oauth2PermissionGrants', body, doing, needs })
    : graph.send({
        method: 'PATCH',
        path: `oauth2PermissionGrants/${held.id}`,
        body: { scope },
        doing,
        needs,
      }));
  say('Consent for everybody: given');
}
