import { Stop } from './stop.mjs';

/** @import { Graph } from './graph.mjs' */

/**
 * Deletes a registration for good: one that is only deleted holds its unique name for thirty days, and a new one with
 * that name could not be made. Finishes what somebody began by hand.
 * @param {Graph} graph
 * @param {string} appId
 * @param {(line: string) => void} say
 * @throws {Stop} there is no such registration, or the person may not do that
 */
export function deleteRegistration(graph, appId, say) {
  // https://learn.microsoft.com/graph/api/application-get
  const path = `applications(appId='${appId}')?$select=id,displayName`;
  const found = graph.find({ path, doing: `read the registration ${appId}` });
  if (found !== undefined) {
    say(`Deleting ${found.displayName} (${appId})`);
    // https://learn.microsoft.com/graph/api/application-delete
    graph.send({
      method: 'DELETE',
      path: `applications/${found.id}`,
      doing: `delete the registration ${appId}`,
      needs: 'an owner of this registration or a Cloud Application Administrator',
    });
  }
  const id = found?.id ?? deletedId(graph, appId);
  if (id === undefined)
    throw new Stop(`there is no registration ${appId} in this tenant, nor a deleted one`);
  // https://learn.microsoft.com/graph/api/directory-deleteditems-delete. Owners may not.
  graph.send({
    method: 'DELETE',
    path: `directory/deletedItems/${id}`,
    doing: `remove ${appId} for good. It is deleted: nobody can sign in with it, but for thirty days it can be restored, and its unique name is taken`,
    needs: 'the Entra role Cloud Application Administrator or Application Administrator',
  });
  say('Deleted for good.');
}

/** @param {Graph} graph @param {string} appId @returns {string | undefined} */
function deletedId(graph, appId) {
  // A plain filter, by a property that takes it: no ConsistencyLevel, whose index lags behind.
  // https://learn.microsoft.com/graph/api/directory-deleteditems-list
  const path = `directory/deletedItems/microsoft.graph.application?$filter=appId%20eq%20'${appId}'&$select=id,appId`;
  return graph.list({ path, doing: 'read the deleted registrations' })[0]?.id;
}
