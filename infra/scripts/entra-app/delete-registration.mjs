import { checkDeletable, deletableForm, deletableSelect } from './check-deletable.mjs';
import { Stop } from './stop.mjs';

/** @import { Graph } from './graph.mjs' */

/**
 * Deletes a registration for good: one that is only deleted holds its unique name for thirty days, and a new one with
 * that name could not be made. Finishes what somebody began by hand.
 * @param {Graph} graph
 * @param {string} appId
 * @param {string | undefined} name confirms that one which is not Anteroom's alone may go
 * @param {(line: string) => void} say
 * @throws {Stop} it is somebody else's, there is no such registration, or the person may not do that
 */
export function deleteRegistration(graph, appId, name, say) {
  // https://learn.microsoft.com/graph/api/application-get
  const path = `applications(appId='${appId}')?$select=${deletableSelect}`;
  const found = graph.find({ path, form: deletableForm, doing: `read the registration ${appId}` });
  const held = found ?? readDeleted(graph, appId);
  if (held === undefined)
    throw new Stop(`there is no registration ${appId} in this tenant, nor a deleted one`);
  checkDeletable(held, name);
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
  // https://learn.microsoft.com/graph/api/directory-deleteditems-delete. Owners may not.
  graph.send({
    method: 'DELETE',
    path: `directory/deletedItems/${held.id}`,
    doing: `remove ${appId} for good. It is deleted: nobody can sign in with it, but for thirty days it can be restored, and its unique name is taken`,
    needs: 'the Entra role Cloud Application Administrator or Application Administrator',
  });
  say('Deleted for good.');
}

/** @param {Graph} graph @param {string} appId */
function readDeleted(graph, appId) {
  // A plain filter, by a property that takes it: no ConsistencyLevel, whose index lags behind.
  // https://learn.microsoft.com/graph/api/directory-deleteditems-list
  const path = `directory/deletedItems/microsoft.graph.application?$filter=appId%20eq%20'${appId}'&$select=${deletableSelect}`;
  const deleted = graph.list({
    path,
    form: deletableForm,
    doing: 'read the deleted registrations',
  });
  return deleted.find((one) => one.appId.toLowerCase() === appId);
}
