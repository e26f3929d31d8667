import { Stop } from './stop.mjs';

/** @import { Graph, Request } from './graph.mjs' */
/** @import { Registration } from './ensure-registration.mjs' */

const ownName = 'local development';
const dayMs = 86_400_000;
const lifetimeMs = 90 * dayMs;
const renewalMs = 7 * dayMs;

/**
 * Writes the registration into local.settings.json, with a new secret where there is none that lasts.
 * The secret goes from the Azure CLI to the file, and is nowhere in between.
 * @param {Graph} graph
 * @param {Registration} registration
 * @param {ReturnType<typeof import('../local-settings.mjs').openLocalSettings>} file
 * @param {object} wanted
 * @param {Record<string, string>} wanted.values of the registration, without the secret
 * @param {number} wanted.port
 * @param {boolean} wanted.newSecret
 * @param {(line: string) => void} say
 */
export function ensureLocalSecret(graph, registration, file, { values, port, newSecret }, say) {
  const reason = newSecret ? 'you asked for one' : reasonForSecret(registration, file, Date.now());
  if (reason === undefined) {
    const isChanged = file.write(values, port);
    say(`local.settings.json: ${isChanged ? 'changed, the secret kept' : 'already as wanted'}`);
  } else {
    const made = makeSecret(graph, registration);
    try {
      file.write({ ...values, ENTRA_CLIENT_SECRET: made.secretText }, port);
    } catch (error) {
      removeUnkept(graph, registration.id, made.keyId);
      throw new Stop(
        `a secret was made, but local.settings.json could not be written (${error instanceof Error ? error.message : error}). Nobody has that secret. Once the file can be written, run this again with --new-secret.`,
      );
    }
    say(
      `local.settings.json: written with a new secret until ${String(made.endDateTime).slice(0, 10)} (${reason})`,
    );
  }
  removeExpired(graph, registration, say);
}

/**
 * Why the secret in the file is no good, undefined where it is. Graph tells the first three characters of a secret,
 * its hint (https://learn.microsoft.com/graph/api/resources/passwordcredential): so nothing need be kept beside it.
 * @param {Registration} registration
 * @param {{ values: Record<string, unknown>, isThere: boolean }} file
 * @param {number} now
 */
function reasonForSecret({ appId, secrets }, { values, isThere }, now) {
  const secret = values['ENTRA_CLIENT_SECRET'];
  if (!isThere || values['ENTRA_CLIENT_ID'] !== appId) return 'the first for this registration';
  if (typeof secret !== 'string' || secret === '') return 'there was none';
  const ends = secrets
    .filter(({ hint }) => hint === secret.slice(0, 3))
    .map(({ endDateTime }) => Date.parse(endDateTime));
  if (ends.length === 0) return 'the registration does not know the one that was there';
  // Should two begin alike, the earlier: a secret too many is better than one that has expired.
  const end = Math.min(...ends);
  if (end <= now) return 'the one that was there has expired';
  return end - now > renewalMs ? undefined : 'the one that was there expires within a week';
}

/** @param {Graph} graph @param {Registration} registration */
function makeSecret(graph, { id }) {
  const endDateTime = new Date(Date.now() + lifetimeMs).toISOString();
  // https://learn.microsoft.com/graph/api/application-addpassword
  return graph.send({
    method: 'POST',
    path: `applications/${id}/addPassword`,
    body: { passwordCredential: { displayName: ownName, endDateTime } },
    doing: 'make a secret; a tenant may also forbid secrets (app management policy)',
  });
}

/** @param {Graph} graph @param {string} id @param {string} keyId */
function removeUnkept(graph, id, keyId) {
  try {
    graph.send(removal(id, keyId));
  } catch {
    // It expires by itself, and nobody knows it; what must be heard is that the file could not be written.
  }
}

/** @param {string} id @param {string} keyId @returns {Request} */
function removal(id, keyId) {
  // https://learn.microsoft.com/graph/api/application-removepassword
  return {
    method: 'POST',
    path: `applications/${id}/removePassword`,
    body: { keyId },
    doing: 'remove an old secret; local.settings.json is written',
  };
}

/** @param {Graph} graph @param {Registration} registration @param {(line: string) => void} say */
function removeExpired(graph, { id, secrets }, say) {
  const expired = secrets.filter(
    ({ displayName, endDateTime }) =>
      displayName === ownName && Date.parse(endDateTime) <= Date.now(),
  );
  for (const { keyId } of expired) graph.send(removal(id, keyId));
  if (expired.length > 0) say(`Expired secrets of earlier runs: removed ${expired.length}`);
}
