import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entraApp } from '../../infra/entra-app/main.mjs';
import { tokenExchangeResource } from '../../src/entra/managed-identity';
import { isObject } from '../../src/json';
import { armGuid } from './arm-guid';
import type { Application, Fault, Json } from './fake-graph';
import { FakeGraph, graphPrincipalId, tenantId } from './fake-graph';

const identity = '1de27171-0000-4000-8000-00000000a11c';
const url = 'https://app.contoso.com';
const uniqueName = 'anteroom-prod-x1';
/** The options that `npm run deploy` prints. */
const inAzure = ['--url', url, '--identity', identity, '--unique-name', uniqueName];
const grace = '96ace000-0000-4000-8000-00000000a11c';
const alan = 'a1a00000-0000-4000-8000-00000000a11c';
const linus = '11905000-0000-4000-8000-00000000a11c';
const dayMs = 86_400_000;

let root: string;
let graph: FakeGraph;

beforeEach(() => {
  graph = new FakeGraph();
  // With what shells like to stumble over.
  root = mkdtempSync(join(tmpdir(), "anteroom checkout's "));
  mkdirSync(join(root, 'infra'));
  writeFileSync(join(root, 'infra/app-roles.json'), '[]');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Runs it without a process or a wait. */
async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  let said = '';
  const say = (text: string) => (said += `${text}\n`);
  const code = await entraApp(args, root, { az: graph.az, pause: () => Promise.resolve(), say });
  return { code, said };
}

function application(): Application {
  const [first] = graph.applications;
  if (first === undefined) throw new Error('no registration');
  return first;
}

describe('infra/entra-app.mjs', () => {
  it('is one program, started alike everywhere, which needs no installed package', () => {
    const folder = join(root, 'a folder é');
    cpSync('infra', join(folder, 'infra'), { recursive: true });
    cpSync('scripts/deploy', join(folder, 'scripts/deploy'), { recursive: true });
    const help = execFileSync(process.execPath, [join(folder, 'infra/entra-app.mjs'), '--help'], {
      encoding: 'utf8',
      cwd: tmpdir(),
    });
    expect(help).toContain('node infra/entra-app.mjs --url https://HOST');
    const args = [join(folder, 'infra/entra-app.mjs'), ...inAzure];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { PATH: folder },
    });
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: expect.stringContaining('The Azure CLI (az) is not installed') as string,
    });
  });

  it('registers what the template registers', async () => {
    const { code, said } = await run(...inAzure);
    expect(code).toBe(0);
    const { appId } = application();
    expect(said).toContain(`client id     ${appId}\nredirect URI  ${url}/auth/redirect\n`);
    expect(said).toContain(`-p deployEntraApp=false -p entraClientId=${appId}\n`);
    expect(said).not.toMatch(/entraAuthority|graphBaseUrl/);
    expect(application()).toEqual({
      id: expect.any(String) as string,
      appId,
      uniqueName,
      displayName: 'Anteroom',
      signInAudience: 'AzureADMyOrg',
      appRoles: [
        {
          id: armGuid(uniqueName, 'admin'),
          value: 'admin',
          displayName: 'Administrator',
          description: 'Sees who is signed in and can end sessions.',
          allowedMemberTypes: ['User'],
          isEnabled: true,
        },
      ],
      optionalClaims: {
        idToken: [
          { name: 'login_hint', essential: false },
          { name: 'sid', essential: false },
        ],
      },
      requiredResourceAccess: [
        {
          resourceAppId: '00000003-0000-0000-c000-000000000000',
          resourceAccess: [{ id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' }],
        },
      ],
      web: {
        homePageUrl: url,
        implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
        logoutUrl: `${url}/auth/front-channel-logout`,
        redirectUris: [`${url}/auth/redirect`, `${url}/auth/signed-out`],
      },
      passwordCredentials: [],
      federatedIdentityCredentials: [
        {
          name: 'appIdentity',
          description: 'The managed identity of the app.',
          audiences: ['api://AzureADTokenExchange'],
          issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
          subject: identity,
        },
      ],
    });
    expect(graph.servicePrincipals.at(-1)).toMatchObject({
      appId,
      appRoleAssignmentRequired: false,
    });
    expect(graph.grants).toEqual([]);
    // Others on the machine can read arguments.
    expect(graph.commands.join('\n')).not.toMatch(/displayName":|redirectUris":/);
  });

  it('changes nothing when it is run again, and says so', async () => {
    // More administrators than a page has.
    const admins = [grace, alan, linus].flatMap((id) => ['--admin', id]);
    writeFileSync(join(root, 'infra/app-roles.json'), '[{ "value": "reader" }]');
    await run(...inAzure, '--consent', ...admins);
    expect(graph.assignments).toHaveLength(3);
    expect(application().appRoles[1]).toMatchObject({
      id: armGuid(uniqueName, 'reader'),
      displayName: 'reader',
    });
    expect(graph.grants).toMatchObject([
      {
        consentType: 'AllPrincipals',
        resourceId: graphPrincipalId,
        scope: 'openid profile offline_access User.Read',
      },
    ]);
    const before = graph.writes();
    const { said } = await run(...inAzure, '--consent', ...admins);
    expect(graph.writes()).toEqual(before);
    for (const line of [
      'Registration: already as wanted (Anteroom)',
      'Service principal: already as wanted',
      'Federated credential: already as wanted (appIdentity)',
      `App role admin: ${linus} has it already`,
      'Consent for everybody: given already',
    ])
      expect(said).toContain(`${line}\n`);
  });

  it('follows a changed address, name and identity, and opens no app that was closed', async () => {
    await run(...inAzure, '--assignment-required');
    const other = '1de27171-0000-4000-8000-0000000000b2';
    const changed = ['--url', 'https://new.contoso.com/', '--identity', other, ...inAzure.slice(4)];
    const { said } = await run(...changed, '--name', `"Empfang" & 'Ärger' $(id) %PATH%`);
    expect(application()).toMatchObject({
      displayName: `"Empfang" & 'Ärger' $(id) %PATH%`,
      web: { homePageUrl: 'https://new.contoso.com' },
      federatedIdentityCredentials: [{ subject: other }],
    });
    expect(said).toContain('changed displayName, web.homePageUrl, web.logoutUrl, web.redirectUris');
    expect(said).toContain('Federated credential: changed to this identity');
    expect(said).toContain('Kept: only people with an assignment may sign in');
    expect(graph.servicePrincipals.at(-1)).toMatchObject({ appRoleAssignmentRequired: true });
  });

  it('keeps what others put on the registration, and a wider consent', async () => {
    await run(...inAzure, '--consent');
    const held = application();
    const other = { resourceAppId: grace, resourceAccess: [{ id: alan, type: 'Role' }] };
    Object.assign(held.web, { redirectUris: [`https://old.contoso.com/callback`] });
    Object.assign(held, {
      appRoles: [{ id: linus, value: 'admin', allowedMemberTypes: ['User'], isEnabled: true }],
      optionalClaims: { accessToken: [{ name: 'ipaddr' }], idToken: [{ name: 'email' }] },
      requiredResourceAccess: [other],
    });
    held.federatedIdentityCredentials[0] = {
      ...held.federatedIdentityCredentials[0],
      name: 'ours',
    };
    graph.grants[0] = { ...graph.grants[0], scope: 'Mail.Read openid' };
    const { code, said } = await run(...inAzure, '--consent', '--admin', grace);
    expect(code).toBe(0);
    expect(held.web['redirectUris']).toEqual([
      'https://old.contoso.com/callback',
      `${url}/auth/redirect`,
      `${url}/auth/signed-out`,
    ]);
    // It keeps its id, and with it those who have it.
    expect(held.appRoles).toMatchObject([{ id: linus, value: 'admin' }]);
    expect(graph.assignments).toMatchObject([{ principalId: grace, appRoleId: linus }]);
    expect(held).toMatchObject({
      optionalClaims: {
        accessToken: [{ name: 'ipaddr' }],
        idToken: [{ name: 'email' }, { name: 'login_hint' }, { name: 'sid' }],
      },
      requiredResourceAccess: [other, { resourceAccess: [{ type: 'Scope' }] }],
      federatedIdentityCredentials: [{ name: 'ours' }],
    });
    expect(graph.grants[0]['scope']).toBe('Mail.Read openid profile offline_access User.Read');
    expect(said).toContain(
      'Kept redirect URIs that are not of this app: https://old.contoso.com/callback',
    );
    expect(said).toContain('it asks for application permissions');
  });

  // As `az cloud show` has them: azure-cli-core/azure/cli/core/cloud.py.
  it.each([
    [
      'https://graph.microsoft.us/',
      'https://login.microsoftonline.us',
      'https://login.microsoftonline.us',
    ],
    [
      'https://microsoftgraph.chinacloudapi.cn',
      'https://login.chinacloudapi.cn',
      'https://login.partner.microsoftonline.cn',
    ],
  ])('takes a cloud of its own for what it is: %s', async (address, login, authority) => {
    Object.assign(graph, { graph: address, authority: login });
    const { said } = await run(...inAzure);
    const issuer = `${authority}/${tenantId}/v2.0`;
    // The app asks its identity for a token of that audience, and for no other.
    const audiences = [tokenExchangeResource(issuer)];
    expect(audiences).not.toEqual(['api://AzureADTokenExchange']);
    expect(application().federatedIdentityCredentials).toMatchObject([{ issuer, audiences }]);
    expect(said).toContain(`-p entraAuthority=${issuer}\n`);
    expect(said).toContain(`-p graphBaseUrl=${address.replace(/\/$/, '')}/v1.0\n`);
  });

  it.each<readonly [string, readonly string[], string]>([
    ...[
      'https://a.example/b',
      'http://a.example',
      'https://a"b',
      'https://a:99999',
      'https://a:443',
    ]
      .concat(
        ['https://APP.contoso.com', 'https://-', 'https://a..b', 'https://a-.b', 'https://a_b.com'],
        ['https://2130706433', 'https://a//', 'https://me@a', 'https://a?a', ''],
      )
      .map((one) => [one, ['--url', one, ...inAzure.slice(2)], '--url wants'] as const),
    ['no address', inAzure.slice(2), '--url wants'],
    [
      'a name for the id',
      ['--url', url, '--identity', 'id-a', '--unique-name', 'a'],
      '--identity wants',
    ],
    ['no unique name', inAzure.slice(0, 4), '--unique-name is missing'],
    [
      'a break-out',
      [...inAzure.slice(0, 4), '--unique-name', "a')/owners('b"],
      '--unique-name may hold',
    ],
    ['a name of two lines', [...inAzure, '--name', 'a\nb'], '--name wants one line'],
    ['an administrator by name', [...inAzure, '--admin', 'grace'], '--admin wants the object id'],
    ['an unknown option', ['--delete', grace], "Unknown option '--delete'"],
    ['a port that is none', ['--local', '--port', '70710'], '--port wants'],
    ['--local with an address', ['--local', '--url', url], '--local goes without'],
    ['a secret for Azure', [...inAzure, '--new-secret'], '--new-secret goes with --local only'],
  ])('refuses before az is asked anything: %s', async (_case, args, says) => {
    const { code, said } = await run(...args);
    expect({ code, commands: graph.commands }).toEqual({ code: 1, commands: [] });
    expect(said).toContain(says);
  });

  it('refuses a list of roles that is none', async () => {
    writeFileSync(join(root, 'infra/app-roles.json'), '{}');
    expect((await run(...inAzure)).said).toContain(
      'infra/app-roles.json is not a list of app roles',
    );
  });
});

