import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AzFailure, createAz, printable, Stop } from '../../scripts/deploy/az.mjs';
import * as access from './access.mjs';
import { createGraph, refusal } from './graph.mjs';
import { ensureLocalSecret, openLocalSettings } from './local-settings.mjs';
import { readOptions, usage } from './options.mjs';
import { ensureRegistration, signInOf } from './registration.mjs';

/** @import { Az } from '../../scripts/deploy/az.mjs' */
/** @typedef {{ az: Az, pause: (milliseconds: number) => Promise<unknown>, say: (text: string) => void }} Surroundings */

/** @type {Surroundings} */
const usual = { az: createAz(process), pause: setTimeout, say: console.log };
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Makes or updates the app registration.
 * @param {readonly string[]} args @param {string} root of the repository @param {Surroundings} [surroundings]
 * @returns {Promise<number>} exit code
 */
export async function entraApp(args, root, { az, pause, say: print } = usual) {
  // A name of a registration may hold what moves the cursor or colours a terminal.
  const say = (/** @type {string} */ text) => print(printable(text));
  // Ended in the middle, it would leave a valid secret that nobody has; az hears Ctrl-C all the same.
  const ignore = () => undefined;
  for (const signal of signals) process.on(signal, ignore);
  try {
    await run(args, root, { az, pause, say });
    return 0;
  } catch (error) {
    // The message of an error that nobody foresaw may quote a secret.
    say(`Stopped: ${error instanceof Stop ? error.message : 'a fault of this program'}`);
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, ignore);
  }
}

/** @param {readonly string[]} args @param {string} root @param {Surroundings} surroundings */
async function run(args, root, { az, pause, say }) {
  const options = readOptions(args);
  if (options.help) return say(usage);
  const file = options.local ? openLocalSettings(root) : undefined;
  const roles = readList(root, 'infra/app-roles.json', 'app roles, as in [{ "value": "reader" }]');
  const example = 'scopes, as in [{ "value": "Notes.Read" }]';
  const scopes = readList(root, 'infra/exposed-scopes.json', example);
  const names = [{ value: 'admin' }, ...roles, ...scopes].map(({ value }) => value.toLowerCase());
  if (new Set(names).size < names.length) throw new Stop(hasTwice);
  const tenant = await readTenant(az);
  say(`Tenant ${tenant.id}, signed in as ${tenant.user}`);
  const graph = createGraph(az, `${tenant.graph}/v1.0`, pause, say);
  const context = { graph, say };
  const admins = (options.admin ?? []).map((id) => id.toLowerCase());
  const port = Number(options.port ?? file?.port);
  const url = file ? `http://localhost:${port}` : String(options.url).replace(/\/$/, '');
  // One for each person, so that nobody's address or secret is in another's way.
  const me = { path: 'me?$select=id', doing: 'see who you are; a pipeline adds --unique-name' };
  const uniqueName = options['unique-name'] ?? `anteroom-local-${(await graph.send(me)).id}`;
  const signIn = signInOf(options['allowed-tenants'], tenant.id);
  const { signInAudience } = signIn;
  const groupClaims = options['group-claims'];
  const asked = {
    name: options.name,
    appIdUri: options['app-id-uri'],
    signInAudience,
    groupClaims,
  };
  const wanted = { url, isLocal: file !== undefined, uniqueName, roles, scopes, ...asked };
  const registration = await ensureRegistration(context, wanted);
  const { id, appId, roleId, audience } = registration;
  const isClosed = options['assignment-required'] ?? false;
  const principalId = await access.ensureServicePrincipal(context, appId, isClosed);
  const { settings, ...identity } = { ...tenant.cloud, subject: String(options.identity) };
  if (!file) await access.ensureFederatedCredential(context, id, identity);
  await access.assignAdmins(context, principalId, roleId, admins);
  if (options.consent) await access.ensureConsent(context, principalId);
  say(`\nclient id     ${appId}\nredirect URI  ${url}/auth/redirect\n`);
  if (file) {
    const own = { APP_BASE_URL: url, ENTRA_CLIENT_ID: appId };
    const { tenant: ENTRA_TENANT_ID, allowed: ENTRA_ALLOWED_TENANTS } = signIn;
    const ADMIN_TENANT_ID = ENTRA_ALLOWED_TENANTS && tenant.id;
    const tenants = { ENTRA_TENANT_ID, ENTRA_ALLOWED_TENANTS, ADMIN_TENANT_ID, ENTRA_ISSUER: '' };
    const values = { ...own, ...tenants, API_AUDIENCE: audience, ...settingsAt(settings, signIn) };
    const isNew = options['new-secret'] ?? false;
    await ensureLocalSecret(context, registration, file, { values, port, isNew });
    return say('Next: npm start -- --no-app in one terminal, npm run host in another.');
  }
  say('Next, for whoever deploys: the same command as before, with');
  say(`-p deployEntraApp=false -p entraClientId=${appId}`);
  const { ENTRA_AUTHORITY } = settingsAt(settings, signIn);
  if (ENTRA_AUTHORITY) say(`-p entraAuthority=${ENTRA_AUTHORITY}`);
  if (settings.GRAPH_BASE_URL) say(`-p graphBaseUrl=${settings.GRAPH_BASE_URL}`);
}

