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
import { isObject } from '../../src/bodies';
import { armGuid } from './arm-guid';
import {
  type Application,
  type Fault,
  FakeGraph,
  graphPrincipalId,
  type Json,
  tenantId,
} from '../support/fake-graph';

const identity = '1de27171-0000-4000-8000-00000000a11c';
const url = 'https://app.contoso.com';
const uniqueName = 'anteroom-prod-x1';
/** The options that `npm run deploy` prints. */
const inAzure = ['--url', url, '--identity', identity, '--unique-name', uniqueName];
const azure = inAzure.join(' ');
const [grace, alan, linus] = ['96ace000', 'a1a00000', '11905000'].map(
  (id) => `${id}-0000-4000-8000-00000000a11c`,
) as [string, string, string];
const ada = 'ada00000-0000-4000-8000-00000000a11c';
const forEverybody = { consentType: 'AllPrincipals', resourceId: graphPrincipalId };
const dayMs = 86_400_000;

let root: string;
let graph: FakeGraph;

beforeEach(() => {
  graph = new FakeGraph();
  // With what shells like to stumble over.
  root = mkdtempSync(join(tmpdir(), "anteroom checkout's "));
  mkdirSync(join(root, 'infra'));
  writeFileSync(join(root, 'infra/app-roles.json'), '[]');
  writeFileSync(join(root, 'infra/exposed-scopes.json'), '[]');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Runs it without a process or a wait. */
async function run(...args: readonly string[]): Promise<readonly [code: number, said: string]> {
  let said = '';
  const say = (text: string) => (said += `${text}\n`);
  const code = await entraApp(args, root, { az: graph.az, pause: () => Promise.resolve(), say });
  return [code, said];
}

function application(): Application {
  const [first] = graph.applications;
  if (first === undefined) throw new Error('no registration');
  return first;
}

const contoso = '11111111-1111-4111-8111-111111111111';

describe('infra/entra-app.mjs', () => {
  it('is one program, started alike everywhere, which needs no installed package', () => {
    const folder = join(root, 'a folder é');
    for (const path of ['infra', 'scripts/deploy', 'scripts/registration-lists.mjs']) {
      cpSync(path, join(folder, path), { recursive: true });
    }
    const start = (...args: readonly string[]) =>
      spawnSync(process.execPath, [join(folder, 'infra/entra-app.mjs'), ...args], {
        encoding: 'utf8',
        cwd: tmpdir(),
        env: { PATH: folder },
      });
    expect(start('--help').stdout).toContain('node infra/entra-app.mjs --url https://HOST');
    const { status, stdout } = start(...inAzure);
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining('The Azure CLI (az) is not installed'),
    ]);
  });

  it('registers what the template registers', async () => {
    const [code, said] = await run(...inAzure);
    expect(code).toBe(0);
    const { id, appId } = application();
    expect(said).toContain(`client id     ${appId}\nredirect URI  ${url}/auth/redirect\n`);
    expect(said).toContain(`-p deployEntraApp=false -p entraClientId=${appId}\n`);
    expect(said).not.toMatch(/entraAuthority|graphBaseUrl/);
    const description = 'Sees who is signed in and can end sessions.';
    const role = { id: armGuid(uniqueName, 'admin'), value: 'admin', displayName: 'Administrator' };
    const userRead = { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', type: 'Scope' };
    expect(application()).toEqual({
      ...{ id, appId, uniqueName, displayName: 'Anteroom', signInAudience: 'AzureADMyOrg' },
      appRoles: [{ ...role, description, allowedMemberTypes: ['User'], isEnabled: true }],
      optionalClaims: {
        idToken: ['auth_time', 'login_hint', 'sid'].map((name) => ({ name, essential: false })),
        accessToken: ['idtyp', 'auth_time'].map((name) => ({ name, essential: false })),
      },
      requiredResourceAccess: [
        { resourceAppId: '00000003-0000-0000-c000-000000000000', resourceAccess: [userRead] },
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
    const args = [
      ...inAzure,
      '--consent',
      ...[grace, alan, linus].flatMap((id) => ['--admin', id]),
    ];
    writeFileSync(join(root, 'infra/app-roles.json'), '[{ "value": "reader" }]');
    await run(...args);
    expect(graph.assignments).toHaveLength(3);
    const id = armGuid(uniqueName, 'reader');
    expect(application().appRoles[1]).toMatchObject({ id, displayName: 'reader' });
    expect(graph.grants).toMatchObject([
      { ...forEverybody, scope: 'openid profile offline_access User.Read' },
    ]);
    const before = graph.writes();
    const [, said] = await run(...args);
    expect(graph.writes()).toEqual(before);
    expect(said).toContain(`Registration: already as wanted (Anteroom)
Service principal: already as wanted
Federated credential: already as wanted (appIdentity)
App role admin: ${grace} has it already
App role admin: ${alan} has it already
App role admin: ${linus} has it already
Consent for everybody to openid profile offline_access User.Read: given already
`);
    // Tokens of the identity have its id in small letters; somebody may name a group twice.
    const shouted = inAzure.map((one) => (one === identity ? one.toUpperCase() : one));
    const [code] = await run(...shouted, '--admin', grace.toUpperCase(), '--admin', grace);
    expect([code, graph.writes()]).toEqual([0, before]);
    expect((await run(...inAzure, '--admin', ada, '--admin', ada.toUpperCase()))[0]).toBe(0);
    expect(graph.assignments).toHaveLength(4);
  });

  it('consents to what sign-in asks for, of each API, and to nothing else', async () => {
    const orders = { id: alan, servicePrincipalNames: [linus, "api://contoso/o'rders"] };
    graph.servicePrincipals.push(orders);
    const scopes = "User.Read Mail.Read api://contoso/o'rders/Orders.Read";
    const consent = [...inAzure, '--consent', '--scopes'];
    expect((await run(...consent, scopes))[0]).toBe(0);
    expect(graph.grants).toMatchObject([
      { ...forEverybody, scope: 'openid profile offline_access User.Read Mail.Read' },
      { ...forEverybody, resourceId: alan, scope: 'Orders.Read' },
    ]);
    await run(...consent, `${linus}/Orders.Write`);
    expect(graph.grants[1]).toMatchObject({ scope: 'Orders.Read Orders.Write' });
    expect((await run(...consent, 'none'))[1]).toContain('to openid profile offline_access: given');
    // One API under several names has one grant.
    await run(
      ...consent,
      `https://graph.microsoft.com/Files.Read ${linus}/A api://contoso/o'rders/B`,
    );
    expect(graph.grants).toMatchObject([
      { scope: 'openid profile offline_access User.Read Mail.Read Files.Read' },
      { scope: 'Orders.Read Orders.Write A B' },
    ]);
    expect(graph.grants).toHaveLength(2);
    const lacking = 'Stopped: --scopes names api://other, and the tenant has no such API.';
    expect(await run(...consent, 'api://other/Read')).toEqual([
      1,
      expect.stringContaining(lacking),
    ]);
  });

  it.each<readonly [what: string, held: Json]>([
    ['Reader and reader', { appRoles: [{ id: linus, value: 'Reader', isEnabled: true }] }],
    ['Admin and admin', { appRoles: [{ id: linus, value: 'Admin', isEnabled: false }] }],
    ['NOTES.READ', { api: { oauth2PermissionScopes: [{ id: linus, value: 'NOTES.READ' }] } }],
    ['reader', { api: { oauth2PermissionScopes: [{ id: linus, value: 'reader' }] } }],
    ['Notes.Read', { appRoles: [{ id: linus, value: 'Notes.Read' }] }],
  ])(
    'says what to do where somebody made one that is as good as the same: %s',
    async (what, held) => {
      await run(...inAzure);
      const before = graph.writes();
      writeFileSync(join(root, 'infra/app-roles.json'), '[{ "value": "reader" }]');
      writeFileSync(join(root, 'infra/exposed-scopes.json'), '[{ "value": "Notes.Read" }]');
      Object.assign(application(), held);
      const [code, said] = await run(...inAzure);
      expect([code, graph.writes()]).toEqual([1, before]);
      expect(said).toContain(what);
      expect(said).toContain('Use the name that is there');
    },
  );

  it('gives a role the texts that its list has, and leaves it others', async () => {
    await run(...inAzure);
    const list = join(root, 'infra/app-roles.json');
    // Some editors put a byte order mark first.
    writeFileSync(list, '\uFEFF[{ "value": "reader" }]');
    await run(...inAzure);
    Object.assign(application().appRoles[1] ?? {}, { displayName: 'Readers', description: 'All' });
    await run(...inAzure);
    expect(application().appRoles[1]).toMatchObject({ displayName: 'Readers', description: 'All' });
    writeFileSync(list, '[{ "value": "reader", "displayName": "Leser" }]');
    expect((await run(...inAzure))[1]).toContain('changed appRoles');
    expect(application().appRoles[1]).toMatchObject({ displayName: 'Leser', description: 'All' });
  });

  it('leaves a role and a scope alone that are one permission, as Entra ID allows it', async () => {
    await run(...inAzure);
    const [admin] = application().appRoles;
    const one = { id: linus, value: 'Notes.Read.All' };
    const appRoles = [admin, { ...one, allowedMemberTypes: ['Application'] }];
    Object.assign(application(), { appRoles, api: { oauth2PermissionScopes: [one] } });
    expect((await run(...inAzure))[1]).toContain('Registration: already as wanted');
  });

  it('exposes scopes under stable ids, and keeps those of others', async () => {
    const scopes = [{ value: 'Notes.Read', displayName: 'Read notes' }];
    writeFileSync(join(root, 'infra/exposed-scopes.json'), JSON.stringify(scopes));
    const roles = [{ value: 'Notes.Read.All', allowedMemberTypes: ['Application'] }];
    writeFileSync(join(root, 'infra/app-roles.json'), JSON.stringify(roles));
    const [code, said] = await run(...inAzure);
    const made = application();
    const appIdUri = `App ID URI    api://${made.appId}\n`;
    expect([code, said]).toEqual([0, expect.stringContaining(appIdUri)]);
    const id = armGuid(uniqueName, 'scope', 'Notes.Read');
    const names = { adminConsentDisplayName: 'Read notes', userConsentDisplayName: 'Read notes' };
    expect(made).toMatchObject({
      identifierUris: [`api://${made.appId}`],
      api: {
        requestedAccessTokenVersion: 2,
        oauth2PermissionScopes: [
          { id, value: 'Notes.Read', type: 'User', isEnabled: true, ...names },
        ],
      },
      appRoles: [
        { value: 'admin' },
        { value: 'Notes.Read.All', allowedMemberTypes: ['Application'] },
      ],
    });
    expect((await run(...inAzure))[1]).toContain('Registration: already as wanted');

    // Somebody else's scope and URI, one of ours that was made by hand under another id, and one under another value.
    const theirs = [
      { id: linus, value: 'Other.Read' },
      { id: alan, value: 'Notes.Write' },
      { id, value: 'Notes.Old' },
    ];
    const preAuthorizedApplications = [{ appId: grace }];
    Object.assign(made, {
      identifierUris: ['api://contoso.com/notes'],
      api: { preAuthorizedApplications, oauth2PermissionScopes: theirs },
    });
    const more = [...scopes, { value: 'Notes.Write', adminsOnly: true }];
    writeFileSync(join(root, 'infra/exposed-scopes.json'), JSON.stringify(more));
    const [, changed] = await run(...inAzure, '--app-id-uri', 'https://app.contoso.com/mcp');
    expect(changed).toContain('Registration: changed identifierUris, api (Anteroom)');
    expect(made).toMatchObject({
      identifierUris: ['api://contoso.com/notes', 'https://app.contoso.com/mcp'],
      api: {
        preAuthorizedApplications,
        oauth2PermissionScopes: [
          { id: linus },
          { id: alan, type: 'Admin' },
          { id, value: 'Notes.Read' },
        ],
      },
    });
  });

  it('follows a changed address, name and identity, and opens no app that was closed', async () => {
    await run(...inAzure);
    // As with: az ad sp update --id CLIENT_ID --set appRoleAssignmentRequired=true
    Object.assign(graph.servicePrincipals.at(-1) ?? {}, { appRoleAssignmentRequired: true });
    const other = '1de27171-0000-4000-8000-0000000000b2';
    const changed = ['--url', 'https://new.contoso.com/', '--identity', other, ...inAzure.slice(4)];
    const displayName = `"Empfang" & 'Ärger' $(id) %PATH%`;
    const [, said] = await run(...changed, '--name', displayName);
    const credentials = [{ subject: other }];
    expect(application()).toMatchObject({ displayName, federatedIdentityCredentials: credentials });
    expect(said).toContain('changed displayName, web.homePageUrl, web.logoutUrl, web.redirectUris');
    expect(said).toContain('Federated credential: changed to this identity');
    expect(graph.servicePrincipals.at(-1)).toMatchObject({ appRoleAssignmentRequired: true });
  });

  it('keeps what others put on the registration, and a wider consent', async () => {
    await run(...inAzure, '--consent');
    const held = application();
    const other = { resourceAppId: grace, resourceAccess: [{ id: alan, type: 'Role' }] };
    const theirs = 'https://old.contoso.com/callback';
    Object.assign(held, {
      appRoles: [{ id: linus, value: 'admin', allowedMemberTypes: ['User'], isEnabled: true }],
      optionalClaims: { accessToken: [{ name: 'ipaddr' }], idToken: [{ name: 'email' }] },
      requiredResourceAccess: [other],
      web: { ...held.web, redirectUris: [theirs] },
      federatedIdentityCredentials: [
        { ...held.federatedIdentityCredentials[0], name: 'ours', audiences: ['api://old'] },
      ],
    });
    graph.grants[0] = { ...graph.grants[0], scope: 'Mail.Read openid' };
    const [code, said] = await run(...inAzure, '--consent', '--admin', grace);
    expect(code).toBe(0);
    expect(held).toMatchObject({
      // It keeps its id, and with it those who have it.
      appRoles: [{ id: linus, value: 'admin' }],
      optionalClaims: {
        accessToken: [{ name: 'ipaddr' }, { name: 'idtyp' }, { name: 'auth_time' }],
        idToken: [
          { name: 'email' },
          { name: 'auth_time' },
          { name: 'login_hint' },
          { name: 'sid' },
        ],
      },
      requiredResourceAccess: [other, { resourceAccess: [{ type: 'Scope' }] }],
      web: { redirectUris: [theirs, `${url}/auth/redirect`, `${url}/auth/signed-out`] },
      federatedIdentityCredentials: [{ name: 'ours', audiences: ['api://AzureADTokenExchange'] }],
    });
    expect(graph.assignments).toMatchObject([{ principalId: grace, appRoleId: linus }]);
    expect(graph.grants[0]['scope']).toBe('Mail.Read openid profile offline_access User.Read');
    expect(said).toContain(`Kept redirect URIs that are not of this app: ${theirs}`);
    expect(said).toContain('it asks for application permissions');
  });

  it('changes nothing of the groups in ID tokens, which az sets', async () => {
    await run(...inAzure);
    Object.assign(application(), { groupMembershipClaims: 'SecurityGroup' });
    const [, said] = await run(...inAzure, '--name', 'Reception');
    expect(application()).toMatchObject({ groupMembershipClaims: 'SecurityGroup' });
    expect(said).toContain('Registration: changed displayName (Reception)');
  });

  it('lets nobody of another tenant in while the registration is half made', async () => {
    graph.faults = [{ on: 'PATCH applications/', said: 'ERROR: Max retries exceeded' }];
    expect((await run(...inAzure, '--allowed-tenants', '*'))[0]).toBe(1);
    expect(application()).toMatchObject({ signInAudience: 'AzureADMyOrg' });
    graph.faults = [];
    await run(...inAzure, '--allowed-tenants', '*');
    expect(application()).toMatchObject({ signInAudience: 'AzureADMultipleOrgs' });
  });

  // As `az cloud show` has them: azure-cli-core/azure/cli/core/cloud.py.
  it.each([
    ['graph.microsoft.us/', 'login.microsoftonline.us', 'login.microsoftonline.us'],
    [
      'microsoftgraph.chinacloudapi.cn',
      'login.chinacloudapi.cn',
      'login.partner.microsoftonline.cn',
    ],
  ])('takes a cloud of its own for what it is: %s', async (host, login, authority) => {
    Object.assign(graph, { graph: `https://${host}`, authority: `https://${login}` });
    const [, said] = await run(...inAzure);
    const issuer = `https://${authority}/${tenantId}/v2.0`;
    // The app asks its identity for a token of that audience, and for no other.
    const audiences = [tokenExchangeResource(issuer)];
    expect(audiences).not.toEqual(['api://AzureADTokenExchange']);
    expect(application().federatedIdentityCredentials).toMatchObject([{ issuer, audiences }]);
    const graphBaseUrl = `https://${host.replace('/', '')}/v1.0`;
    expect(said).toContain(`-p entraAuthority=${issuer}\n-p graphBaseUrl=${graphBaseUrl}\n`);
  });

  it.each([
    [contoso, 'AzureADMultipleOrgs', undefined],
    ['*', 'AzureADMultipleOrgs', undefined],
    [
      `${contoso}, 9188040D-6C67-4C5B-B112-36A304B66DAD`,
      'AzureADandPersonalMicrosoftAccount',
      { requestedAccessTokenVersion: 2 },
    ],
    ['own', 'AzureADMyOrg', undefined],
  ])('lets the tenants %s in, as the template does', async (list, signInAudience, api) => {
    await run(...inAzure, '--allowed-tenants', list);
    expect(application().signInAudience).toBe(signInAudience);
    expect(application()['api']).toEqual(api);
    // Who gives somebody a role later does not shut the others out.
    await run(...inAzure, '--admin', grace);
    expect(application().signInAudience).toBe(signInAudience);
  });

  it('names the authority of several tenants in another cloud', async () => {
    const usual = {
      graph: 'https://graph.microsoft.us/',
      authority: 'https://login.microsoftonline.us',
    };
    Object.assign(graph, usual);
    const [, said] = await run(...inAzure, '--allowed-tenants', '*');
    expect(said).toContain(
      '-p entraAuthority=https://login.microsoftonline.us/organizations/v2.0\n',
    );
  });

  it.each<readonly [args: string, says: string]>([
    ...[
      ...['contoso.com', 'own,*', `${contoso},own`, `${contoso},*`, `*,${contoso}`, '*,*', ''],
      ...[`${contoso}x`, `,${contoso}`, `${contoso},`, Array(501).fill(contoso).join()],
    ].map((one) => [`${azure} --allowed-tenants ${one}`, '--allowed-tenants needs'] as const),
    ...[
      ...['api://x/y?', 'api://x/y\t', 'api://x/y\u00a0', 'api://x/y/', 'api:///x', 'api://x//y'],
      ...['API://x/y', 'api://', 'urn:x', 'http://x/y', 'api://ä', `api://${'x'.repeat(240)}`, ''],
    ].map((one) => [`${azure} --app-id-uri ${one}`, '--app-id-uri needs'] as const),
    ...['a"b', 'a\\b', 'é', 'a\tb', 'openid', 'offline_access', 'x'.repeat(601), ''].map(
      (one) => [`${azure} --consent --scopes ${one}`, '--scopes needs'] as const,
    ),
    [`${azure} --scopes Mail.Read`, '--scopes goes with'],
    [`${azure} --consent --scopes api://x/.default`, '--consent takes no .default'],
    [`${azure} --name ${'x'.repeat(121)}`, '--name needs one line'],
    ...'https://a.example/b http://a.example https://a"b https://a:99999 https://a:443 https://APP.contoso.com https://- https://a..b https://a-.b https://a_b.com https://2130706433 https://a// https://me@a https://a?a'
      .split(' ')
      .map((one) => [`--url ${one} ${inAzure.slice(2).join(' ')}`, '--url needs'] as const),
    [inAzure.slice(2).join(' '), '--url needs'],
    [`--url ${url} --identity id-a --unique-name a`, '--identity needs'],
    [inAzure.slice(0, 4).join(' '), '--unique-name is missing'],
    [`${inAzure.slice(0, 4).join(' ')} --unique-name a')/owners('b`, '--unique-name may hold'],
    [`${azure} --name a\nb`, '--name needs one line'],
    [`${azure} --name \u00a0`, '--name needs one line'],
    [`${azure} --admin grace`, '--admin needs an object id'],
    [`--delete ${grace}`, "Unknown option '--delete'"],
    ['--local --port 70710', '--port needs'],
    [`--local --url ${url}`, '--local goes without'],
    [`${azure} --new-secret`, '--new-secret goes with --local only'],
  ])('refuses before az is asked anything: %s', async (args, says) => {
    const [code, said] = await run(...args.split(' '));
    expect([code, graph.commands]).toEqual([1, []]);
    expect(said).toContain(says);
  });

  it.each<readonly [roles: string, scopes: string, says: string]>([
    ...[
      '{}',
      'null',
      '[null]',
      '["reader"]',
      '[{}]',
      '[{ "displayName": "Reader" }]',
      '[{ "value": 7 }]',
      '[{ "value": "" }]',
      '[{ "value": ".reader" }]',
      '[{ "value": "lecteur-é" }]',
      `[{ "value": "${'x'.repeat(121)}" }]`,
      '[{ "value": "x", "displayName": 7 }]',
      '[{ "value": "x", "description": " " }]',
      '[{ "value": "x", "isEnabled": "false" }]',
      '[{ "value": "x", "allowedMemberTypes": "User" }]',
      '[{ "value": "x", "allowedMemberTypes": [] }]',
      '[{ "value": "x", "allowedMemberTypes": ["Group"] }]',
      '[{ "value": "x", "adminsOnly": true }]',
      '[{ "value": "x", "id": "1" }]',
    ].map((roles) => [roles, '[]', 'infra/app-roles.json is not a list of app roles'] as const),
    ...['[{ "value": "a b" }]', '[{ "value": "x", "adminsOnly": "yes" }]'].map(
      (scopes) => ['[]', scopes, 'infra/exposed-scopes.json is not a list of scopes'] as const,
    ),
    ['[{ "value": "Admin" }]', '[]', 'have a value twice'],
    ['[{ "value": "Notes" }]', '[{ "value": "notes" }]', 'have a value twice'],
  ])('refuses the roles %s with the scopes %s', async (roles, scopes, says) => {
    writeFileSync(join(root, 'infra/app-roles.json'), roles);
    writeFileSync(join(root, 'infra/exposed-scopes.json'), scopes);
    expect(await run(...inAzure)).toEqual([1, expect.stringContaining(says)]);
    expect(graph.commands).toEqual([]);
  });
});

describe('when az or Graph says no, infra/entra-app.mjs', () => {
  const notThere = { status: 'Not Found', code: 'Request_ResourceNotFound', message: 'x' } as const;
  const says = (message: string) => ({ status: 'Bad Request', message }) as const;

  it('waits for what not every server of Entra ID has heard of, and says so once', async () => {
    graph.faults = [
      { on: 'PATCH servicePrincipals', ...notThere, times: 2 },
      {
        on: 'PATCH servicePrincipals',
        ...says('does not reference a valid application object.'),
        times: 2,
      },
      { on: 'GET applications/', ...notThere, times: 2 },
      {
        on: 'POST servicePrincipals',
        ...says('Permission being assigned was not found on x'),
        times: 2,
      },
      { on: 'POST servicePrincipals', ...says('Not a valid reference update.'), times: 2 },
      { on: 'POST oauth2PermissionGrants', ...notThere, times: 2 },
    ];
    const [code, said] = await run(...inAzure, '--admin', grace, '--consent');
    expect(code).toBe(0);
    expect(said.split('Not every server of Entra ID knows the new objects yet')).toHaveLength(2);
    expect(graph.faults.map(({ times }) => times)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('waits for a minute, then says what to do', async () => {
    graph.faults = [{ on: 'PATCH servicePrincipals', ...notThere }];
    const [code, said] = await run(...inAzure);
    expect(code).toBe(1);
    expect(said).toContain('Stopped: could not read or make the service principal');
    expect(graph.writes().filter((line) => line.startsWith('PATCH service'))).toHaveLength(12);
  });

  const refused = { status: 'Forbidden', code: 'Authorization_RequestDenied' } as const;
  const held = says('Another object with the same value for property uniqueName already exists.');
  const elsewhere = { ...notThere, message: "not found for the segment 'applications'." };
  it.each<readonly [Fault, string]>([
    [
      { on: 'PATCH applications', ...refused },
      'It needs an owner of this registration, or an Application Developer',
    ],
    [{ on: 'PATCH applications', ...held }, 'Deleted applications'],
    [{ on: 'GET applications', ...elsewhere }, 'could not read'],
    [{ on: 'GET applications', said: 'ERROR: AADSTS700082: expired.' }, 'az login'],
    [{ on: 'GET applications', said: 'ERROR: Max retries exceeded' }, 'Look at the network'],
    [{ on: 'GET applications', said: 'ERROR: Not Found(<html>404' }, 'can be run again'],
    [{ on: 'GET applications', answers: undefined }, 'az printed no object'],
    [{ on: 'GET applications', answers: { appRoles: 'x' } }, 'a fault'],
    [{ on: 'GET applications/', answers: { value: null } }, 'no list'],
    [{ on: 'account show', said: "ERROR: Please run 'az login'." }, 'az login'],
    [{ on: 'account show', answers: [] }, 'did not say where'],
    [{ on: 'cloud show', answers: ['https://graph.microsoft.com', null] }, 'did not say where'],
  ])('ends with what was said and what to do: %j', async (fault, advice) => {
    graph.faults = [fault];
    const [code, said] = await run(...inAzure);
    expect(code).toBe(1);
    for (const text of [fault.said, fault.message, advice]) expect(said).toContain(text ?? '');
    expect(said).not.toContain('    at ');
  });
});

describe('infra/entra-app.mjs --local', () => {
  beforeEach(() => {
    for (const name of ['local.settings.json.example', '.gitignore']) {
      cpSync(name, join(root, name));
    }
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
    execFileSync('git', ['init', '--quiet'], { cwd: root, env: Object.fromEntries(own) });
  });

  const path = () => join(root, 'local.settings.json');
  const values = (): Json => {
    const parsed: unknown = JSON.parse(readFileSync(path(), 'utf8'));
    return isObject(parsed) && isObject(parsed['Values']) ? parsed['Values'] : {};
  };
  /** As time would. */
  const age = (days: number) => {
    const endDateTime = new Date(Date.now() + days * dayMs).toISOString();
    for (const held of application().passwordCredentials) Object.assign(held, { endDateTime });
  };

  it('writes who may sign in into the settings', async () => {
    const asked = ['--allowed-tenants', contoso, '--app-id-uri', 'api://contoso/x'];
    await run('--local', ...asked, '--scopes', 'Mail.Read');
    const several = {
      ...{ ENTRA_TENANT_ID: 'organizations', ENTRA_ALLOWED_TENANTS: contoso },
      ...{ ADMIN_TENANT_ID: tenantId, API_AUDIENCE: 'api://contoso/x', GRAPH_SCOPES: 'Mail.Read' },
    };
    expect(values()).toMatchObject(several);
    // The registration keeps what is not asked for again, and so do the settings.
    const registered = {
      identifierUris: ['api://contoso/x'],
      signInAudience: 'AzureADMultipleOrgs',
    };
    expect((await run('--local', '--new-secret', '--consent'))[1]).toContain(
      'access Mail.Read: given',
    );
    expect(values()).toMatchObject(several);
    expect(application()).toMatchObject(registered);
    // Those of another registration are none of its business.
    writeFileSync(path(), JSON.stringify({ Values: { ...values(), ENTRA_CLIENT_ID: grace } }));
    await run('--local');
    const own = { ENTRA_TENANT_ID: tenantId, ENTRA_ALLOWED_TENANTS: '', ADMIN_TENANT_ID: '' };
    expect(values()).toMatchObject({ ...own, API_AUDIENCE: '' });
    await run('--local', '--allowed-tenants', 'own');
    expect(values()).toMatchObject({ ENTRA_TENANT_ID: tenantId, ENTRA_ALLOWED_TENANTS: '' });
  });

  it('registers localhost and writes local.settings.json, with a secret that is nowhere else', async () => {
    const [code, said] = await run('--local');
    expect(code).toBe(0);
    expect(values()).toMatchObject({
      APP_BASE_URL: 'http://localhost:7071',
      ENTRA_TENANT_ID: tenantId,
      ENTRA_CLIENT_ID: application().appId,
      ENTRA_CLIENT_SECRET: 's01~secret',
      ...{ ENTRA_AUTHORITY: '', ENTRA_ISSUER: '', GRAPH_BASE_URL: '', TABLES_NAME: 'anteroom' },
    });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(application()).toMatchObject({
      uniqueName: 'anteroom-local-ada',
      displayName: 'Anteroom (local development)',
      federatedIdentityCredentials: [],
    });
    expect(application().web).not.toHaveProperty('logoutUrl');
    const end = Date.parse(String(application().passwordCredentials[0]?.['endDateTime']));
    expect(Math.ceil((end - Date.now()) / dayMs)).toBe(90);
    expect(said + graph.commands.join('\n')).not.toContain('s01~');
  });

  it('keeps secret and other settings, and follows another port', async () => {
    await run('--local');
    const mine = { ...values(), SESSION_IDLE_SECONDS: '60' };
    writeFileSync(path(), `\uFEFF${JSON.stringify({ Values: mine, Extra: {} })}`);
    expect((await run('--local', '--port', '7072'))[1]).toContain('the secret kept');
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toMatchObject({
      Values: { ...mine, APP_BASE_URL: 'http://localhost:7072', ENTRA_CLIENT_SECRET: 's01~secret' },
      Host: { LocalHttpPort: 7072 },
      Extra: {},
    });
    // Entra ID takes no notice of the port of localhost: two that differ only there are in each other's way.
    const uris = ['redirect', 'signed-out'].map((end) => `http://localhost:7072/auth/${end}`);
    expect(application().web['redirectUris']).toEqual(uris);
    expect((await run('--local'))[1]).toContain('redirect URI  http://localhost:7072/');
  });

  it.each<readonly [string, number, string]>([
    ['has expired', -1, 's02~secret'],
    ['ends within a week', 6, 's02~secret'],
    ['lasts longer', 8, 's01~secret'],
  ])(
    'makes a new secret where the one in the file is no good: it %s',
    async (_case, days, wanted) => {
      await run('--local');
      age(days);
      await run('--local');
      expect(values()['ENTRA_CLIENT_SECRET']).toBe(wanted);
      application().passwordCredentials = [];
      await run('--local');
      expect(values()['ENTRA_CLIENT_SECRET']).not.toBe(wanted);
      const last = values()['ENTRA_CLIENT_SECRET'];
      await run('--local', '--new-secret');
      expect(values()['ENTRA_CLIENT_SECRET']).not.toBe(last);
    },
  );

  it.each<readonly [file: string, text: string | undefined, string]>([
    ['.gitignore', '', 'git does not say'],
    ['.git', undefined, 'git does not say'],
    ['local.settings.json', '{ // mine\n}', 'plain JSON'],
    ['local.settings.json', '{"Host":{"LocalHttpPort":"x"}}', 'is not a port'],
  ])('makes nothing in Entra ID where %s is %j', async (file, text, says) => {
    if (text === undefined) rmSync(join(root, file), { recursive: true });
    else writeFileSync(join(root, file), text);
    const [code, said] = await run('--local');
    expect([code, graph.commands]).toEqual([1, []]);
    expect(said).toContain(says);
  });

  it('says how to remove the secret that could not be written, and shows nothing of it', async () => {
    const meanwhile = () => {
      mkdirSync(join(path(), 'taken'), { recursive: true });
    };
    graph.faults = [{ on: 'POST applications', meanwhile }];
    const [code, said] = await run('--local');
    expect(code).toBe(1);
    const keyId = String(application().passwordCredentials[0]?.['keyId']);
    expect(said).toContain(
      `az ad app credential delete --id ${application().appId} --key-id ${keyId}`,
    );
    expect(said).not.toContain('s01~');
  });

  it('keeps what somebody saves meanwhile, and finishes although somebody presses Ctrl-C', async () => {
    const meanwhile = () => {
      writeFileSync(path(), '{"Values":{"MINE":"1"}}');
      process.emit('SIGINT');
    };
    graph.faults = [{ on: 'POST applications', meanwhile }];
    expect((await run('--local'))[0]).toBe(0);
    expect(values()).toMatchObject({ MINE: '1', ENTRA_CLIENT_SECRET: 's01~secret' });
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});
