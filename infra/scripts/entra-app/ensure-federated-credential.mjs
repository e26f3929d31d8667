import { isDeepStrictEqual } from 'node:util';

/** @import { Graph } from './graph.mjs' */

const name = 'appIdentity';

/**
 * The registration trusts tokens of the app's identity in place of a secret.
 * @param {Graph} graph
 * @param {string} applicationId object id of the registration
 * @param {{ issuer: string, subject: string, audience: string }} identity
 * @param {(line: string) => void} say
 */
export function ensureFederatedCredential(graph, applicationId, identity, say) {
  const { issuer, subject, audience } = identity;
  const audiences = [audience];
  const path = `applications/${applicationId}/federatedIdentityCredentials`;
  // https://learn.microsoft.com/graph/api/federatedidentitycredential-list
  const all = graph.list({ path, doing: 'read the federated credentials' });
  // Under any name: Entra ID refuses a second one for the same identity.
  const same = all.find(
    (held) =>
      held.issuer === issuer &&
      held.subject === subject &&
      isDeepStrictEqual(held.audiences, audiences),
  );
  if (same !== undefined) {
    say(`Federated credential: already as wanted (${same.name})`);
    return;
  }
  // https://learn.microsoft.com/graph/api/federatedidentitycredential-upsert
  graph.send({
    method: 'PATCH',
    path: `${path}(name='${name}')`,
    body: { description: 'The managed identity of the app.', audiences, issuer, subject },
    upsert: true,
    doing: 'make the federated credential',
  });
  const isThere = all.some((held) => held.name === name);
  say(`Federated credential: ${isThere ? 'changed to this identity' : 'made'}`);
}
