import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { runDeploy } from '../../local/deploy/run-deploy';
import type { AzAnswer, ScriptedAz } from './scripted-az';
import { createScriptedAz } from './scripted-az';

const tenantId = '5a17d1a9-0000-4000-8000-00000000a11c';
const otherTenant = 'b17d1a90-0000-4000-8000-00000000a11c';
const principalId = '1de27171-0000-4000-8000-00000000a11c';
const pauses = { pollMs: 40, packageMs: 1, healthMs: 1 };

const account: AzAnswer = {
  command: 'account show',
  stdout: {
    id: 'sub-1',
    name: 'Pay as you go',
    tenantId,
    user: { name: 'ada@contoso.com', type: 'user' },
  },
};
const signedInUser: AzAnswer = { command: 'ad signed-in-user show', stdout: principalId };
const owner: AzAnswer = { command: 'role assignment list', stdout: ['Owner'] };
const groupExists: AzAnswer = { command: 'group exists', stdout: true };
const providerNames = [
  'Microsoft.Insights',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
  'Microsoft.Web',
];
const providers: AzAnswer = {
  command: 'provider list',
  stdout: providerNames,
};
const operations: AzAnswer = {
  command: 'deployment operation group list',
  stdout: ['identity-x1'],
};
const zipAccepted: AzAnswer = { command: 'config-zip', stdout: { status: 4 } };

