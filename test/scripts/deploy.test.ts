import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Az, AzFailure } from '../../scripts/deploy/az.mjs';
import { deploy } from '../../scripts/deploy/main';
import { refuseUnknown } from './az-arguments';

const clientId = 'c11e0000-0000-4000-8000-0000000a99a9';
const entraApp = 'node infra/entra-app.mjs --unique-name anteroom-x1 --allowed-tenants "*"';
const minuteMs = 60_000;

/** What az does at a command that begins so; the first that fits. */
interface Answer {
  readonly command: string;
  readonly gives?: unknown;
  readonly fails?: string;
  readonly isLate?: true;
  /** How often, before the next one that fits. */
  times?: number;
  readonly meanwhile?: () => void;
}

let folder: string;
let app: Server;
let url: string;
/** What the app answers at /health, one after the other; the last one stays. */
let health: (readonly [status: number, body: string])[];
/** Everything that was told. */
let said: string;
/** Every command, as one line, with the address of a package where it is in the environment. */
let commands: string[];
/** Milliseconds that were waited, as far as the deployment can tell. */
let waited: number;
let stop: AbortController;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-deploy-'));
  writeFileSync(join(folder, 'anteroom.zip'), 'zip');
  [said, commands, waited, stop] = ['', [], 0, new AbortController()];
  health = [[200, '{"status":"ok"}']];
  app = createServer((request, response) => {
    const [status, body] = (health.length > 1 ? health.shift() : health[0]) ?? [500, ''];
    response.writeHead(request.url === '/health' ? status : 404).end(body);
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const address = app.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
});

afterEach(() => {
  app.closeAllConnections();
  app.close();
  rmSync(folder, { recursive: true });
});

/** A template that works, with these outputs. */
function template(outputs: Readonly<Record<string, unknown>> = {}): Answer {
  const all = {
    url,
    functionAppName: 'func-anteroom-x1',
    redirectUri: `${url}/auth/redirect`,
    entraClientId: clientId,
    entraAppCommands: [entraApp, 'az ad sp update --id CLIENT_ID'],
    dnsRecords: [],
    ...outputs,
  };
  const gives = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { value }]));
  return { command: 'deployment group create', gives };
}

/** What az says when nothing is wrong. */
function usual(): readonly Answer[] {
  return [
    { command: 'account show', gives: ['ada@contoso.com', 'Pay as you go', 'tenant-1'] },
    { command: 'provider show --namespace Microsoft.App', gives: 'Registered' },
    { command: 'group exists', gives: true },
    { command: 'group create', gives: {} },
    { command: 'functionapp list', gives: [] },
    { command: 'functionapp deployment source config-zip', gives: {} },
    { command: 'ad app show', gives: { uris: [`${url}/auth/redirect`] } },
    template(),
  ];
}

function scripted(answers: readonly Answer[]): Az {
  return async (args, options = {}) => {
    const line = args.join(' ');
    const address = options.env?.['PACKAGE_URI'];
    commands.push(address === undefined ? line : `PACKAGE_URI=${address} ${line}`);
    refuseUnknown(args);
    const answer = answers.find(({ command, times }) => line.startsWith(command) && times !== 0);
    if (answer === undefined) throw new Error(`unexpected: az ${line}`);
    if (answer.times !== undefined) answer.times -= 1;
    answer.meanwhile?.();
    await Promise.resolve();
    stop.signal.throwIfAborted();
    if (answer.fails !== undefined) throw new AzFailure(answer.fails, answer.isLate);
    return answer.gives;
  };
}

/** @param answers in place of the usual ones */
async function run(answers: readonly Answer[] = [], ...args: readonly string[]): Promise<number> {
  return deploy(args.length > 0 ? args : ['-g', 'rg-1'], {
    az: scripted([...answers, ...usual()]),
    clock: {
      now: () => waited,
      pause: (milliseconds) => {
        waited += milliseconds;
        return Promise.resolve();
      },
    },
    zip: join(folder, 'anteroom.zip'),
    say: (text) => (said += `${text}\n`),
    interrupt: stop.signal,
  });
}

const tries = (command: string): number => commands.filter((line) => line.includes(command)).length;

