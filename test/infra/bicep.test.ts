import { readFileSync } from 'node:fs';
import type { Project, Sources } from './bicep-project';
import { createBicepParser, readInfraSources } from './bicep-project';
import { findUncheckedTypes } from './checks/api-versions';
import { findEntraFaults } from './checks/entra';
import {
  findForbiddenFlexSettings,
  findSoftSpots,
  findUnknownErrorCodes,
} from './checks/hardening';
import {
  findConditionalReads,
  findModuleFaults,
  findOrderFaults,
  findSubscriptionFaults,
} from './checks/modules';
import { findRoleFaults } from './checks/roles';
import { findHardCodedHosts, findSecretFaults } from './checks/secrets';
import {
  findLooseForms,
  findMissingDescriptions,
  findSyntaxFaults,
  findUnused,
} from './checks/structure';

const errorCodes = [
  ...readFileSync('src/error-facts.ts', 'utf8').matchAll(/^ {2}(ERR_\w+):/gm),
].map(([, code = '']) => code);

const checks = {
  'reads every file': findSyntaxFaults,
  'says what everything is': findMissingDescriptions,
  'uses everything it declares': findUnused,
  'has no loose types and no module names': findLooseForms,
  'calls modules with what they take': findModuleFaults,
  'reads conditional modules as such': findConditionalReads,
  'makes things in the right order': findOrderFaults,
  'does the same from a subscription': findSubscriptionFaults,
  'gives the identity its roles and no others': findRoleFaults,
  'holds no secret': findSecretFaults,
  'names no host of one cloud': findHardCodedHosts,
  'registers the application': findEntraFaults,
  'is hardened': findSoftSpots,
  'sets nothing that Flex Consumption forbids': findForbiddenFlexSettings,
  'uses types that were looked up': findUncheckedTypes,
  'alerts on codes that exist': (project: Project) => findUnknownErrorCodes(project, errorCodes),
} as const satisfies Record<string, (project: Project) => string[]>;

type CheckName = keyof typeof checks;

const main = 'infra/main.bicep';
const moduleFile = (name: string): string => `infra/modules/${name}.bicep`;