describe('runDeploy', () => {
  const usualPath = process.env['PATH'];
  let az: ScriptedAz | undefined;
  let app: Server;
  let appUrl: string;
  let healthAnswers: { status: number; body: string }[];
  let said: string;

  beforeAll(async () => {
    app = createServer((request, response) => {
      const next = healthAnswers.length > 1 ? healthAnswers.shift() : healthAnswers[0];
      const { status, body } = next ?? { status: 500, body: '' };
      response.writeHead(request.url === '/health' ? status : 404).end(body);
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const address = app.address();
    appUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });

  afterAll(() => {
    app.close();
  });

  beforeEach(() => {
    said = '';
    healthAnswers = [{ status: 200, body: 'ok' }];
  });

  afterEach(() => {
    process.env['PATH'] = usualPath ?? '';
    az?.remove();
    az = undefined;
  });

  function template(outputs: Readonly<Record<string, string>> = {}): AzAnswer {
    const all = {
      url: appUrl,
      functionAppName: 'func-anteroom-x1',
      redirectUri: `${appUrl}/auth/redirect`,
      entraClientId: 'c11e0000-0000-4000-8000-0000000a99a9',
      ...outputs,
    };
    const shaped: Record<string, { readonly type: string; readonly value: string }> = {};
    for (const [name, value] of Object.entries(all)) shaped[name] = { type: 'String', value };
    return { command: 'deployment group create', stdout: { properties: { outputs: shaped } } };
  }

  function all(): readonly AzAnswer[] {
    return [
      account,
      signedInUser,
      owner,
      groupExists,
      providers,
      operations,
      zipAccepted,
      template(),
    ];
  }

  async function deploy(
    answers: readonly AzAnswer[],
    args: readonly string[] = ['--resource-group', 'rg-1'],
  ): Promise<number> {
    az = createScriptedAz(answers);
    process.env['PATH'] = az.path;
    return runDeploy(args, (line) => (said += `${line}\n`), pauses);
  }

  /** Only what is asked before anything is changed. */
  function changed(): readonly string[] {
    return (az?.commands() ?? []).filter((line) => / create| config-zip/.test(line));
  }

  it('deploys template and package, asks /health, and says where the app is and what is registered', async () => {
    expect(await deploy(all(), ['-g', 'rg-1', '-p', 'nodeVersion=22', '-s', 'sub-1'])).toBe(0);
    expect(changed()).toEqual([
      'deployment group create --resource-group rg-1 --name anteroom --template-file infra/main.bicep --parameters infra/main.bicepparam --parameters nodeVersion=22 --subscription sub-1 --only-show-errors --output json',
      'functionapp deployment source config-zip --resource-group rg-1 --name func-anteroom-x1 --src anteroom.zip --subscription sub-1 --only-show-errors --output json',
    ]);
    expect(said).toContain(`\n${appUrl}\nregistered redirect URI: ${appUrl}/auth/redirect\n`);
  });

  it('tells of each part of the template as it is done', async () => {
    await deploy([{ ...template(), waitMs: 1500 }, ...all()]);
    expect(said.match(/done: identity-x1 \(/g)).toHaveLength(1);
    expect(said).toMatch(/1\/5[^]*2\/5[^]*3\/5[^]*4\/5[^]*5\/5/);
  });

  it('makes the resource group where it was told to', async () => {
    const answers = [
      { command: 'group exists', stdout: false },
      { command: 'group create --name rg-1 --location westeurope' },
      ...all(),
    ];
    expect(await deploy(answers, ['-g', 'rg-1', '-l', 'westeurope'])).toBe(0);
    expect(az?.commands().join('\n')).toContain('--scope /subscriptions/sub-1 ');
  });

  it('lets Azure fetch the package when it is given an address', async () => {
    expect(await deploy(all(), ['-g', 'rg-1', '--package-uri', 'https://a.example/b.zip'])).toBe(0);
    expect(changed()).toHaveLength(1);
    expect(changed()[0]).toContain('--parameters packageUri=https://a.example/b.zip');
  });

  it('takes another parameter file in place of the usual one', async () => {
    const wide = {
      command: 'provider list',
      stdout: [...providerNames, 'Microsoft.App', 'Microsoft.Network'],
    };
    await deploy([wide, ...all()], ['-g', 'rg-1', '-p', 'infra/main.production.bicepparam']);
    expect(changed()[0]).toContain('--parameters infra/main.production.bicepparam');
    expect(changed()[0]).not.toContain('infra/main.bicepparam');
  });

  it('tries the package again while roles take effect', async () => {
    const refused = { command: 'config-zip', code: 1, stderr: 'Forbidden (403)', times: 2 };
    expect(await deploy([refused, ...all()])).toBe(0);
    expect(changed().filter((line) => line.includes('config-zip'))).toHaveLength(3);
  });

  it('gives up on the package after six tries', async () => {
    expect(await deploy([{ command: 'config-zip', code: 1, stderr: 'Forbidden' }, ...all()])).toBe(
      1,
    );
    expect(changed().filter((line) => line.includes('config-zip'))).toHaveLength(6);
    expect(said).toContain('The package was refused.');
  });

  it('waits for a health that comes late', async () => {
    healthAnswers = [
      { status: 503, body: 'failing: keys' },
      { status: 503, body: 'failing: keys' },
      { status: 200, body: 'ok' },
    ];
    expect(await deploy(all())).toBe(0);
    expect(said.match(/failing: keys/g)).toHaveLength(1);
  });

  it('names the failing part when the app stays ill', async () => {
    healthAnswers = [{ status: 503, body: 'failing: storage' }];
    expect(await deploy(all())).toBe(1);
    expect(said).toContain('does not say ok: 503 failing: storage');
  });

  it('says how to make the registration when somebody else does that', async () => {
    const bare = template({
      entraClientId: '',
      federationSubject: principalId,
      entraAppUniqueName: 'anteroom-prod-x1',
    });
    healthAnswers = [{ status: 503, body: 'failing: settings' }];
    expect(await deploy([bare, ...all()], ['-g', 'rg-1', '-p', 'deployEntraApp=false'])).toBe(0);
    expect(said).toContain(
      `infra/scripts/entra-app.sh --url ${appUrl} --identity ${principalId} --unique-name anteroom-prod-x1`,
    );
  });

  describe('before anything is changed, refuses', () => {
    const notSignedIn = {
      command: 'account show',
      code: 1,
      stderr: "Please run 'az login' to setup account.",
    };
    const noRoles = { command: 'role assignment list', stdout: ['Reader'] };
    const contributor = { command: 'role assignment list', stdout: ['Contributor'] };
    const noVault = { command: 'provider list', stdout: ['Microsoft.Web'] };
    const noGroup = { command: 'group exists', stdout: false };

    it.each<[string, readonly AzAnswer[], readonly string[], string]>([
      ['without a resource group', [], [], 'Which resource group?'],
      ['an unknown option', [], ['--resourcegroup', 'rg-1'], "Unknown option '--resourcegroup'"],
      ['when nobody is signed in', [notSignedIn], ['-g', 'rg-1'], 'az login\n'],
      [
        'when nobody is signed in, naming the tenant',
        [notSignedIn],
        ['-g', 'rg-1', '--tenant', otherTenant],
        `az login --tenant ${otherTenant}`,
      ],
      [
        'another tenant',
        [],
        ['-g', 'rg-1', '--tenant', otherTenant],
        `signed in to the tenant ${tenantId}, and wanted ${otherTenant}`,
      ],
      [
        'a subscription that is not theirs',
        [{ command: 'account show', code: 1, stderr: "The subscription of 'x' doesn't exist" }],
        ['-g', 'rg-1', '-s', 'x'],
        'The subscription x is not among yours.',
      ],
      [
        'a group that is not there, without a place',
        [noGroup],
        ['-g', 'rg-1'],
        '--location westeurope',
      ],
      [
        'people without a role',
        [noRoles],
        ['-g', 'rg-1'],
        'ada@contoso.com lacks Contributor and Role Based Access Control Administrator',
      ],
      [
        'people who may not give roles',
        [contributor],
        ['-g', 'rg-1'],
        'ada@contoso.com lacks Role Based Access Control Administrator on /subscriptions/sub-1/resourceGroups/rg-1',
      ],
      [
        'subscriptions that lack a provider',
        [noVault],
        ['-g', 'rg-1'],
        'az provider register --namespace Microsoft.KeyVault --wait',
      ],
      [
        'options that need another provider',
        [],
        ['-g', 'rg-1', '-p', 'privateNetwork=true'],
        'az provider register --namespace Microsoft.App --wait',
      ],
      [
        'Front Door without its provider',
        [],
        ['-g', 'rg-1', '-p', 'frontDoorSku=Standard_AzureFrontDoor'],
        'Microsoft.Cdn',
      ],
    ])('%s', async (_case, answers, args, text) => {
      expect(await deploy([...answers, ...all()], args)).toBe(1);
      expect(said).toContain(text);
      expect(changed()).toEqual([]);
    });

    it('where there is no Azure CLI', async () => {
      process.env['PATH'] = '/nowhere';
      expect(await runDeploy(['-g', 'rg-1'], (line) => (said += `${line}\n`), pauses)).toBe(1);
      expect(said).toContain('https://learn.microsoft.com/cli/azure/install-azure-cli');
    });
  });

  it('goes on with custom roles when told to', async () => {
    const custom = { command: 'role assignment list', stdout: ['Platform team'] };
    expect(await deploy([custom, ...all()], ['-g', 'rg-1', '--no-role-check'])).toBe(0);
  });

  it('goes on when roles cannot be read, since Azure checks them itself', async () => {
    const unreadable = {
      command: 'ad signed-in-user show',
      code: 1,
      stderr: 'Insufficient privileges',
    };
    expect(await deploy([unreadable, ...all()])).toBe(0);
    expect(said).toContain('your roles could not be read');
  });

  it.each([
    [
      'Authorization_RequestDenied: Insufficient privileges to complete the operation.',
      'entra-app.sh',
    ],
    [
      '(MissingSubscriptionRegistration) The subscription is not registered to use namespace',
      'az provider register',
    ],
    [
      '(RoleAssignmentUpdateNotPermitted) Tenant ID, application ID, principal ID, and scope are not allowed',
      'left over from a deleted identity',
    ],
    [
      '(AuthorizationFailed) The client does not have authorization to perform action',
      'You lack a role in Azure',
    ],
    [
      '(ConflictError) A vault with the same name already exists in deleted state.',
      'az keyvault recover',
    ],
    [
      'Another object with the same value for property uniqueName already exists.',
      'entra-app.sh --delete',
    ],
    [
      '(LocationNotAvailableForResourceType) The provided location',
      'list-flexconsumption-locations',
    ],
    ['(SubscriptionIsOverQuotaForSku)', 'no quota left'],
    ['(SomethingElse) Who knows.', 'Azure refused the deployment.'],
  ])('explains what Azure says: %s', async (stderr, text) => {
    const refused = { command: 'deployment group create', code: 1, stderr };
    expect(await deploy([refused, ...all()])).toBe(1);
    expect(said).toContain(stderr);
    expect(said).toContain(text);
    expect(said).toContain('It is safe to deploy again');
  });

  it('prints its options', async () => {
    expect(await deploy([], ['--help'])).toBe(0);
    expect(said).toContain('--resource-group NAME');
  });
});
