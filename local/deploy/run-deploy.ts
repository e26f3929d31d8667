import type { Az } from './az';
import { createAz } from './az';
import { checkAccount } from './check-account';
import { checkProviders } from './check-providers';
import { checkRoles } from './check-roles';
import { DeployError } from './deploy-error';
import { deployPackage } from './deploy-package';
import type { TemplateOutputs } from './deploy-template';
import { deployTemplate } from './deploy-template';
import type { DeployOptions } from './read-deploy-options';
import { deployHelp, readDeployOptions } from './read-deploy-options';
import { waitForHealth } from './wait-for-health';

/** How long it waits between tries, in milliseconds. */
export interface DeployPauses {
  readonly pollMs: number;
  readonly packageMs: number;
  readonly healthMs: number;
}

const usualPauses: DeployPauses = { pollMs: 15_000, packageMs: 60_000, healthMs: 15_000 };

/**
 * `npm run deploy`: checks first what would fail later, then template, package and health.
 * @returns the exit code
 */
export async function runDeploy(
  args: readonly string[],
  report: (line: string) => void,
  pauses: DeployPauses = usualPauses,
): Promise<number> {
  try {
    const options = readDeployOptions(args);
    if (options === undefined) report(deployHelp);
    else await deploy(createAz(options.subscription), options, report, pauses);
    return 0;
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    report(`\nNot deployed: ${error.message}`);
    for (const line of error.remedy) report(`  ${line}`);
    return 1;
  }
}

async function deploy(
  az: Az,
  options: DeployOptions,
  report: (line: string) => void,
  pauses: DeployPauses,
): Promise<void> {
  const { resourceGroup, parameters } = options;
  report('1/5 Account');
  const account = await checkAccount(az, options);
  report(`  ${account.userName}, ${account.subscriptionName}, tenant ${account.tenantId}`);

  report('2/5 Resource group, providers, roles');
  const exists = (await az(['group', 'exists', '--name', resourceGroup])) === true;
  if (!exists && options.location === undefined) {
    throw new DeployError(`There is no resource group ${resourceGroup}.`, [
      'Say where to make it: --location westeurope',
    ]);
  }
  const subscription = `/subscriptions/${account.subscriptionId}`;
  const scope = exists ? `${subscription}/resourceGroups/${resourceGroup}` : subscription;
  if (options.checksRoles) await checkRoles(az, account, scope, report);
  await checkProviders(az, parameters);
  if (!exists && options.location !== undefined) {
    await az(['group', 'create', '--name', resourceGroup, '--location', options.location]);
    report(`  made ${resourceGroup} in ${options.location}`);
  }

  report('3/5 Template (the first time takes about five minutes)');
  const outputs = await deployTemplate(az, options, report, pauses.pollMs);
  await finish(az, options, outputs, report, pauses);
}

async function finish(
  az: Az,
  options: DeployOptions,
  outputs: TemplateOutputs,
  report: (line: string) => void,
  pauses: DeployPauses,
): Promise<void> {
  const { url = '', functionAppName = '', redirectUri = '', entraClientId = '' } = outputs;
  report('4/5 Package');
  if (options.packageUri === undefined) {
    const site = {
      resourceGroup: options.resourceGroup,
      name: functionAppName,
      zip: 'anteroom.zip',
    };
    await deployPackage(az, site, report, pauses.packageMs);
  } else report('  deployed by the template');

  report('5/5 Health');
  if (entraClientId === '') {
    report('  there is no app registration yet, so nobody can sign in. Whoever keeps them runs:');
    report(
      `  infra/scripts/entra-app.sh --url ${url} --identity ${outputs['federationSubject'] ?? ''} --unique-name ${outputs['entraAppUniqueName'] ?? ''}`,
    );
    report('  Then deploy again as it says there.');
  } else await waitForHealth(url, report, pauses.healthMs);
  report(`\n${url}\nregistered redirect URI: ${redirectUri}`);
}