/** Ways to break each rule: [check, file, what stands there, what to put in its place]. */
const mutations: readonly (readonly [CheckName, string, string | RegExp, string])[] = [
  ['reads every file', main, 'params: {', 'params: '],
  ['reads every file', moduleFile('identity'), 'name: identityName\n', "name: identityName'\n"],
  ['says what everything is', main, "@description('Who the app is.')\n", ''],
  ['says what everything is', main, "'Optional. Major version", "'Major version"],
  [
    'says what everything is',
    moduleFile('identity'),
    "'Required. Azure region.'",
    "'Optional. Azure region.'",
  ],
  ['says what everything is', moduleFile('identity'), /^metadata name.*\n/, ''],
  ['uses everything it declares', moduleFile('identity'), '  tags: tags\n', ''],
  ['uses everything it declares', main, 'uniqueHostname: uniqueHostname', 'uniqueHostname: true'],
  ['uses everything it declares', moduleFile('app-code'), '  parent: site\n', ''],
  [
    'has no loose types and no module names',
    main,
    'param adminPrincipalIds string[]',
    'param adminPrincipalIds array',
  ],
  [
    'has no loose types and no module names',
    main,
    "module identity 'modules/identity.bicep' = {",
    "module identity 'modules/identity.bicep' = {\n  name: 'identity'",
  ],
  ['calls modules with what they take', main, 'modules/identity.bicep', 'modules/identities.bicep'],
  ['calls modules with what they take', main, '    networkName: names.network\n', ''],
  ['calls modules with what they take', main, 'networkName: names', 'vnetName: names'],
  ['calls modules with what they take', main, 'outputs.workspaceId', 'outputs.workspace'],
  [
    'calls modules with what they take',
    moduleFile('identity'),
    "'../types.bicep'",
    "'types.bicep'",
  ],
  [
    'reads conditional modules as such',
    main,
    'network!.outputs.appSubnetId',
    'network.outputs.appSubnetId',
  ],
  ['reads conditional modules as such', main, /identity\.outputs/g, 'identity!.outputs'],
  ['makes things in the right order', main, 'dependsOn: [appSettings, ', 'dependsOn: ['],
  [
    'makes things in the right order',
    main,
    /workspaceId: monitoring\.outputs\.workspaceId/g,
    "workspaceId: ''",
  ],
  ['does the same from a subscription', 'infra/sub.bicep', "= '24'", "= '22'"],
  ['does the same from a subscription', 'infra/sub.bicep', '    alertEmail: alertEmail\n', ''],
  ['does the same from a subscription', 'infra/sub.bicep', '@secure()\n', ''],
  ['does the same from a subscription', main, 'output tenantId', 'output tenant'],
  ['gives the identity its roles and no others', 'infra/roles.bicep', 'b7e6dc6d', 'b7e6dc6e'],
  [
    'gives the identity its roles and no others',
    'infra/roles.bicep',
    'var roleIds = {',
    "var roleIds = {\n  owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'",
  ],
  [
    'gives the identity its roles and no others',
    moduleFile('storage-sessions'),
    'scope: table',
    'scope: account',
  ],
  [
    'gives the identity its roles and no others',
    moduleFile('key-vault'),
    'scope: key',
    'scope: vault',
  ],
  [
    'gives the identity its roles and no others',
    moduleFile('key-vault'),
    'roleIds.keyVaultCryptoServiceEncryptionUser)\n  }',
    "'00482a5a-887f-4fb3-b363-3b7fe8e74483')\n  }",
  ],
  [
    'gives the identity its roles and no others',
    moduleFile('monitoring'),
    "    principalType: 'ServicePrincipal'\n",
    '',
  ],
  [
    'gives the identity its roles and no others',
    moduleFile('monitoring'),
    'principalId: principalId',
    'principalId: component.id',
  ],
  [
    'gives the identity its roles and no others',
    moduleFile('monitoring'),
    'guid(component.id, identityName',
    'guid(component.id, principalId',
  ],
  [
    'holds no secret',
    moduleFile('storage-host'),
    'account.properties.primaryEndpoints.blob\n',
    'account.listKeys().keys[0].value\n',
  ],
  [
    'holds no secret',
    moduleFile('app-settings'),
    'AzureWebJobsStorage__credential:',
    'AzureWebJobsStorage:',
  ],
  [
    'holds no secret',
    moduleFile('app-settings'),
    '    ADMIN_ROLE:',
    "    ENTRA_CLIENT_SECRET: 'x'\n    ADMIN_ROLE:",
  ],
  ['holds no secret', moduleFile('app-code'), '@secure()\n', ''],
  [
    'holds no secret',
    main,
    "param packageUri string = ''",
    "param packageUri string = 'https://a/b?sig=c'",
  ],
  ['holds no secret', main, 'param entraClientId string', 'param entraClientSecret string'],
  [
    'holds no secret',
    main,
    'output tenantId string = tenant().tenantId',
    'output tenantId string = packageUri',
  ],
  [
    'holds no secret',
    moduleFile('monitoring'),
    '= component.id',
    '= component.properties.ConnectionString',
  ],
  [
    'holds no secret',
    moduleFile('entra-app'),
    '  appRoles: [',
    '  passwordCredentials: []\n  appRoles: [',
  ],
  ['names no host of one cloud', main, '.${environment().suffixes.storage}', '.core.windows.net'],
  [
    'names no host of one cloud',
    moduleFile('entra-app'),
    '${environment().authentication.loginEndpoint}',
    'https://login.microsoftonline.com/',
  ],
  [
    'registers the application',
    moduleFile('entra-app'),
    'subject: identityPrincipalId',
    'subject: uniqueName',
  ],
  [
    'registers the application',
    moduleFile('entra-app'),
    '${tenant().tenantId}/v2.0',
    '${tenant().tenantId}',
  ],
  [
    'registers the application',
    moduleFile('entra-app'),
    'api://AzureADTokenExchange',
    'api://AzureAdTokenExchange',
  ],
  ['registers the application', moduleFile('entra-app'), "type: 'Scope'", "type: 'Role'"],
  ['registers the application', moduleFile('entra-app'), "name: 'sid'", "name: 'ipaddr'"],
  ['registers the application', moduleFile('entra-app'), '${signedOutPath}', '/'],
  [
    'registers the application',
    moduleFile('entra-app'),
    'enableIdTokenIssuance: false',
    'enableIdTokenIssuance: true',
  ],
  [
    'registers the application',
    moduleFile('entra-app'),
    'guid(uniqueName, adminRole)',
    'newGuid()',
  ],
  ['registers the application', moduleFile('entra-app'), 'extension microsoftGraphV1\n', ''],
  ['registers the application', moduleFile('identity'), /^/, 'extension microsoftGraphV1\n'],
  [
    'registers the application',
    main,
    'identityPrincipalId: identity.outputs.principalId',
    'identityPrincipalId: identity.outputs.clientId',
  ],
  [
    'is hardened',
    moduleFile('storage-sessions'),
    'allowSharedKeyAccess: false',
    'allowSharedKeyAccess: true',
  ],
  ['is hardened', moduleFile('storage-host'), '    allowSharedKeyAccess: false\n', ''],
  ['is hardened', moduleFile('key-vault'), 'exportable: false', 'exportable: true'],
  ['is hardened', moduleFile('key-vault'), "type: 'rotate'", "type: 'notify'"],
  ['is hardened', moduleFile('function-app'), 'httpsOnly: true', 'httpsOnly: false'],
  ['is hardened', moduleFile('function-app'), "name: 'ftp'", "name: 'scm'"],
  ['is hardened', moduleFile('monitoring'), 'DisableLocalAuth: true', 'DisableLocalAuth: false'],
  ['is hardened', moduleFile('front-door'), "mode: 'Prevention'", "mode: 'Detection'"],
  [
    'sets nothing that Flex Consumption forbids',
    moduleFile('app-settings'),
    '    ADMIN_ROLE:',
    "    FUNCTIONS_WORKER_RUNTIME: 'node'\n    ADMIN_ROLE:",
  ],
  [
    'sets nothing that Flex Consumption forbids',
    moduleFile('function-app'),
    '      http20Enabled: true',
    "      http20Enabled: true\n      healthCheckPath: '/health'",
  ],
  ['uses types that were looked up', moduleFile('identity'), '@2024-11-30', '@2025-05-31-preview'],
  [
    'uses types that were looked up',
    moduleFile('app-code'),
    'sites/extensions@',
    'sites/siteextensions@',
  ],
  ['alerts on codes that exist', moduleFile('alerts'), 'ERR_ID_TOKEN', 'ERR_ID_TOKENS'],
];

describe('the Bicep files', () => {
  const sources = readInfraSources();
  let parse: (changed: Sources) => Project;

  beforeAll(async () => {
    parse = await createBicepParser();
  });

  it.each(Object.entries(checks))('%s', (_name, find) => {
    expect(sources.size).toBeGreaterThan(15);
    expect(find(parse(sources))).toEqual([]);
  });

  describe.each(Object.keys(checks) as CheckName[])('the check "%s"', (name) => {
    const ways = mutations.filter(([check]) => check === name);

    it('has ways to fail', () => {
      expect(ways.length).toBeGreaterThan(0);
    });

    it.each(ways)('%s: fails when in %s %s becomes %s', (_check, path, from, to) => {
      const source = sources.get(path) ?? '';
      const broken = source.replace(from, () => to);
      expect(broken).not.toBe(source);
      expect(checks[name](parse(new Map([...sources, [path, broken]])))).not.toEqual([]);
    });
  });
});
