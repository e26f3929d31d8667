/** @import { Graph } from './graph.mjs' */

/**
 * Gives users and groups the app role admin.
 * @param {Graph} graph
 * @param {string} principalId object id of the service principal
 * @param {string} roleId
 * @param {readonly string[]} admins
 * @param {(line: string) => void} say
 */
export function assignAdmins(graph, principalId, roleId, admins, say) {
  if (admins.length === 0) return;
  // https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
  const path = `servicePrincipals/${principalId}/appRoleAssignedTo`;
  const held = graph.list({ path, doing: 'read who has the app role admin' });
  for (const admin of admins) {
    if (held.some((one) => one.principalId === admin && one.appRoleId === roleId)) {
      say(`App role admin: ${admin} has it already`);
      continue;
    }
    // https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
    graph.send({
      method: 'POST',
      path,
      body: { principalId: admin, resourceId: principalId, appRoleId: roleId },
      doing: `give the app role admin to ${admin}`,
      needs: 'the Entra role Cloud Application Administrator',
      // No user or group has this id: waiting makes none.
      isNow: ({ message }) => message.includes(admin),
    });
    say(`App role admin: given to ${admin}`);
  }
}
