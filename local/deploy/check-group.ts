import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';
import type { DeployOptions } from './read-deploy-options';
import { unexpectedAnswer } from './unexpected-answer';

/**
 * @returns whether there is the resource group
 * @throws DeployError when it is somewhere else, or there is none and nobody said where to make it
 */
export async function checkGroup(
  { az }: Pick<DeployContext, 'az'>,
  { resourceGroup, location }: DeployOptions,
): Promise<boolean> {
  const exists = await az(['group', 'exists', '--name', resourceGroup]);
  if (typeof exists !== 'boolean') throw unexpectedAnswer('group exists', exists);
  if (!exists) {
    if (location !== undefined) return false;
    throw new DeployError(`There is no resource group ${resourceGroup}.`, [
      'Say where to make it: --location westeurope',
    ]);
  }
  if (location === undefined) return true;
  const shown = await az(['group', 'show', '--name', resourceGroup, '--query', 'location']);
  // Regions are words: anything else is not where the group is.
  if (typeof shown !== 'string' || !/^[a-z0-9 ]+$/i.test(shown)) {
    throw unexpectedAnswer('group show', shown);
  }
  if (plain(shown) !== plain(location)) {
    throw new DeployError(
      `The resource group ${resourceGroup} is in ${shown}, not in ${location}.`,
      [
        'Leave --location out to deploy there, or choose another group.',
        `To put the resources elsewhere than their group: --parameters location=${location}`,
      ],
    );
  }
  return true;
}

/** West Europe and westeurope are the same. */
function plain(region: string): string {
  return region.replaceAll(' ', '').toLowerCase();
}
