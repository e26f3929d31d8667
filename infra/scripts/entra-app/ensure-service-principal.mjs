/** @import { Graph } from './graph.mjs' */

/**
 * The application in this tenant: what people are assigned to.
 * @param {Graph} graph
 * @param {string} appId
 * @param {boolean} assignmentRequired false leaves what is there: a second run without the option opens no app
 * @param {(line: string) => void} say
 * @returns {string} its object id
 */
export function ensureServicePrincipal(graph, appId, assignmentRequired, say) {
  const path = `servicePrincipals(appId='${appId}')`;
  const doing = 'read the service principal (enterprise application)';
  // https://learn.microsoft.com/graph/api/serviceprincipal-get
  const form = { texts: ['id'] };
  const reading = { path: `${path}?$select=id,appRoleAssignmentRequired`, form, doing };
  const found = graph.find(reading);
  if (found !== undefined && (found.appRoleAssignmentRequired || !assignmentRequired)) {
    say('Service principal: already as wanted');
    if (found.appRoleAssignmentRequired && !assignmentRequired) {
      say('  Kept: only people with an assignment may sign in. To let everybody in the tenant in:');
      say(`  az ad sp update --id ${appId} --set appRoleAssignmentRequired=false`);
    }
    return found.id;
  }
  // https://learn.microsoft.com/graph/api/serviceprincipal-upsert
  const made = graph.send({
    method: 'PATCH',
    path,
    body: { appRoleAssignmentRequired: assignmentRequired },
    form,
    upsert: true,
    doing: `${found ? 'change' : 'make'} the service principal (enterprise application)`,
    needs:
      'the owner of the registration with the Entra role Application Developer, or a Cloud Application Administrator',
  });
  say(
    `Service principal: ${found ? 'changed, only people with an assignment may sign in' : 'made'}`,
  );
  return (made ?? found ?? graph.send(reading)).id;
}
