import { checkAccount } from './check-account';
import { checkGroup } from './check-group';
import { checkProviders } from './check-providers';
import { checkRoles } from './check-roles';
import { checkTools } from './check-tools';
import type { DeployContext } from './deploy-context';
import { deployPackage } from './deploy-package';
import type { DeployStage } from './deploy-stage';
import { deployTemplate, type TemplateOutputs } from './deploy-template';
import { dnsRecords } from './dns-records';
import { keepClientId } from './keep-client-id';
import type { DeployOptions } from './read-deploy-options';
import { readRegistrationContent, reportLosses } from './registration-losses';
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
  const ready = await check(context, options, enter);
  const before = await readRegistrationContent(context, ready);
  try {
    await deployAll(context, ready, zip, enter);
  } finally {
    // Last, since a change is not everywhere at once; and also where the rest failed. What failed comes first in any case.
    await reportLosses(context, before).catch(() => undefined);
  }
}

async function deployAll(
  context: DeployContext,
  options: DeployOptions,
  zip: string,
  enter: (stage: DeployStage) => void,
): Promise<void> {
  context.report(
    '3/5 Template (the first time takes about five minutes, longer with Front Door or a private network)',
  );
  enter('template');
  const outputs = await deployTemplate(context, options);
  reportDns(context, outputs);
  try {
    enter('package');
    context.report('4/5 Package');
    await deployCode(context, options, outputs, zip);
    enter('health');
    context.report('5/5 Health');
    if (hasRegistration(outputs)) await waitForHealth(context, outputs);
    else context.report('  not asked: without an app registration it cannot say ok');
  } catch (error) {
    // It is there, whatever was the matter after that; what the person hears last is the matter.
    await reportAddress(context, outputs).catch(() => undefined);
    throw error;
  }
  await reportAddress(context, outputs);
  if (!hasRegistration(outputs)) reportNoRegistration(context, outputs);
}

function hasRegistration({ entraClientId = '' }: TemplateOutputs): boolean {
  return entraClientId !== '';
}

/** What would fail later. Only the resource group is made. */
async function check(
  context: DeployContext,
  options: DeployOptions,
  enter: (stage: DeployStage) => void,
): Promise<DeployOptions> {
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
    enter('group');
    await az(['group', 'create', '--name', resourceGroup, '--location', location]);
    report(`  made ${resourceGroup} in ${location}`);
  }
  return { ...options, parameters };
}

async function deployCode(
  context: DeployContext,
  { resourceGroup, code, parameters }: DeployOptions,
  { functionAppName = '' }: TemplateOutputs,
  zip: string,
): Promise<void> {
  if (code.from === 'zip') {
    await deployPackage(context, { resourceGroup, name: functionAppName, zip });
    return;
  }
  if (code.from === 'address') {
    context.report(`  deployed by the template, from ${withoutSecrets(code.uri)}`);
    return;
  }
  context.report(
    code.isCertain
      ? `  deployed by the template, from the address in ${parameters.file}`
      : `  left to the template: packageUri in ${parameters.file} is an expression; where it is empty, no code was deployed`,
  );
}

/** Neither query nor user name: either may be a secret. */
function withoutSecrets(uri: string): string {
  const { host, pathname } = new URL(uri);
  return `${host}${pathname}`;
}

/** Before the wait for health, so that there is time to do it. */
function reportDns({ report }: DeployContext, outputs: TemplateOutputs): void {
  const records = dnsRecords(outputs);
  if (records.length === 0) return;
  report('  the DNS needs this, if it does not have it yet:');
  for (const record of records) report(`    ${record}`);
  report(
    '  then Azure makes the certificate. That may take a while; until then nobody answers there',
  );
}

/** Last, since it is what has to be done next. */
function reportNoRegistration({ report }: DeployContext, outputs: TemplateOutputs): void {
  report('\nEverything that was asked for is deployed, but there is no app registration yet.');
  report('Whoever keeps registrations runs:');
  report(`  ${registrationCommand(outputs)}`);
  report('Then deploy again as that says. Until then nobody can sign in.');
}