const hasTwice =
  'app-roles.json and exposed-scopes.json have a value twice, or the value admin, which is there without it. Entra ID takes each value once, for a role or for a scope.';

/** In another cloud the authority is a setting, and names whose accounts sign in. @param {{ ENTRA_AUTHORITY: string, GRAPH_BASE_URL: string }} settings @param {{ tenant: string }} signIn */
function settingsAt({ ENTRA_AUTHORITY, ...others }, { tenant }) {
  return { ENTRA_AUTHORITY: ENTRA_AUTHORITY.replace(/[^/]+(?=\/v2\.0$)/, tenant), ...others };
}

/** @param {string} root @param {string} path @param {string} what */
function readList(root, path, what) {
  try {
    /** @type {{ value: string }[]} */
    const list = JSON.parse(readFileSync(join(root, path), 'utf8'));
    if (list.every(({ value }) => /^\S+$/.test(value))) return list;
  } catch {
    // Told below: not there, not JSON or no list.
  }
  throw new Stop(`${path} is not a list of ${what}`);
}

/**
 * Where az is signed in. `audiences`: of the identity's tokens there (src/entra/managed-identity.ts); `settings`: what an app needs in that
 * cloud, empty in the public one. @param {Az} az
 */
async function readTenant(az) {
  const { id, user } = await shown(az, 'account', '{id:tenantId,user:user.name}');
  const endpoints = '{id:endpoints.microsoftGraphResourceId,user:endpoints.activeDirectory}';
  const cloud = await shown(az, 'cloud', endpoints);
  const graph = cloud.id.replace(/\/$/, '');
  // The Azure CLI names the old host of China; tokens name the new one as their issuer.
  const authority = cloud.user
    .replace(/\/$/, '')
    .replace('login.chinacloudapi.cn', 'login.partner.microsoftonline.cn');
  const name = authority.endsWith('.us') ? 'USGov' : authority.endsWith('.cn') ? 'China' : '';
  const issuer = `${authority}/${id}/v2.0`;
  const settings = { ENTRA_AUTHORITY: name && issuer, GRAPH_BASE_URL: name && `${graph}/v1.0` };
  const audiences = [`api://AzureADTokenExchange${name}`];
  return { id, user, graph, cloud: { issuer, audiences, settings } };
}

/** @param {Az} az @param {string} what @param {string} query @returns {Promise<{ id: string, user: string }>} */
async function shown(az, what, query) {
  const /** @type {any} */ answer = await az([what, 'show', '--query', query]).catch((error) => {
      throw error instanceof AzFailure
        ? refusal(error, 'see who is signed in', 'a sign-in')
        : error;
    });
  if (typeof answer?.id === 'string' && typeof answer.user === 'string') return answer;
  throw new Stop(
    `az ${what} show did not say where az is signed in. See what is the matter: az login`,
  );
}
