import { parseArgs } from 'node:util';
import { Stop } from '../../scripts/deploy/az.mjs';

export const usage = `Makes or updates the app registration. It needs the Azure CLI, and can be repeated.

For an app in Azure, as npm run deploy prints it:
  node infra/entra-app.mjs --url https://HOST --identity PRINCIPAL_ID --unique-name NAME [options]
For local development, with a secret in local.settings.json, which git ignores:
  node infra/entra-app.mjs --local [--port 7071] [options]

  --name TEXT            what people see when they sign in
  --admin OBJECT_ID      user or group that gets the app role admin; as often as needed
  --app-id-uri URI       App ID URI of the app as an API; without it api:// and the client id
  --allowed-tenants LIST whose accounts may sign in: GUIDs of tenants, * for any organisation, own for this tenant alone
  --consent              consent for everybody to --scopes (needs Privileged Role Administrator)
  --scopes LIST          what sign-in asks for, as GRAPH_SCOPES has it; without it User.Read
  --new-secret           with --local: a new secret although there is one`;

const [text, flag] = /** @type {const} */ ([{ type: 'string' }, { type: 'boolean' }]);
const known = {
  ...{ url: text, identity: text, name: text, port: text, 'unique-name': text, 'app-id-uri': text },
  ...{ 'allowed-tenants': text, admin: { ...text, multiple: /** @type {const} */ (true) } },
  ...{ local: flag, consent: flag, scopes: text, 'new-secret': flag, help: flag },
};

const id = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const guid = new RegExp(`^${id}$`, 'i');
const [personal, or] = ['9188040d-6c67-4c5b-b112-36a304b66dad', '[\\s,]+'];
/** As the parameter allowedTenants takes them: beside any organisation only personal accounts can be named. */
const some = `${id}(${or}${id}){0,499}|(\\*${or})?${personal}|(${personal}${or})?\\*`;
const tenants = new RegExp(`^(own|${some})$`, 'i');
/** As the setting GRAPH_SCOPES takes them: RFC 6749 section 3.3. */
const scope = '(?!(none|openid|profile|email|offline_access)( |$))[\\x21\\x23-\\x5b\\x5d-\\x7e]+';
const scopes = new RegExp(`^(?!.{601})(none|${scope}( +${scope})*)$`);
const host =
  /^https:\/\/(?!.{254})[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d+)?\/?$/;
/** As the setting API_AUDIENCE takes it. */
const appIdUri = /^(?!.{240})(api|https):\/(\/[A-Za-z0-9._~:-]+)+$/;

/** What was asked for, checked before anything is made. @param {readonly string[]} args @throws {Stop} */
export function readOptions(args) {
  const values = parsed(args);
  const { url = '', identity, name, port, local, 'unique-name': uniqueName } = values;
  // What browsers write otherwise would not be the redirect URI.
  const isOrigin = host.test(url) && URL.parse(url)?.origin === url.replace(/\/$/, '');
  const inAzure = !values.help && !local;
  for (const [isRight, complaint] of [
    [(values.admin ?? []).every((id) => guid.test(id)), '--admin needs an object id'],
    [!local || (values.url ?? identity) === undefined, '--local goes without --url and --identity'],
    [local || port === undefined, '--port goes with --local only'],
    [local || !values['new-secret'], '--new-secret goes with --local only'],
    [/^[1-9]\d{0,4}$/.test(port ?? '1') && Number(port ?? 1) < 65_536, '--port needs a port'],
    [tenants.test(values['allowed-tenants'] ?? 'own'), '--allowed-tenants needs GUIDs, * or own'],
    [scopes.test(values.scopes ?? 'none'), '--scopes needs what GRAPH_SCOPES may be'],
    [local || values.consent || !values.scopes, '--scopes goes with --consent or --local'],
    [!values.consent || !/\B\.default\b/.test(`${values.scopes}`), '--consent takes no .default'],
    [appIdUri.test(values['app-id-uri'] ?? 'api://own'), '--app-id-uri needs api://… or https://…'],
    [/^(?=.*\S).{1,120}$/u.test(name ?? 'none'), '--name needs one line of up to 120 characters'],
    [!inAzure || isOrigin, '--url needs an origin as browsers write it: https://HOST'],
    [!inAzure || guid.test(identity ?? ''), '--identity needs the object id of the identity'],
    [!inAzure || uniqueName !== undefined, '--unique-name is missing: npm run deploy prints it'],
    [/^[\w.-]{1,100}$/.test(uniqueName ?? 'none'), '--unique-name may hold letters, digits, . - _'],
  ])
    if (!isRight) throw new Stop(String(complaint));
  return values;
}

/** @param {readonly string[]} args */
function parsed(args) {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new Stop(`${error}\n\n${usage}`);
  }
}
