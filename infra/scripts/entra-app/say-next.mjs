import { openLocalSettings } from '../local-settings.mjs';

/** @typedef {(line: string) => void} Say */

/**
 * What there is now, and who does what next.
 * @param {{ tenantId: string, appId: string, url: string, isLocal: boolean }} made
 * @param {Say} say
 */
export function sayNext({ tenantId, appId, url, isLocal }, say) {
  say('');
  say(`tenant        ${tenantId}`);
  say(`client id     ${appId}`);
  say(`redirect URI  ${url}/auth/redirect`);
  say('');
  if (isLocal) {
    say('Next: npm start -- --no-app in one terminal, npm run host (or func start) in another.');
    say(`Then open ${url}`);
    say('When the secret has expired, run this again. To clean up:');
    say(`infra/scripts/entra-app.sh --delete ${appId}`);
    return;
  }
  const parameters = `--parameters deployEntraApp=false --parameters entraClientId=${appId}`;
  say('Next, for whoever deploys:');
  say(`npm run deploy -- --resource-group GROUP ${parameters}`);
}

/**
 * @param {string} root of the repository
 * @param {string} appId
 * @param {Say} say
 */
export function sayAfterDeletion(root, appId, say) {
  say(`Next: no app signs anybody in with the client id ${appId} any more.`);
  say('Delete such an app, or deploy it with another registration. The unique name is free again.');
  if (!isInLocalSettings(root, appId)) return;
  say('local.settings.json still names it: run infra/scripts/entra-app.sh --local,');
  say('or copy local.settings.json.example over it.');
}

/** @param {string} root @param {string} appId */
function isInLocalSettings(root, appId) {
  try {
    return openLocalSettings(root).values['ENTRA_CLIENT_ID'] === appId;
  } catch {
    // Only a hint: whatever is wrong with the file, the deletion is done.
    return false;
  }
}
