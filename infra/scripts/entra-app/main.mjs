// What entra-app.sh does. Standard output: what was done and what comes next. Standard error: why it could not be.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLocalSettings } from '../local-settings.mjs';
import { assignAdmins } from './assign-admins.mjs';
import { deleteRegistration } from './delete-registration.mjs';
import { ensureConsent } from './ensure-consent.mjs';
import { ensureFederatedCredential } from './ensure-federated-credential.mjs';
import { ensureLocalSecret } from './ensure-local-secret.mjs';
import { ensureRegistration } from './ensure-registration.mjs';
import { ensureServicePrincipal } from './ensure-service-principal.mjs';
import { createGraph } from './graph.mjs';
import { readOptions, usage } from './read-options.mjs';
import { readTenant } from './read-tenant.mjs';
import { Stop } from './stop.mjs';

/** @import { Graph } from './graph.mjs' */
/** @import { Options } from './read-options.mjs' */

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** @param {string} line */
const say = (line) => {
  process.stdout.write(`${line}\n`);
};

/** @param {Options} options */
function run(options) {
  if (options.mode === 'help') return say(usage.trimEnd());
  const file = options.mode === 'local' ? openLocalSettings(root) : undefined;
  const tenant = readTenant();
  say(`Tenant ${tenant.id}, signed in as ${tenant.user}`);
  const pauseMs = Number(process.env['ENTRA_APP_PAUSE'] ?? 5) * 1000;
  const graph = createGraph({ root: `${tenant.graph}/v1.0`, pauseMs, say });
  if (options.mode === 'delete') {
    const appId = options.appId ?? '';
    deleteRegistration(graph, appId, say);
    return sayAfterDeletion(appId);
  }

  const port = options.port ?? file?.port ?? 7071;
  const url = file === undefined ? options.url : `http://localhost:${port}`;
  const isLocal = file !== undefined;
  const registration = ensureRegistration(
    graph,
    { ...options, url, isLocal, usualUniqueName: () => usualUniqueName(options, graph) },
    say,
  );
  const { appId } = registration;
  const principalId = ensureServicePrincipal(graph, appId, options.assignmentRequired, say);
  if (!isLocal) {
    const identity = { issuer: `${tenant.authority}/${tenant.id}/v2.0`, subject: options.identity };
    ensureFederatedCredential(graph, registration.id, identity, say);
  }
  assignAdmins(graph, principalId, registration.roleId, options.admins, say);
  if (options.consent) ensureConsent(graph, principalId, say);
  if (file !== undefined) {
    const values = {
      APP_BASE_URL: url,
      ENTRA_TENANT_ID: tenant.id,
      ENTRA_CLIENT_ID: appId,
      ...tenant.settings,
    };
    ensureLocalSecret(
      graph,
      registration,
      file,
      { values, port, newSecret: options.newSecret },
      say,
    );
  }
  say('');
  say(`tenant        ${tenant.id}`);
  say(`client id     ${appId}`);
  say(`redirect URI  ${url}/auth/redirect`);
  say('');
  sayNext(appId, url, isLocal);
}

/** @param {Options} options @param {Graph} graph */
function usualUniqueName({ mode, appId }, graph) {
  if (mode !== 'local') {
    throw new Stop(
      `the registration ${appId} has no unique name yet: add --unique-name, which \`npm run deploy\` prints`,
    );
  }
  // One for each person, so that nobody's address or secret is in another's way.
  const me = graph.send({
    path: 'me?$select=id',
    doing: 'see who you are',
    needs: 'a person who is signed in; a pipeline adds --unique-name',
  });
  return `anteroom-local-${me.id}`;
}

/** @param {string} appId @param {string} url @param {boolean} isLocal */
function sayNext(appId, url, isLocal) {
  if (isLocal) {
    say(
      'Next: npm start -- --no-app in one terminal, npm run host (or func start) in another, then open',
    );
    say(
      `${url}. When the secret has expired, run this again. To clean up: entra-app.sh --delete ${appId}`,
    );
    return;
  }
  say('Next: give the app this client id, with the parameters that you deploy with besides:');
  say(`npm run deploy -- --parameters deployEntraApp=false --parameters entraClientId=${appId}`);
}

/** @param {string} appId */
function sayAfterDeletion(appId) {
  say(
    `Next: an app that uses the client id ${appId} signs nobody in any more. Delete it, or deploy it with another`,
  );
  say('registration: the unique name is free again.');
  if (isInLocalSettings(appId)) {
    say(
      'local.settings.json still names it: run entra-app.sh --local, or copy local.settings.json.example over it.',
    );
  }
}

/** @param {string} appId */
function isInLocalSettings(appId) {
  try {
    const { isThere, values } = openLocalSettings(root);
    return isThere && values['ENTRA_CLIENT_ID'] === appId;
  } catch {
    // Only a hint: whatever is wrong with the file, the deletion is done.
    return false;
  }
}

try {
  run(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  process.stderr.write(`entra-app.sh: ${error.message}\n`);
  process.exitCode = 1;
}