describe('when az or Graph says no, infra/entra-app.mjs', () => {
  const notThere = { status: 'Not Found', code: 'Request_ResourceNotFound', message: 'x' } as const;

  it('waits for what not every server of Entra ID has heard of, and says so once', async () => {
    const says = (message: string) => ({ status: 'Bad Request', message }) as const;
    graph.faults = [
      { on: 'PATCH servicePrincipals', ...notThere, times: 2 },
      {
        on: 'PATCH servicePrincipals',
        ...says('appId x does not reference a valid application object.'),
        times: 2,
      },
      { on: 'GET applications/', ...notThere, times: 2 },
      { on: 'PATCH applications/', ...notThere, times: 2 },
      {
        on: 'POST servicePrincipals',
        ...says('Permission being assigned was not found on x'),
        times: 2,
      },
      { on: 'POST servicePrincipals', ...says('Not a valid reference update.'), times: 2 },
      { on: 'POST oauth2PermissionGrants', ...notThere, times: 2 },
    ];
    const { code, said } = await run(...inAzure, '--admin', grace, '--consent');
    expect(code).toBe(0);
    expect(said.split('Not every server of Entra ID knows the new objects yet')).toHaveLength(2);
    expect(graph.faults.every(({ times }) => times === 0)).toBe(true);
  });

  it('waits for a minute, then says what to do', async () => {
    graph.faults = [{ on: 'PATCH servicePrincipals', ...notThere }];
    const { code, said } = await run(...inAzure);
    expect(code).toBe(1);
    expect(said).toContain('Stopped: could not make or change the service principal');
    expect(graph.writes().filter((line) => line.startsWith('PATCH service'))).toHaveLength(12);
  });

  it.each<readonly [string, Fault, string]>([
    [
      'a missing role',
      { on: 'PATCH applications', status: 'Forbidden', code: 'Authorization_RequestDenied' },
      'It takes the Entra role Application Developer',
    ],
    [
      'an expired sign-in',
      { on: 'GET applications', said: 'ERROR: AADSTS700082: expired.' },
      'az login',
    ],
    [
      'no network',
      { on: 'GET applications', said: 'ERROR: Max retries exceeded' },
      'Look at the network',
    ],
    [
      'an unknown gateway',
      { on: 'GET applications', said: 'ERROR: Not Found(<html>404' },
      'run again',
    ],
    [
      'an address that Graph does not know',
      { on: 'GET applications', ...notThere, message: "not found for the segment 'applications'." },
      'could not read',
    ],
    [
      'a deleted registration that holds the name',
      {
        on: 'PATCH applications',
        status: 'Bad Request',
        message: 'Another object with the same value for property uniqueName already exists.',
      },
      'Deleted applications',
    ],
    ['nobody signed in', { on: 'account show', said: "ERROR: Please run 'az login'." }, 'az login'],
    ['an answer of another form', { on: 'account show', answers: [] }, 'did not say where'],
    ['no answer', { on: 'GET applications', answers: undefined }, 'az printed no object'],
    ['an answer that is no list', { on: 'GET applications/', answers: { value: null } }, 'no list'],
    [
      'a registration that is none',
      { on: 'GET applications', answers: { appRoles: 'x' } },
      'a fault',
    ],
  ])('ends with what was said and what to do: %s', async (_case, fault, advice) => {
    graph.faults = [fault];
    const { code, said } = await run(...inAzure);
    expect(code).toBe(1);
    expect(said).toContain(fault.said ?? fault.message ?? '');
    expect(said).toContain(advice);
    expect(said).not.toContain('    at ');
  });
});

