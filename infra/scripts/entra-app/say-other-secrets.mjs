import { ownName } from './make-secret.mjs';

/** @import { Registration } from './ensure-registration.mjs' */

/**
 * Which secrets of this script are valid beside the one in local.settings.json. They stay: another machine of the same
 * person may have one of them, and nobody can tell.
 * @param {Registration} registration
 * @param {(secret: any) => boolean} isInFile
 * @param {(line: string) => void} say
 */
export function sayOtherSecrets({ appId, secrets }, isInFile, say) {
  const others = secrets.filter(
    (one) =>
      one.displayName === ownName && Date.parse(one.endDateTime) > Date.now() && !isInFile(one),
  );
  if (others.length === 0) return;
  say(`Other valid secrets called "${ownName}": ${others.length}. They are of another machine of`);
  say('yours, were replaced, or are of runs that were ended early. To remove those nobody uses:');
  for (const { keyId, endDateTime } of others) {
    say(
      `  az ad app credential delete --id ${appId} --key-id ${keyId}  # until ${endDateTime.slice(0, 10)}`,
    );
  }
}
