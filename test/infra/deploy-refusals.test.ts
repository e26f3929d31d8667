import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DeployRun, providerNames, tenantId } from './deploy-run';
import type { AzAnswer } from './scripted-az';

const otherTenant = 'b17d1a90-0000-4000-8000-00000000a11c';
const signIn = "Please run 'az login' to setup account.";
const expired =
  'AADSTS700082: The refresh token has expired due to inactivity. Please run: az login --scope https://management.core.windows.net//.default';

interface Refusal {
  readonly what: string;
  readonly answers?: readonly AzAnswer[];
  readonly args?: readonly string[];
  readonly group?: readonly string[];
  readonly says: string;
}

const refusals: readonly Refusal[] = [
  { what: 'without a resource group', group: [], says: 'Which resource group?' },
  {
    what: 'an unknown option',
    args: ['--resourcegroup', 'rg-1'],
    says: "Unknown option '--resourcegroup'",
  },
  {
    what: 'when nobody is signed in',
    answers: [{ command: 'account show', code: 1, stderr: signIn }],
    says: 'az login\n',
  },
  {
    what: 'when nobody is signed in, naming the tenant',
    answers: [{ command: 'account show', code: 1, stderr: signIn }],
    args: ['--tenant', otherTenant],
    says: `az login --tenant ${otherTenant}`,
  },
  {
    what: 'when az itself fails, with its words',
    answers: [{ command: 'account show', code: 1, stderr: 'ModuleNotFoundError: antlr4' }],
    says: 'az says: ModuleNotFoundError: antlr4',
  },
  {
    what: 'a sign-in that has expired',
    answers: [{ command: 'group exists', code: 1, stderr: expired }],
    says: 'Not deployed: Your sign-in to Azure has expired',
  },
  {
    what: 'a sign-in that has expired, for machines without a browser too',
    answers: [{ command: 'group exists', code: 1, stderr: expired }],
    says: '--use-device-code',
  },
  {
    what: 'another tenant',
    args: ['--tenant', otherTenant],
    says: `signed in to the tenant ${tenantId}, and wanted ${otherTenant}`,
  },
  {
    what: 'a subscription that is not theirs',
    answers: [
      {
        command: 'account show',
        code: 1,
        stderr: "Subscription 'x' not found. Check the spelling and casing and try again.",
      },
    ],
    args: ['-s', 'x'],
    says: 'The subscription x is not among yours.',
  },
  {
    what: 'an Azure CLI that is too old',
    answers: [
      { command: 'bicep version', text: 'Bicep CLI version 0.46.1 (0123456789)' },
      { command: 'version --', stdout: { 'azure-cli': '2.9.1' } },
    ],
    says: 'The Azure CLI 2.9.1 is too old; 2.60.0 or newer is needed.',
  },
  {
    what: 'a Bicep that is too old',
    answers: [{ command: 'bicep version', text: 'Bicep CLI version 0.35.1 (0123456789)' }],
    says: 'az bicep upgrade',
  },
  {
    what: 'a group that is not there, without a place',
    answers: [{ command: 'group exists', stdout: false }],
    says: '--location westeurope',
  },
  {
    what: 'a group that is elsewhere',
    args: ['-l', 'northeurope'],
    says: 'The resource group rg-1 is in westeurope, not in northeurope.',
  },
  {
    what: 'people without a role',
    answers: [{ command: 'role assignment list', stdout: ['Reader'] }],
    says: 'ada@contoso.com lacks Contributor and Role Based Access Control Administrator',
  },
  {
    what: 'people without a role in the subscription that they chose',
    answers: [{ command: 'role assignment list', stdout: ['Reader'] }],
    args: ['-s', 'sub-1'],
    says: 'ada@contoso.com lacks Contributor and Role Based Access Control Administrator',
  },
  {
    what: 'a subscription of another tenant than the one that az looks people up in',
    answers: [{ command: 'account list', stdout: otherTenant }],
    args: ['-s', 'sub-1'],
    says: `is in the tenant ${tenantId}, and az uses ${otherTenant} for everything about people and registrations.\n  az account set --subscription sub-1`,
  },
  {
    what: 'people who may not give roles',
    answers: [{ command: 'role assignment list', stdout: ['Contributor'] }],
    says: 'ada@contoso.com lacks Role Based Access Control Administrator on /subscriptions/sub-1/resourceGroups/rg-1',
  },
  {
    what: 'people whose roles are custom ones, with what to add to their command',
    answers: [{ command: 'role assignment list', stdout: ['Platform team'] }],
    says: 'run the same command as before, with: --no-role-check',
  },
  {
    what: 'subscriptions that lack a provider',
    answers: [{ command: 'provider list', stdout: ['Microsoft.Web'] }],
    says: 'az provider register --namespace Microsoft.KeyVault --wait',
  },
  {
    what: 'subscriptions without Microsoft.App, which Flex Consumption needs without any option',
    answers: [
      {
        command: 'provider list',
        stdout: providerNames.filter((name) => name !== 'Microsoft.App'),
      },
    ],
    says: 'az provider register --namespace Microsoft.App --wait',
  },
  {
    what: 'options that need another provider',
    args: ['-p', 'privateNetwork=True'],
    says: 'az provider register --namespace Microsoft.Network --wait',
  },
  {
    what: 'Front Door without its provider',
    args: ['-p', 'frontDoorSku=Standard_AzureFrontDoor'],
    says: 'Microsoft.Cdn',
  },
  {
    what: 'a parameter file that needs another provider',
    args: ['-p', 'infra/main.production.bicepparam'],
    says: 'az provider register --namespace Microsoft.Network --wait',
  },
  {
    what: 'a parameter file that is not there',
    args: ['-p', 'my.bicepparam'],
    says: 'There is no parameter file my.bicepparam.',
  },
  {
    what: 'a parameter in other letters, with the one that is meant',
    args: ['-p', 'deployentraapp=false'],
    says: 'infra/main.bicep has no parameter deployentraapp.\n  Did you mean deployEntraApp?',
  },
  {
    what: 'a parameter with letters swapped, with the one that is meant',
    args: ['-p', 'nodeVersoin=22'],
    says: 'Did you mean nodeVersion?',
  },
  {
    what: 'a parameter that is like none',
    args: ['-p', 'colour=red'],
    says: 'infra/main.bicep has no parameter colour.\n  infra/README.md lists them.',
  },
  { what: 'an empty resource group', group: ['-g', ''], says: 'The value of --resource-group is' },
  {
    what: 'an empty subscription',
    args: ['-s', ''],
    says: 'The value of --subscription is empty.',
  },
  {
    what: 'the name of a tenant, which az never shows',
    args: ['--tenant', 'contoso.onmicrosoft.com'],
    says: "--tenant takes the tenant's id, not its name.",
  },
  {
    what: 'two parameter files',
    args: ['-p', 'infra/main.bicepparam', '-p', 'infra/main.production.bicepparam'],
    says: 'Only one .bicepparam file can be given.',
  },
  {
    what: 'a JSON parameter file, which az refuses beside the other',
    args: ['-p', '@parameters.json'],
    says: '--parameters takes name=value or a .bicepparam file.',
  },
  {
    what: 'a package address in clear',
    args: ['--package-uri', 'http://a.example/b.zip'],
    says: 'must begin with https://',
  },
];