describe('infra/entra-app.mjs --local', () => {
  beforeEach(() => {
    for (const name of ['local.settings.json.example', '.gitignore'])
      cpSync(name, join(root, name));
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
    execFileSync('git', ['init', '--quiet'], { cwd: root, env: Object.fromEntries(own) });
  });

  const path = () => join(root, 'local.settings.json');
  const settings = (): { Values: Json; Host: Json } => {
    const parsed: unknown = JSON.parse(readFileSync(path(), 'utf8'));
    const { Values: values, Host: host } = isObject(parsed) ? parsed : {};
    return { Values: isObject(values) ? values : {}, Host: isObject(host) ? host : {} };
  };
  const secret = () => settings().Values['ENTRA_CLIENT_SECRET'];
  /** As time would. */
  const age = (days: number) => {
    const endDateTime = new Date(Date.now() + days * dayMs).toISOString();
    for (const held of application().passwordCredentials) Object.assign(held, { endDateTime });
  };

  it('registers localhost and writes local.settings.json, with a secret that is nowhere else', async () => {
    const { code, said } = await run('--local');
    expect(code).toBe(0);
    expect(settings().Values).toMatchObject({
      APP_BASE_URL: 'http://localhost:7071',
      ENTRA_TENANT_ID: tenantId,
      ENTRA_CLIENT_ID: application().appId,
      ENTRA_CLIENT_SECRET: 's01~secret',
      ENTRA_AUTHORITY: '',
      ENTRA_ISSUER: '',
      GRAPH_BASE_URL: '',
      TABLES_NAME: 'anteroom',
    });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(application()).toMatchObject({
      uniqueName: 'anteroom-local-ada',
      displayName: 'Anteroom (local development)',
      federatedIdentityCredentials: [],
    });
    expect(application().web).not.toHaveProperty('logoutUrl');
    const end =
      Date.parse(String(application().passwordCredentials[0]?.['endDateTime'])) - Date.now();
    expect(end).toBeGreaterThan(89 * dayMs);
    expect(end).toBeLessThanOrEqual(90 * dayMs);
    expect(said + graph.commands.join('\n')).not.toContain('s01~');
  });

  it('keeps secret and other settings, and follows another port', async () => {
    await run('--local');
    const held = settings();
    const values = { ...held.Values, SESSION_IDLE_SECONDS: '60' };
    writeFileSync(path(), `\uFEFF${JSON.stringify({ ...held, Values: values, Extra: {} })}`);
    const { said } = await run('--local', '--port', '7072');
    expect(said).toContain('the secret kept');
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toMatchObject({
      Values: {
        APP_BASE_URL: 'http://localhost:7072',
        ENTRA_CLIENT_SECRET: 's01~secret',
        SESSION_IDLE_SECONDS: '60',
      },
      Host: { LocalHttpPort: 7072 },
      Extra: {},
    });
    // Entra ID takes no notice of the port of localhost: two that differ only there are in each other's way.
    expect(application().web['redirectUris']).toEqual([
      'http://localhost:7072/auth/redirect',
      'http://localhost:7072/auth/signed-out',
    ]);
    expect((await run('--local')).said).toContain('redirect URI  http://localhost:7072/');
  });

  it.each([
    [
      'has expired',
      () => {
        age(-1);
      },
      's02~secret',
    ],
    [
      'ends within a week',
      () => {
        age(6);
      },
      's02~secret',
    ],
    [
      'lasts longer',
      () => {
        age(8);
      },
      's01~secret',
    ],
    [
      'is not known',
      () => {
        application().passwordCredentials = [];
      },
      's02~secret',
    ],
  ])(
    'makes a new secret where the one in the file is no good: it %s',
    async (_case, change, wanted) => {
      await run('--local');
      change();
      await run('--local');
      expect(secret()).toBe(wanted);
      await run('--local', '--new-secret');
      expect(secret()).not.toBe(wanted);
    },
  );

  it.each<readonly [string, () => void, string]>([
    [
      'git would take the file',
      () => {
        writeFileSync(join(root, '.gitignore'), '');
      },
      'git does not say',
    ],
    [
      'there is no clone',
      () => {
        rmSync(join(root, '.git'), { recursive: true });
      },
      'git does not say',
    ],
    [
      'the file has comments',
      () => {
        writeFileSync(path(), '{ // mine\n}');
      },
      'plain JSON',
    ],
    [
      'its port is none',
      () => {
        writeFileSync(path(), '{"Host":{"LocalHttpPort":"x"}}');
      },
      'is no port',
    ],
  ])('makes nothing in Entra ID when %s', async (_case, change, says) => {
    change();
    const { code, said } = await run('--local');
    expect({ code, commands: graph.commands }).toEqual({ code: 1, commands: [] });
    expect(said).toContain(says);
  });

  it('says how to remove the secret that could not be written, and shows nothing of it', async () => {
    const meanwhile = () => {
      mkdirSync(join(path(), 'taken'), { recursive: true });
    };
    graph.faults = [{ on: 'POST applications', meanwhile }];
    const { code, said } = await run('--local');
    expect(code).toBe(1);
    const { appId, passwordCredentials } = application();
    expect(said).toContain(
      `az ad app credential delete --id ${appId} --key-id ${String(passwordCredentials[0]?.['keyId'])}`,
    );
    expect(said).not.toContain('s01~');
  });

  it('keeps what somebody saves meanwhile, and finishes although somebody presses Ctrl-C', async () => {
    const meanwhile = () => {
      writeFileSync(path(), '{"Values":{"MINE":"1"}}');
      process.emit('SIGINT');
    };
    graph.faults = [{ on: 'POST applications', meanwhile }];
    expect((await run('--local')).code).toBe(0);
    expect(settings().Values).toMatchObject({ MINE: '1', ENTRA_CLIENT_SECRET: 's01~secret' });
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});
