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
  const previous = groupExists ? await previousClientId(az, resourceGroup) : 'later';
  report(
    previous === 'later'
      ? '  no client id yet: nobody can sign in until there is a registration'
      : `  no entraClientId is given: keeping ${previous}, that of the previous deployment`,
  );
  return withParameter(parameters, 'entraClientId', previous);
}

async function previousClientId(az: DeployContext['az'], resourceGroup: string): Promise<string> {
  let shown: unknown;
  try {
    shown = await az([
      ...['deployment', 'group', 'show', '--resource-group', resourceGroup],
      ...['--name', deploymentName, '--query'],
      'properties.{state:provisioningState,output:outputs.entraClientId.value,given:parameters.entraClientId.value}',
    ]);
  } catch (error) {
    if (error instanceof AzFailure && /DeploymentNotFound/.test(error.output)) {
      return 'later';
    }
    throw error;
  }
  const { state, output, given } = isObject(shown) ? shown : {};
  // A deployment that failed has no outputs, but keeps what it was given.
  for (const id of [output, given]) if (typeof id === 'string' && id !== '') return id;
  if (state === 'Succeeded') return 'later';
  throw new DeployError('The previous deployment failed and does not tell its client id.', [
    'With deployEntraApp=false say which one the app has: --parameters entraClientId=...',
    'or, while there is none: --parameters entraClientId=later',
  ]);
}
