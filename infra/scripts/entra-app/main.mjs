// What entra-app.sh does. Standard output: what was done and what comes next. Standard error: why it could not be.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLocalSettings } from '../local-settings.mjs';
import { assignAdmins } from './assign-admins.mjs';
import { deleteRegistration } from './delete-registration.mjs';
import { ensureConsent } from './ensure-consent.mjs';
import { ensureFederatedCredential } from './ensure-federated-credential.mjs';
import { ensureLocalSecret } from './ensure-local-secret.mjs';
import { ensureRegistration, readById, wantedRoles } from './ensure-registration.mjs';
import { ensureServicePrincipal } from './ensure-service-principal.mjs';
import { faultOfScript } from './fault-of-script.mjs';
import { createGraph } from './graph.mjs';
import { findRole } from './merge-registration.mjs';
import { readOptions, usage } from './read-options.mjs';
import { readTenant } from './read-tenant.mjs';
import { sayAfterDeletion, sayNext } from './say-next.mjs';
import { Stop } from './stop.mjs';

/** @import { Graph } from './graph.mjs' */
/** @import { Options } from './read-options.mjs' */
/** @typedef {ReturnType<typeof readTenant>} Tenant */
/** @typedef {ReturnType<typeof openLocalSettings>} LocalSettings */

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** A name of a registration may hold what moves the cursor or colours a terminal. @param {string} text */
const printable = (text) =>
  text.replace(/\r\n/g, '\n').replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '?');

/** @param {string} line */
const say = (line) => {
  process.stdout.write(`${printable(line)}\n`);
};

/** @param {Options} options */
function run(options) {
  if (options.mode === 'help') return say(usage.trimEnd());
  const file = options.mode === 'local' ? openLocalSettings(root) : undefined;
  const port = options.port ?? file?.port() ?? 7071;
  const tenant = readTenant();
  say(`Tenant ${tenant.id}, signed in as ${tenant.user}`);
  // Shorter in tests. What is no number is none: a wait without end would be worse.
  const pauseMs = (Number(process.env['ENTRA_APP_PAUSE'] ?? 5) || 0) * 1000;
  const graph = createGraph({ root: `${tenant.graph}/v1.0`, pauseMs, say });
  if (options.mode === 'delete') {
    const appId = options.appId ?? '';
    deleteRegistration(graph, appId, options.name, say);
    return sayAfterDeletion(root, appId, say);
  }
  if (options.mode === 'admins') return giveRole(graph, options);
  const url = file === undefined ? options.url : `http://localhost:${port}`;
  const appId = register(graph, tenant, { ...options, url, port }, file);
  const isLocal = file !== undefined;
  sayNext({ tenantId: tenant.id, appId, url, isLocal, settings: tenant.settings }, say);
}

/** Changes nothing else of the registration. @param {Graph} graph @param {Options} options */
function giveRole(graph, { appId = '', admins }) {
  const found = readById(graph, appId);
  const role = findRole(found.appRoles ?? [], wantedRoles(found.uniqueName ?? '')[0]);
  if (role === undefined) throw new Stop(`the registration ${appId} has no app role admin`);
  const principal = graph.send({
    path: `servicePrincipals(appId='${appId}')?$select=id`,
    form: { texts: ['id'] },
    doing: 'read the service principal (enterprise application)',
  });
  assignAdmins(graph, principal.id, role.id, admins, say);
}

/**
 * @param {Graph} graph
 * @param {Tenant} tenant
 * @param {Options & { port: number }} options
 * @param {LocalSettings | undefined} file where the app runs on this machine
 */
function register(graph, tenant, options, file) {
  const { url, port, newSecret } = options;
  const usualUniqueName = () => nameForMode(graph, options);
  const isLocal = file !== undefined;
  const registration = ensureRegistration(graph, { ...options, isLocal, usualUniqueName }, say);
  const { id, appId, roleId } = registration;
  const principalId = ensureServicePrincipal(graph, appId, options.assignmentRequired, say);
  if (!isLocal) {
    const identity = {
      issuer: `${tenant.authority}/${tenant.id}/v2.0`,
      subject: options.identity,
      audience: tenant.audience,
    };
    ensureFederatedCredential(graph, id, identity, say);
  }
  assignAdmins(graph, principalId, roleId, options.admins, say);
  if (options.consent) ensureConsent(graph, principalId, say);
  if (isLocal) {
    const own = { APP_BASE_URL: url, ENTRA_TENANT_ID: tenant.id, ENTRA_CLIENT_ID: appId };
    const values = { ...own, ...tenant.settings };
    ensureLocalSecret(graph, registration, file, { values, port, newSecret }, say);
  }
  return appId;
}

/** @param {Graph} graph @param {Options} options */
function nameForMode(graph, { mode, appId }) {
  if (mode !== 'local') {
    throw new Stop(
      `the registration ${appId} has no unique name yet: add --unique-name, which \`npm run deploy\` prints`,
    );
  }
  // One for each person, so that nobody's address or secret is in another's way.
  const me = graph.send({
    path: 'me?$select=id',
    form: { texts: ['id'] },
    doing: 'see who you are',
    needs: 'a person who is signed in; a pipeline adds --unique-name',
  });
  return `anteroom-local-${me.id}`;
}

/** Shows why it ends, and nothing that may hold a secret. @param {unknown} error */
const end = (error) => {
  const why = error instanceof Stop ? error.message : faultOfScript(error);
  process.stderr.write(`entra-app.sh: ${printable(why)}\n`);
  process.exitCode = 1;
};

process.on('uncaughtException', end);
// Whoever reads may stop reading, as `head -1` does: that stops no work.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (Reflect.get(error, 'code') !== 'EPIPE') process.exitCode = 1;
  });
}
try {
  run(readOptions(process.argv.slice(2)));
} catch (error) {
  end(error);
}
