import { AzFailure } from './az';
import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';
import {
  type DeployParameters,
  isExpression,
  parameterValue,
  withParameter,
} from './read-parameters';
import { readRunningClientId } from './read-running-client-id';

/**
 * With `deployEntraApp=false` and no `entraClientId` the deployment would empty the client id of the running app, and the
 * template refuses that. So the app's own is passed on; where there is no app yet or it has none, the word for "none yet".
 * @param groupExists whether there can be an app
 * @throws DeployError when the app cannot be asked, or it is not clear which one it is
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
  const running = groupExists
    ? await readRunningClientId(az, resourceGroup, environmentOf(parameters)).catch(unreadable)
    : undefined;
  report(
    running === undefined
      ? '  no client id yet: nobody can sign in until there is a registration'
      : `  no entraClientId is given: keeping ${running.clientId}, that of ${running.app}`,
  );
  return withParameter(parameters, 'entraClientId', running?.clientId ?? 'later');
}

/** @returns `undefined` where only a compiler could tell */
export function environmentOf(parameters: DeployParameters): string | undefined {
  if (isExpression(parameters, 'environmentName')) return undefined;
  return parameterValue(parameters, 'environmentName') ?? 'anteroom';
}

function unreadable(error: unknown): never {
  if (!(error instanceof AzFailure)) throw error;
  throw new DeployError('Which client id the app has could not be read.', [
    'Say it: --parameters entraClientId=...',
    'or, if there is no registration yet: --parameters entraClientId=later',
    `az says: ${error.output}`,
  ]);
}
