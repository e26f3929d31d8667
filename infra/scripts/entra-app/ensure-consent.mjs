/** @import { Graph } from './graph.mjs' */

const scopes = ['openid', 'profile', 'offline_access', 'User.Read'];

/**
 * Consents for everybody in the tenant to what the app asks for at sign-in, and to nothing else that somebody may
 * have put into the registration. The same as infra/modules/entra-app.bicep.
 * @param {Graph} graph
 * @param {string} principalId object id of the service principal
 * @param {(line: string) => void} say
 */
export function ensureConsent(graph, principalId, say) {
  const needs = 'the Entra role Privileged Role Administrator';
  const resource = graph.send({
    path: "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id",
    form: { texts: ['id'] },
    doing: 'read the service principal of Microsoft Graph',
  });
  // https://learn.microsoft.com/graph/api/oauth2permissiongrant-list
  const grants = graph.list({
    path: `oauth2PermissionGrants?$filter=clientId%20eq%20'${principalId}'`,
    form: { texts: ['id'] },
    doing: 'read what is consented to',
    needs,
  });
  const held = grants.find(
    ({ consentType, resourceId }) => consentType === 'AllPrincipals' && resourceId === resource.id,
  );
  const heldScopes = (held?.scope ?? '').split(' ').filter(Boolean);
  const scope = [...new Set([...heldScopes, ...scopes])].join(' ');
  if (heldScopes.length > 0 && scope === heldScopes.join(' ')) {
    say('Consent for everybody: given already');
    return;
  }
  const doing = 'consent for everybody';
  if (held === undefined) {
    // https://learn.microsoft.com/graph/api/oauth2permissiongrant-post
    const body = {
      clientId: principalId,
      consentType: 'AllPrincipals',
      resourceId: resource.id,
      scope,
    };
    graph.send({ method: 'POST', path: 'oauth2PermissionGrants', body, doing, needs });
  } else {
    // https://learn.microsoft.com/graph/api/oauth2permissiongrant-update
    graph.send({
      method: 'PATCH',
      path: `oauth2PermissionGrants/${held.id}`,
      body: { scope },
      doing,
      needs,
    });
  }
  say('Consent for everybody: given');
}
