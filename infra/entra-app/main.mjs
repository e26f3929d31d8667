import { setTimeout } from 'node:timers/promises';
import { AzFailure, createAz, printable, Stop } from '../../scripts/deploy/az.mjs';
import { readLists } from '../../scripts/registration-lists.mjs';
import * as access from './access.mjs';
import { createGraph, refusal } from './graph.mjs';
import { ensureLocalSecret, openLocalSettings } from './local-settings.mjs';
import { readOptions, usage } from './options.mjs';
import { ensureRegistration, signInOf } from './registration.mjs';

/** @import { Az } from '../../scripts/deploy/az.mjs' */
/** @typedef {{ az: Az, pause: (milliseconds: number) => Promise<unknown>, say: (text: string) => void }} Surroundings */

/** @type {Surroundings} */
const usual = { az: createAz(process), pause: setTimeout, say: console.log };
const unforeseen = 'a fault of this program, or an unknown answer of Entra ID. Run it again.';
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
    say(`Stopped: ${error instanceof Stop ? error.message : unforeseen}`);
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
  const { roles, scopes } = readLists(root);
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
    settings: file?.values ?? {},
  };
  const registration = await ensureRegistration(context, wanted);
  const { id, appId, roleId, audience, held } = registration;
  const principalId = await access.ensureServicePrincipal(context, appId);
  // The tokens of the identity have it in small letters, and every character counts.
  const identity = { ...tenant.federation, subject: String(options.identity).toLowerCase() };
  if (!file) await access.ensureFederatedCredential(context, id, identity);
  await access.assignAdmins(context, principalId, roleId, options.admin ?? []);
  const asked = options.scopes ?? (held['GRAPH_SCOPES'] || 'User.Read');
  if (options.consent) await access.ensureConsent(context, principalId, asked);
  const ofApi = audience && `App ID URI    ${audience}\n`;
  say(`\nclient id     ${appId}\nredirect URI  ${url}/auth/redirect\n${ofApi}`);
  const { GRAPH_BASE_URL, ENTRA_AUTHORITY: own } = tenant.settings;
  // In another cloud the authority is a setting, and names whose accounts sign in.
  const ENTRA_AUTHORITY = own.replace(/[^/]+(?=\/v2\.0$)/, signIn.tenant);
  if (file) {
    const { tenant: ENTRA_TENANT_ID, allowed: ENTRA_ALLOWED_TENANTS } = signIn;
    const ADMIN_TENANT_ID = ENTRA_ALLOWED_TENANTS && tenant.id;
    const whose = { ENTRA_TENANT_ID, ENTRA_ALLOWED_TENANTS, ADMIN_TENANT_ID, ENTRA_AUTHORITY };
    const values = {
      ...{ APP_BASE_URL: url, ENTRA_CLIENT_ID: appId, API_AUDIENCE: audience, ENTRA_ISSUER: '' },
      ...{ GRAPH_BASE_URL, ...(options.scopes && { GRAPH_SCOPES: options.scopes }) },
      // The registration keeps who may sign in, and so do the settings.
      ...(options['allowed-tenants'] || !held['ENTRA_TENANT_ID'] ? whose : {}),
    };
    const isNew = options['new-secret'] ?? false;
    await ensureLocalSecret(context, registration, file, { values, port, isNew });
    return say('Next: npm start -- --no-app in one terminal, npm run host in another.');
  }
  say('Next, for whoever deploys: the same command as before, with');
  say(`-p deployEntraApp=false -p entraClientId=${appId}`);
  if (ENTRA_AUTHORITY) say(`-p entraAuthority=${ENTRA_AUTHORITY}`);
  if (GRAPH_BASE_URL) say(`-p graphBaseUrl=${GRAPH_BASE_URL}`);
}

/**
 * Where az is signed in. `federation`: who gives the identity of the app its tokens there, and for whom (src/entra/managed-identity.ts);
 * `settings`: what an app needs in that cloud, empty in the public one. @param {Az} az
 */
async function readTenant(az) {
  const account = await az(['account', 'show', '--query', '[tenantId,user.name]']);
  const endpoints = 'endpoints.[microsoftGraphResourceId,activeDirectory]';
  const told = [account, await az(['cloud', 'show', '--query', endpoints])].flat();
  const [id = '', user, graph = '', login = ''] = told.map((one) => String(one).replace(/\/$/, ''));
  if (told.length !== 4 || !told.every((one) => typeof one === 'string'))
    throw new AzFailure('az did not say where it is signed in. Try: az login');
  // The Azure CLI names the old host of China; tokens name the new one as their issuer.
  const authority = login.replace('login.chinacloudapi.cn', 'login.partner.microsoftonline.cn');
  const name = authority.endsWith('.us') ? 'USGov' : authority.endsWith('.cn') ? 'China' : '';
  const issuer = `${authority}/${id}/v2.0`;
  const federation = { issuer, audiences: [`api://AzureADTokenExchange${name}`] };
  const settings = { ENTRA_AUTHORITY: name && issuer, GRAPH_BASE_URL: name && `${graph}/v1.0` };
  return { id, user, graph, federation, settings };
}
