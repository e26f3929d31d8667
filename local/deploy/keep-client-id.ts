import { isObject } from '../../src/is-object';
import { AzFailure } from './az';
import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';
import { deploymentName } from './deployment-name';
import type { DeployParameters } from './read-parameters';
import { isExpression, parameterValue, withParameter } from './read-parameters';

/**
 * With `deployEntraApp=false` and no `entraClientId` a second deployment would empty the client id of the running app, and the
 * template refuses that. So the client id of the previous deployment is passed on; on a first one, the word for "none yet".
 * @param groupExists whether there can have been a deployment
 * @throws DeployError when the previous deployment leaves it open
 */
export async function keepClientId(
  { az, report }: Pick<DeployContext, 'az' | 'report'>,
  resourceGroup: string,
  parameters: DeployParameters,
  groupExists: boolean,
): Promise<DeployParameters> {
  const isOurs = parameterValue(parameters, 'deployEntraApp')?.toLowerCase() !== 'false';
  const isGiven = (parameterValue(parameters, 'entraClientId') ?? '') !== '';
  if (isOurs || isGiven || isExpression(parameters, 'entraClientId')) return parameters;
  const previous = groupExists ? await previousClientId(az, resourceGroup, parameters) : 'later';
  report(
    previous === 'later'
      ? '  no client id yet: nobody can sign in until there is a registration'
      : `  no entraClientId is given: keeping ${previous}, that of the previous deployment`,
  );
  return withParameter(parameters, 'entraClientId', previous);
}

async function previousClientId(
  az: DeployContext['az'],
  resourceGroup: string,
  parameters: DeployParameters,
): Promise<string> {
  const shown = await showPrevious(az, resourceGroup);
  if (shown === undefined) return 'later';
  const { state, output, given, environment } = shown;
  const ours = isExpression(parameters, 'environmentName')
    ? environment
    : (parameterValue(parameters, 'environmentName') ?? 'anteroom');
  if (typeof environment === 'string' && environment !== ours) {
    throw unknown(
      `The previous deployment in this group was that of ${environment}, not ${String(ours)}.`,
    );
  }
  // A deployment that failed has no outputs, but keeps what it was given.
  for (const id of [output, given]) if (typeof id === 'string' && id !== '') return id;
  if (state === 'Succeeded') return 'later';
  throw unknown('The previous deployment failed and does not tell its client id.');
}

/** @returns `undefined` where there is none */
async function showPrevious(
  az: DeployContext['az'],
  resourceGroup: string,
): Promise<Record<string, unknown> | undefined> {
  try {
    const shown = await az([
      ...['deployment', 'group', 'show', '--resource-group', resourceGroup],
      ...['--name', deploymentName, '--query'],
      'properties.{state:provisioningState,output:outputs.entraClientId.value,given:parameters.entraClientId.value,environment:parameters.environmentName.value}',
    ]);
    return isObject(shown) ? shown : {};
  } catch (error) {
    if (error instanceof AzFailure && /DeploymentNotFound/.test(error.output)) return undefined;
    throw error;
  }
}

function unknown(message: string): DeployError {
  return new DeployError(message, [
    'With deployEntraApp=false say which client id the app has: --parameters entraClientId=...',
    'or, while there is none: --parameters entraClientId=later',
  ]);
}