describe('npm run deploy', () => {
  it('makes everything, uploads the package, asks /health, and says where the app is', async () => {
    expect(await run()).toBe(0);
    expect(commands.filter((line) => / create | config-zip /.test(line))).toEqual([
      'PACKAGE_URI= deployment group create --name anteroom --resource-group rg-1 --template-file infra/main.bicep --parameters infra/main.bicepparam --query properties.outputs',
      `functionapp deployment source config-zip --timeout 600 --resource-group rg-1 --name func-anteroom-x1 --src ${folder}/anteroom.zip`,
    ]);
    expect(said).toContain('  ada@contoso.com, Pay as you go, tenant-1\n');
    expect(said).toContain(`\n${url}\nredirect URI: ${url}/auth/redirect\n`);
    expect(said).toContain(
      `This lets somebody open the console, and keeps the registration as the parameters say:\n  ${entraApp} --admin OBJECT_ID\n  az ad sp update`,
    );
    expect(said).toMatch(/5\/5 Health\n.*\n {2}ok\n$/);
    expect(said).not.toMatch(/Other people|DNS/);
  });

  it('passes parameters on: a file in place of the usual one, name=value after it', async () => {
    const file = 'infra/main.production.bicepparam';
    await run([], ...`-g rg-1 -p tags={} -p ${file} -p alertEmail=a@b.bicepparam`.split(' '));
    const wanted = `--parameters ${file} tags={} alertEmail=a@b.bicepparam --query`;
    expect(commands.join('\n')).toContain(wanted);
  });

  it('makes the resource group where it was told to', async () => {
    const none = { command: 'group exists', gives: false };
    expect(await run([none], '-g', 'rg-1')).toBe(1);
    expect(said).toContain('There is no resource group rg-1. Say where to make it');
    expect(tries(' create ')).toBe(0);
    expect(await run([none], '-g', 'rg-1', '-l', 'westeurope')).toBe(0);
    expect(commands).toContain('group create --name rg-1 --location westeurope');
    await run([], '-g', 'rg-1', '-l', 'northeurope');
    expect(said).toContain('rg-1 is there already, so --location is not used\n');
  });

  it.each<readonly [args: string, says: string, answers: Answer[]]>([
    ['-l westeurope', 'An option is missing or empty.', []],
    ['-g ', 'An option is missing or empty.', []],
    ['--subscription x', "Unknown option '--subscription'", []],
    ['-g a -p packageUri=https://a', 'This uploads the package', []],
    ...['infra/missing.bicepparam', 'infra/app-roles.json', '@infra/app-roles.json', 'tags'].map(
      (one): [string, string, []] => [`-g a -p ${one}`, 'one .bicepparam file that is there', []],
    ),
    ['-g a -p infra/main.bicepparam -p infra/main.production.bicepparam', 'one .bicepparam', []],
    ['-g a', 'az login --tenant', [{ command: 'account show', fails: "Please run 'az login'" }]],
    ['-g a', 'az provider register', [{ command: 'provider show', gives: 'NotRegistered' }]],
  ])('refuses before anything is made: %s', async (args, says, answers) => {
    expect(await run(answers, ...args.split(' '))).toBe(1);
    expect(said).toContain(says);
    expect(tries(' create ')).toBe(0);
  });

  it('goes on where somebody may not see what is registered', async () => {
    expect(await run([{ command: 'provider show', fails: '(AuthorizationFailed) No.' }])).toBe(0);
  });

  it('needs the package', async () => {
    rmSync(join(folder, 'anteroom.zip'));
    expect(await run()).toBe(1);
    expect(said).toContain('npm run package makes it');
    expect(commands).toEqual([]);
  });

  it('prints its options and exit codes', async () => {
    expect(await run([], '--help')).toBe(0);
    expect(said).toMatch(/--resource-group NAME[^]*Exit codes: 0 done; 1 [^]*2 [^]*130 stopped/);
  });

  it('says that strangers share the name, and what the DNS needs for one of your own', async () => {
    const dnsRecords = ['CNAME YOUR_DOMAIN = func-x', 'TXT asuid.YOUR_DOMAIN = id'];
    const shared = 'https://func-x.westeurope-01.azurewebsites.net';
    expect(await run([template({ url: shared, entraClientId: '', dnsRecords })])).toBe(0);
    expect(said).toContain("param customDomain = 'YOUR_DOMAIN' in a .bicepparam file.\n");
    expect(said).toContain(`  ${dnsRecords.join('\n  ')}\n`);
  });

  it('says who makes the registration where somebody else keeps it, and does not ask /health', async () => {
    expect(await run([template({ entraClientId: '' })])).toBe(0);
    const commands = `${entraApp}\n  az ad sp update --id CLIENT_ID`;
    expect(said).toContain(`Whoever keeps registrations runs:\n  ${commands}\n`);
    expect(said).not.toContain('5/5');
  });
});

