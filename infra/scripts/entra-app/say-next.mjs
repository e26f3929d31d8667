import { openLocalSettings } from '../local-settings.mjs';

/** @typedef {(line: string) => void} Say */

/**
 * What there is now, and who does what next.
 * @param {object} made
 * @param {string} made.tenantId
 * @param {string} made.appId
 * @param {string} made.url
 * @param {boolean} made.isLocal
 * @param {Record<string, string>} made.settings that the app needs in another cloud than the public one; empty values are not
 * @param {Say} say
 */
export function sayNext({ tenantId, appId, url, isLocal, settings }, say) {
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
  // Not the whole command: pasting one without the other options of the first time would undo them.
  say('Next, for whoever deploys: the same command as before, with');
  say(`--parameters deployEntraApp=false --parameters entraClientId=${appId}`);
  sayCloud(settings, say);
}

/** Parameters of the template by the settings that they set. */
const cloudParameters = { ENTRA_AUTHORITY: 'entraAuthority', GRAPH_BASE_URL: 'graphBaseUrl' };

/** What the template cannot know of another cloud than the public one. @param {Record<string, string>} settings @param {Say} say */
function sayCloud(settings, say) {
  for (const [setting, parameter] of Object.entries(cloudParameters)) {
    const value = settings[setting] ?? '';
    if (value !== '') say(`--parameters ${parameter}=${value}`);
  }
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