describe('before anything is changed, runDeploy refuses', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  it.each(refusals)('$what', async ({ answers, args, group, says }) => {
    expect(await run.deploy(answers, args, group)).toBe(1);
    expect(run.said).toContain('\nNot deployed: ');
    expect(run.said).toContain(says);
    expect(run.said).not.toContain('sig=abc');
    expect(run.changes()).toEqual([]);
  });

  it('without the zip, before az is asked anything', async () => {
    run.zip = '/nowhere/anteroom.zip';
    expect(await run.deploy()).toBe(1);
    expect(run.said).toContain('There is no /nowhere/anteroom.zip to upload.');
    expect(run.runs()).toEqual([]);
  });

  it('does without the zip where Azure fetches the package', async () => {
    run.zip = '/nowhere/anteroom.zip';
    expect(await run.deploy([], ['--package-uri', 'https://a.example/b.zip'])).toBe(0);
  });

  it('a folder as a parameter file', async () => {
    const folder = join(dirname(run.zip), 'my.bicepparam');
    mkdirSync(folder);
    expect(await run.deploy([], ['-p', folder])).toBe(1);
    expect(run.said).toContain(`There is no parameter file ${folder}.`);
  });

  it('where there is no Azure CLI', async () => {
    run.env = { PATH: '/nowhere' };
    expect(await run.deploy()).toBe(1);
    expect(run.said).toContain('https://learn.microsoft.com/cli/azure/install-azure-cli');
  });

  it('lets inline values win over the file when it looks for providers', async () => {
    const args = ['-p', 'infra/main.production.bicepparam', '-p', 'privateNetwork=false'];
    expect(await run.deploy([], args)).toBe(0);
  });

  it('on Windows, values that would break out of their quotes', async () => {
    run.platform = 'win32';
    expect(await run.deploy([], ['-p', 'entraAppDisplayName=x" & calc & "'])).toBe(1);
    expect(run.said).toContain(
      'The value of entraAppDisplayName cannot be passed to az on Windows.',
    );
    expect(run.changes()).toEqual([]);
  });
});
