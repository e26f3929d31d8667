import { Stop } from './stop.mjs';

/** @import { Graph, Request } from './graph.mjs' */
/** @import { Registration } from './ensure-registration.mjs' */

/** What secrets of this script are called in Entra ID. */
export const ownName = 'local development';
const lifetimeMs = 90 * 86_400_000;
const form = { texts: ['keyId', 'secretText', 'endDateTime'] };
const looks = 3;

/**
 * @param {Graph} graph
 * @param {Registration} registration
 * @returns {{ keyId: string, secretText: string, endDateTime: string }}
 * @throws {Stop} where there is none, or none that anybody could read: that one is removed again where it can be found
 */
export function makeSecret(graph, registration) {
  const endDateTime = new Date(Date.now() + lifetimeMs).toISOString();
  try {
    // https://learn.microsoft.com/graph/api/application-addpassword
    return graph.send({
      method: 'POST',
      path: `applications/${registration.id}/addPassword`,
      body: { passwordCredential: { displayName: ownName, endDateTime } },
      form,
      mustAnswer: true,
      doing: 'make a secret; a tenant may also forbid secrets (app management policy)',
    });
  } catch (error) {
    if (!(error instanceof Stop) || error.isRefusal) throw error;
    throw new Stop(`${error.message}\n${removeLost(graph, registration, endDateTime)}`);
  }
}

/** @param {string} id of the registration @param {string} keyId @returns {Request} */
export function removal(id, keyId) {
  // https://learn.microsoft.com/graph/api/application-removepassword
  return {
    method: 'POST',
    path: `applications/${id}/removePassword`,
    body: { keyId },
    doing: 'remove an old secret; local.settings.json is written',
  };
}

/**
 * Removes the secret that was made although its answer could not be read. What became of it, for people.
 * @param {Graph} graph
 * @param {Registration} registration
 * @param {string} endDateTime
 */
function removeLost(graph, registration, endDateTime) {
  const { id, appId } = registration;
  let keyId = 'KEY_ID';
  try {
    const lost = findLost(graph, registration, endDateTime);
    if (lost !== undefined) {
      keyId = lost;
      graph.send(removal(id, keyId));
      return 'A secret was made all the same, which nobody has: it is removed again.';
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    // Why that failed helps nobody; what is left to do does.
  }
  return [
    `Should a secret have been made all the same, nobody has it: it is called "${ownName}" and ends at ${endDateTime}.`,
    `To see it:    az ad app credential list --id ${appId}`,
    `To remove it: az ad app credential delete --id ${appId} --key-id ${keyId}`,
  ].join('\n');
}

/**
 * The one with this name and end, to the second, that was not there before.
 * @param {Graph} graph
 * @param {Registration} registration
 * @param {string} endDateTime
 * @returns {string | undefined} its key id
 */
function findLost(graph, { id, secrets }, endDateTime) {
  for (let look = 1; ; look += 1) {
    // https://learn.microsoft.com/graph/api/application-get
    const { passwordCredentials } = graph.send({
      path: `applications/${id}?$select=id,passwordCredentials`,
      form: { texts: ['id'], lists: ['passwordCredentials'] },
      doing: 'read the secrets of the registration',
    });
    const lost = (passwordCredentials ?? []).find(
      (/** @type {any} */ one) =>
        one.displayName === ownName &&
        Math.abs(Date.parse(one.endDateTime) - Date.parse(endDateTime)) < 1000 &&
        !secrets.some(({ keyId }) => keyId === one.keyId),
    );
    if (lost !== undefined || look === looks) return lost?.keyId;
    // The server that is asked may not have heard of it yet.
    graph.pause();
  }
}
