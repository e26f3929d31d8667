import { isObject } from '../../src/json';
import { AzFailure } from './az';
import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';

/** The first that uploads to Flex Consumption: learn.microsoft.com/azure/azure-functions/flex-consumption-how-to. */
const oldestAz = '2.60.0';
/** The first that knows the released Graph extension: learn.microsoft.com/graph/templates. */
const oldestBicep = '0.36.1';

/** @throws DeployError when the Azure CLI or its Bicep cannot do this */
export async function checkTools({
  az,
  report,
}: Pick<DeployContext, 'az' | 'report'>): Promise<void> {
  const [azVersion, bicepVersion] = await Promise.all([readAz(az), readBicep(az)]);
  if (azVersion !== undefined && isOlder(azVersion, oldestAz)) {
    throw new DeployError(
      `The Azure CLI ${azVersion} is too old; ${oldestAz} or newer is needed.`,
      ['az upgrade'],
    );
  }
  if (bicepVersion !== undefined && isOlder(bicepVersion, oldestBicep)) {
    throw new DeployError(`Bicep ${bicepVersion} is too old; ${oldestBicep} or newer is needed.`, [
      'az bicep upgrade',
    ]);
  }
  report(
    `  az ${azVersion ?? 'of unknown version'}, Bicep ${bicepVersion ?? 'not installed yet: az does that'}`,
  );
}

async function readAz(az: DeployContext['az']): Promise<string | undefined> {
  const shown = await az(['version']);
  const text = isObject(shown) ? shown['azure-cli'] : undefined;
  return typeof text === 'string' ? /^\d+\.\d+\.\d+/.exec(text)?.[0] : undefined;
}

/** @returns `undefined` where there is none: az installs the newest when it first needs it; words sort after any version */
async function readBicep(az: DeployContext['az']): Promise<string | undefined> {
  try {
    const shown = String(await az(['bicep', 'version']));
    // Not the first version in the text: that may be a newer one, of which it tells before.
    return /Bicep CLI version (\d+\.\d+\.\d+)/i.exec(shown)?.[1] ?? 'of unknown version';
  } catch (error) {
    if (error instanceof AzFailure) return undefined;
    throw error;
  }
}

function isOlder(one: string, other: string): boolean {
  return one.localeCompare(other, 'en', { numeric: true }) < 0;
}
