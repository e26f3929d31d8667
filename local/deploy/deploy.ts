import { checkAccount } from './check-account';
import { checkGroup } from './check-group';
import { checkProviders } from './check-providers';
import { checkRoles } from './check-roles';
import { checkTools } from './check-tools';
import type { DeployContext } from './deploy-context';
import { deployPackage } from './deploy-package';
import type { DeployStage } from './deploy-stage';
import type { TemplateOutputs } from './deploy-template';
import { deployTemplate } from './deploy-template';
import { keepClientId } from './keep-client-id';
import type { DeployOptions } from './read-deploy-options';
import { registrationCommand, reportAddress } from './report-address';
import { waitForHealth } from './wait-for-health';

/**
 * All steps, one after the other.
 * @param enter is told of each stage as it begins
 * @throws DeployError, AzFailure
 */
export async function deploy(
  context: DeployContext,
  options: DeployOptions,
  zip: string,
  enter: (stage: DeployStage) => void,
): Promise<void> {
  const ready = await check(context, options);
  context.report('3/5 Template (the first time takes about five minutes)');
  enter('template');
  const outputs = await deployTemplate(context, ready);
  try {
    enter('package');
    context.report('4/5 Package');
    await deployCode(context, options, outputs, zip);
    enter('health');
    context.report('5/5 Health');
    await askHealth(context, outputs);
  } catch (error) {
    // It is there, whatever was the matter after that; what the person hears last is the matter.
    await reportAddress(context, outputs).catch(() => undefined);
    throw error;
  }
  await reportAddress(context, outputs);
}

/** What would fail later. Only the resource group is made. */
async function check(context: DeployContext, options: DeployOptions): Promise<DeployOptions> {
  const { az, report } = context;
  const { resourceGroup, location } = options;
  report('1/5 Account');
  const account = await checkAccount(az, options);
  report(`  ${account.userName}, ${account.subscriptionName}, tenant ${account.tenantId}`);
  await checkTools(context);

  report('2/5 Resource group, providers, roles');
  const exists = await checkGroup(context, options);
  const subscription = `/subscriptions/${account.subscriptionId}`;
  const scope = exists ? `${subscription}/resourceGroups/${resourceGroup}` : subscription;
  if (options.checksRoles) await checkRoles(az, account, scope, report);
  await checkProviders(context, options.parameters);
  const parameters = await keepClientId(context, resourceGroup, options.parameters, exists);
  if (!exists && location !== undefined) {
    await az(['group', 'create', '--name', resourceGroup, '--location', location]);
    report(`  made ${resourceGroup} in ${location}`);
  }
  return { ...options, parameters };
}

async function deployCode(
  context: DeployContext,
  { resourceGroup, code }: DeployOptions,
  { functionAppName = '' }: TemplateOutputs,
  zip: string,
): Promise<void> {
  if (code.from === 'zip') {
    await deployPackage(context, { resourceGroup, name: functionAppName, zip });
    return;
  }
  const from = code.from === 'address' ? withoutSecrets(code.uri) : 'what the parameter file names';
  context.report(`  deployed by the template, from ${from}`);
}

/** Neither query nor user name: either may be a secret. */
function withoutSecrets(uri: string): string {
  const { host, pathname } = new URL(uri);
  return `${host}${pathname}`;
}

async function askHealth(context: DeployContext, outputs: TemplateOutputs): Promise<void> {
  const { url = '', entraClientId = '' } = outputs;
  if (entraClientId !== '') {
    await waitForHealth(context, url);
    return;
  }
  context.report(
    '  there is no app registration yet, so nobody can sign in. Whoever keeps them runs:',
  );
  context.report(`  ${registrationCommand(outputs)}`);
  context.report('  Then deploy again as it says there.');
}
