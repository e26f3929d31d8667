import { parseArgs } from 'node:util';
import { Stop } from './stop.mjs';

export const usage = `For an app in Azure (what \`npm run deploy\` prints):
  entra-app.sh --url https://HOST --identity PRINCIPAL_ID --unique-name NAME [options]
Who opens the console of an app that is registered already, however it was:
  entra-app.sh --app-id APP_ID --admin OBJECT_ID [--admin OBJECT_ID ...]
For local development, with a secret in local.settings.json, which is never committed:
  entra-app.sh --local [--port 7071] [options]
Clean-up, by id, for good:
  entra-app.sh --delete APP_ID [--name TEXT]

Options:
  --app-id APP_ID        use this registration, which somebody made by hand; its sign-in audience, implicit grant,
                         logout URL and home page are set as Anteroom needs them
  --name TEXT            what people see when they sign in (Anteroom); with --delete the exact name of a
                         registration that is not Anteroom's alone, to confirm that it may go
  --admin OBJECT_ID      user or group that gets the app role admin; as often as needed
  --assignment-required  only people with an assignment may sign in
  --consent              consent for everybody (Privileged Role Administrator)
  --new-secret           with --local: a new secret although there is one
`;

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * @typedef {object} Options
 * @property {'azure' | 'admins' | 'local' | 'delete' | 'help'} mode
 * @property {string} url public origin; empty where `mode` is not `azure`
 * @property {string} identity
 * @property {string | undefined} uniqueName
 * @property {string | undefined} name with `mode` `delete` the one that confirms it
 * @property {string | undefined} appId of the registration to use or to delete
 * @property {readonly string[]} admins
 * @property {number | undefined} port
 * @property {boolean} assignmentRequired
 * @property {boolean} consent
 * @property {boolean} newSecret
 */

/**
 * What was asked for, checked before anything is made.
 * @param {readonly string[]} args
 * @returns {Options}
 * @throws {Stop} what is wrong with the command
 */
export function readOptions(args) {
  const values = parse(args);
  if (values.help) return read(values, 'help');
  if (values.delete !== undefined) {
    const others = Object.keys(values).filter((name) => !['delete', 'name'].includes(name));
    if (others.length > 0)
      throw new Stop(`--delete goes with --name at most, without --${others.join(', --')}`);
    check(guid.test(values.delete), '--delete wants the application (client) id, not a name');
    return read({ ...values, 'app-id': values.delete }, 'delete');
  }
  checkCommon(values);
  if (values.local) {
    for (const name of /** @type {const} */ (['url', 'identity'])) {
      check(
        values[name] === undefined,
        `--local goes without --${name}: the app is on this machine`,
      );
    }
    return read(values, 'local');
  }
  if (Object.keys(values).sort().join() === 'admin,app-id') return read(values, 'admins');
  for (const name of /** @type {const} */ (['port', 'new-secret'])) {
    check(values[name] === undefined, `--${name} goes with --local only`);
  }
  check(
    isOrigin(values.url),
    '--url wants the public origin as browsers write it, as in https://app.contoso.com: https, lower case, without a path and without :443',
  );
  const identity = values.identity ?? '';
  check(guid.test(identity), '--identity wants the object (principal) id of the managed identity');
  const isNamed = values['unique-name'] !== undefined || values['app-id'] !== undefined;
  check(isNamed, '--unique-name is missing: `npm run deploy` prints it');
  return read(values, 'azure');
}

/** @param {readonly string[]} args */
function parse(args) {
  const text = /** @type {const} */ ({ type: 'string' });
  const flag = /** @type {const} */ ({ type: 'boolean' });
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: text,
        identity: text,
        'unique-name': text,
        name: text,
        'app-id': text,
        admin: { type: 'string', multiple: true },
        port: text,
        delete: text,
        local: flag,
        'assignment-required': flag,
        consent: flag,
        'new-secret': flag,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    // "Option '--url <value>' argument missing", "Unknown option '--everything'": told well enough by Node.js.
    throw new Stop(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

/** @typedef {ReturnType<typeof parse>} Values */

/** @param {Values} values */
function checkCommon(values) {
  const { name, port } = values;
  const uniqueName = values['unique-name'] ?? 'none';
  check(
    /^[A-Za-z0-9._-]{1,100}$/.test(uniqueName),
    '--unique-name may hold letters, digits, dots, dashes and underscores',
  );
  // The directory takes 256 characters (https://learn.microsoft.com/graph/api/resources/application).
  check(
    name === undefined || /^.{1,256}$/u.test(name),
    '--name wants one line of up to 256 characters',
  );
  check(guid.test(values['app-id'] ?? zeros), '--app-id wants the application (client) id');
  for (const admin of values.admin ?? []) {
    check(guid.test(admin), `--admin wants the object id of a user or group, not ${admin}`);
  }
  const isPort = port === undefined || (/^\d{1,5}$/.test(port) && +port > 0 && +port < 65_536);
  check(isPort, '--port wants a number up to 65535');
}

const zeros = '00000000-0000-0000-0000-000000000000';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const host = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);

/** As browsers would write it: what they write otherwise would not be the redirect URI. @param {string | undefined} url */
function isOrigin(url = '') {
  if (!url.startsWith('https://') || !URL.canParse(url)) return false;
  const { origin, hostname } = new URL(url);
  return host.test(hostname) && url.replace(/\/$/, '') === origin;
}

/**
 * @param {boolean} isRight
 * @param {string} complaint
 */
function check(isRight, complaint) {
  if (!isRight) throw new Stop(complaint);
}

/**
 * @param {Values} values
 * @param {Options['mode']} mode
 * @returns {Options}
 */
function read(values, mode) {
  return {
    mode,
    url: (values.url ?? '').replace(/\/$/, ''),
    identity: values.identity ?? '',
    uniqueName: values['unique-name'],
    name: values.name,
    appId: values['app-id']?.toLowerCase(),
    admins: [...new Set((values.admin ?? []).map((id) => id.toLowerCase()))],
    port: values.port === undefined ? undefined : Number(values.port),
    assignmentRequired: values['assignment-required'] ?? false,
    consent: values.consent ?? false,
    newSecret: values['new-secret'] ?? false,
  };
}
