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
 * @param {readonly string[]} args @param {string} root of the repository @param {Surroundings} [surroundings] @returns {Promise<number>} exit code
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
  const roles = readList(root, 'infra/app-roles.json', 'app roles', 'reader');
  const scopes = readList(root, 'infra/exposed-scopes.json', 'scopes', 'Notes.Read');
  const names = [{ value: 'admin' }, ...roles, ...scopes].map(({ value }) => value.toLowerCase());
  if (new Set(names).size < names.length)
    throw new Stop(
      'app-roles.json and exposed-scopes.json have a value twice, or the value admin, which is there without it. Entra ID takes each value once, for a role or for a scope.',
    );
  const tenant = await readTenant(az).catch((error) => {
    throw error instanceof AzFailure ? refusal(error, 'see who is signed in', 'a sign-in') : error;
  });
  say(`Tenant ${tenant.id}, signed in as ${tenant.user}`);
  const graph = createGraph(az, `${tenant.graph}/v1.0`, pause, say);
  const context = { graph, say };
  const port = Number(options.port ?? file?.port);
  const url = file ? `http://localhost:${port}` : String(options.url).replace(/\/$/, '');
  // One for each person, so that nobody's address or secret is in another's way.
  const me = { path: 'me?$select=id', doing: 'see who you are; a pipeline adds --unique-name' };
  const uniqueName = options['unique-name'] ?? `anteroom-local-${(await graph.send(me)).id}`;
  const signIn = signInOf(options['allowed-tenants'], tenant.id);
  const wanted = {
    ...{ url, isLocal: file !== undefined, uniqueName, roles, scopes, name: options.name },
    ...{ appIdUri: options['app-id-uri'], signInAudience: signIn.signInAudience },
  };
  const registration = await ensureRegistration(context, wanted);
  const { id, appId, roleId, audience } = registration;
  const principalId = await access.ensureServicePrincipal(context, appId);
  const identity = { ...tenant.federation, subject: String(options.identity) };
  if (!file) await access.ensureFederatedCredential(context, id, identity);
  await access.assignAdmins(context, principalId, roleId, options.admin ?? []);
  if (options.consent) await access.ensureConsent(context, principalId);
  const ofApi = audience && `App ID URI    ${audience}\n`;
  say(`\nclient id     ${appId}\nredirect URI  ${url}/auth/redirect\n${ofApi}`);
  const settings = { ...tenant.settings };
  // In another cloud the authority is a setting, and names whose accounts sign in.
  settings.ENTRA_AUTHORITY = settings.ENTRA_AUTHORITY.replace(/[^/]+(?=\/v2\.0$)/, signIn.tenant);
  if (file) {
    const values = {
      ...{ APP_BASE_URL: url, ENTRA_CLIENT_ID: appId, API_AUDIENCE: audience, ENTRA_ISSUER: '' },
      ...{ ENTRA_TENANT_ID: signIn.tenant, ENTRA_ALLOWED_TENANTS: signIn.allowed },
      ...{ ADMIN_TENANT_ID: signIn.allowed && tenant.id, ...settings },
    };
    const isNew = options['new-secret'] ?? false;
    await ensureLocalSecret(context, registration, file, { values, port, isNew });
    return say('Next: npm start -- --no-app in one terminal, npm run host in another.');
  }
  say('Next, for whoever deploys: the same command as before, with');
  say(`-p deployEntraApp=false -p entraClientId=${appId}`);
  if (settings.ENTRA_AUTHORITY) say(`-p entraAuthority=${settings.ENTRA_AUTHORITY}`);
  if (settings.GRAPH_BASE_URL) say(`-p graphBaseUrl=${settings.GRAPH_BASE_URL}`);
}

/** @param {string} root @param {string} path @param {string} what @param {string} example */
function readList(root, path, what, example) {
  try {
    /** @type {{ value: string }[]} */
    const list = JSON.parse(readFileSync(join(root, path), 'utf8'));
    if (list.every(({ value }) => /^\S+$/.test(value))) return list;
  } catch {
    // Told below: not there, not JSON or no list.
  }
  throw new Stop(`${path} is not a list of ${what}, as in [{ "value": "${example}" }]`);
}

/**
 * Where az is signed in. `federation`: who gives the identity of the app its tokens there, and for whom (src/entra/managed-identity.ts);
 * `settings`: what an app needs in that cloud, empty in the public one. @param {Az} az
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
  const federation = { issuer, audiences: [`api://AzureADTokenExchange${name}`] };
  const settings = { ENTRA_AUTHORITY: name && issuer, GRAPH_BASE_URL: name && `${graph}/v1.0` };
  return { id, user, graph, federation, settings };
}

/** @param {Az} az @param {string} what @param {string} query @returns {Promise<{ id: string, user: string }>} */
async function shown(az, what, query) {
  const /** @type {any} */ answer = await az([what, 'show', '--query', query]);
  if (typeof answer?.id === 'string' && typeof answer.user === 'string') return answer;
  throw new AzFailure(`az ${what} show did not say where az is signed in. Try: az login`);
}