describe('the template', () => {
  const command = 'deployment group create';

  it('is run again for twelve minutes as long as it fails for a reason that passes', async () => {
    expect(await run([{ command, fails: 'Request_ResourceNotFound', times: 2 }])).toBe(0);
    expect(tries(command)).toBe(3);
    expect(said.split('Trying again in a minute.')).toHaveLength(3);
    expect(await run([{ command, fails: 'Request_ResourceNotFound' }])).toBe(1);
    expect(waited).toBeGreaterThanOrEqual(12 * minuteMs);
    expect(waited).toBeLessThan(16 * minuteMs);
  });

  it('is not run again where it would fail again, or may still be at work', async () => {
    const fails = '{"error":{"code":"RequestDisallowedByPolicy","message":"Not by policy tags."}}';
    expect(await run([{ command, fails }])).toBe(1);
    expect(said).toContain(
      'RequestDisallowedByPolicy: Not by policy tags.\n\nNot finished: A policy',
    );
    expect(said).toContain('this can be run again');
    const late = 'az did not come back within 90 minutes. Status Code: 503';
    expect(await run([{ command, fails: late, isLate: true }])).toBe(1);
    expect([tries(command), tries('config-zip')]).toEqual([2, 0]);
  });

  it.each(['functionAppName', 'url', 'redirectUri', 'entraAppCommands'])(
    'whose answer lacks %s is followed by nothing',
    async (name) => {
      expect(await run([template({ [name]: undefined })])).toBe(1);
      expect(said).toContain('az does not say what was made');
      expect(tries('config-zip')).toBe(0);
    },
  );

  it('takes nothing from the registration without a word', async () => {
    const uris = [`${url}/auth/redirect`, 'https://old.example/cb'];
    const settings = 'functionapp config appsettings list';
    const answers = [
      { command: 'functionapp list', gives: ['func-anteroom-x1', 'func-other'] },
      { command: `${settings} --resource-group rg-1 --name func-anteroom-x1`, gives: clientId },
      { command: settings, gives: undefined },
    ];
    const held = {
      ...{ uris, scopes: ['s-1'], claims: ['email'], groups: 'All' },
      ...{ roles: ['old'], apps: ['app-1'] },
    };
    expect(await run([...answers, { command: 'ad app show', gives: held, times: 1 }])).toBe(0);
    expect(said).toContain(`    redirect URI https://old.example/cb (keptRedirectUris)
    permission s-1 (apiPermissions)
    optional claim email (no parameter keeps it)
    groups in tokens: All (groupClaims)
    app role old (appRoles)
    pre-authorized app app-1 (no parameter keeps it)\n`);
    expect(said).not.toContain('    redirect URI http://127');
    said = '';
    // It may not be read: nothing is claimed of it, and the deployment goes on.
    expect(
      await run([...answers, { command: 'ad app show', fails: 'Insufficient privileges' }]),
    ).toBe(0);
    expect(said).not.toContain('Taken from');
  });
});

describe('the package', () => {
  const command = 'functionapp deployment';

  it.each([
    '[StorageAccessibleCheck] 403',
    'Status Code: 503',
    'There may be an ongoing deployment.',
  ])('is sent again after %s', async (fails) => {
    expect(await run([{ command, fails, times: 2 }])).toBe(0);
    expect(tries('config-zip')).toBe(3);
  });

  it('is not sent again after a refusal that would come again', async () => {
    expect(await run([{ command, fails: 'Status Code: 403, Details: Ip Forbidden' }])).toBe(1);
    expect(tries('config-zip')).toBe(1);
    expect(said).toContain('Not finished: You lack a role in Azure.');
  });

  it.each([
    'Deployment was successful but the app appears to be unhealthy.',
    'Failed to fetch host key',
  ])('counts as sent when only the check of az after it fails: %s', async (fails) => {
    expect(await run([{ command, fails }])).toBe(0);
  });
});

describe('after the deployment', () => {
  const failing = [503, '{"status":"failing"}'] as const;

  it('health may come late', async () => {
    health = [failing, failing, [200, '{"status":"ok"}']];
    expect(await run()).toBe(0);
    expect(said.split('503 {"status":"failing"')).toHaveLength(2);
  });

  it.each<readonly [string, readonly [number, string], string]>([
    ['the app, which names the part', failing, 'It names the part that fails.'],
    ['another site, which says 200 to anything', [200, '<html>'], 'not the answer of the app'],
    ['a site that sends without end', [200, 'x'.repeat(70_000)], 'not the answer of the app'],
    ['text that would clear a terminal', [503, 'a\u001b[2Jb'], '503 a[2Jb'],
  ])('twelve minutes without health are told by who answered: %s', async (_case, answer, says) => {
    health = [answer];
    expect(await run()).toBe(2);
    expect(waited).toBeGreaterThanOrEqual(12 * minuteMs);
    expect(said).toContain('Not finished: Deployed, but /health does not say ok');
    expect(said).toContain(says);
  });

  it('nobody who answers is told with the reason', async () => {
    app.close();
    expect(await run()).toBe(2);
    expect(said).toContain('Nobody answers at that name');
    expect(said).toMatch(/no answer: .*ECONNREFUSED/);
  });

  it('a registration without the redirect URI is told of, with what mends it', async () => {
    expect(
      await run([{ command: 'ad app show', gives: { uris: ['https://old.example/cb'] } }]),
    ).toBe(2);
    expect(said).toContain(
      `Deployed, but the registration ${clientId} lacks ${url}/auth/redirect.`,
    );
    expect(said).toContain(`Whoever keeps it runs:\n${entraApp}\naz ad sp update`);
  });
});

it.each(['account show', 'deployment group create', 'functionapp deployment', 'ad app show'])(
  'Ctrl-C at az %s: says that Azure goes on, and how to wait for it',
  async (command) => {
    const meanwhile = stop.abort.bind(stop);
    expect(await run([{ command, meanwhile, gives: undefined }])).toBe(130);
    expect(said).toMatch(/Stopped here[^]*az deployment group wait[^]*az deployment group cancel/);
  },
);
