import { faultOfScript } from './fault-of-script.mjs';
import { makeSecret, ownName, removal } from './make-secret.mjs';
import { sayOtherSecrets } from './say-other-secrets.mjs';
import { Stop } from './stop.mjs';
import { withoutInterruption } from './without-interruption.mjs';

/** @import { Graph } from './graph.mjs' */
/** @import { Registration } from './ensure-registration.mjs' */
/** @typedef {ReturnType<typeof import('../local-settings.mjs').openLocalSettings>} LocalSettings */

const renewalMs = 7 * 86_400_000;

/**
 * Writes the registration into local.settings.json, with a new secret where there is none that lasts.
 * The secret goes from the Azure CLI to the file, and is nowhere in between.
 * @param {Graph} graph
 * @param {Registration} registration
 * @param {LocalSettings} file
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
    const made = withoutInterruption(() => writeNew(graph, registration, file, values, port));
    say(
      `local.settings.json: written with a new secret until ${made.endDateTime.slice(0, 10)} (${reason})`,
    );
  }
  removeExpired(graph, registration, say);
  // A new one is not among those that were read before.
  const kept = reason === undefined ? hintOf(file.values['ENTRA_CLIENT_SECRET']) : undefined;
  sayOtherSecrets(registration, ({ hint }) => hint === kept, say);
}

/**
 * @param {Graph} graph
 * @param {Registration} registration
 * @param {LocalSettings} file
 * @param {Record<string, string>} values
 * @param {number} port
 */
function writeNew(graph, registration, file, values, port) {
  const made = makeSecret(graph, registration);
  try {
    file.write({ ...values, ENTRA_CLIENT_SECRET: made.secretText }, port);
    return made;
  } catch (error) {
    removeUnkept(graph, registration.id, made.keyId);
    // What the system says names paths only; any other message might quote what was to be written.
    const isTold = error instanceof Stop || (error instanceof Error && 'code' in error);
    throw new Stop(
      `a secret was made, but local.settings.json could not be written (${isTold ? error.message : faultOfScript(error)}). Nobody has that secret. Once the file can be written, run this again with --new-secret.`,
    );
  }
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
    .filter(({ hint }) => hint === hintOf(secret))
    .map(({ endDateTime }) => Date.parse(endDateTime));
  if (ends.length === 0) return 'the registration does not know the one that was there';
  // Should two begin alike, the earlier: a secret too many is better than one that has expired.
  const end = Math.min(...ends);
  if (end <= now) return 'the one that was there has expired';
  return end - now > renewalMs ? undefined : 'the one that was there expires within a week';
}

/** @param {unknown} secret */
function hintOf(secret) {
  return String(secret).slice(0, 3);
}

/** @param {Graph} graph @param {string} id @param {string} keyId */
function removeUnkept(graph, id, keyId) {
  try {
    graph.send(removal(id, keyId));
  } catch {
    // It expires by itself, and nobody knows it; what must be heard is that the file could not be written.
  }
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
