import { AzFailure } from './az';
import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';
import { type DeployParameters, parameterValue } from './read-parameters';
import { unexpectedAnswer } from './unexpected-answer';

/** Resource providers of the template as it is without options, then of its options. */
const always = [
  // Flex Consumption runs on it: without it Azure answers InternalServerError.
  'Microsoft.App',
  'Microsoft.Insights',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
  'Microsoft.Web',
];
const byOption: readonly (readonly [name: string, value: RegExp, providers: readonly string[]])[] =
  [
    ['privateNetwork', /^true$/i, ['Microsoft.Network']],
    ['frontDoorSku', /^(Standard|Premium)/i, ['Microsoft.Cdn', 'Microsoft.Network']],
  ];

/** @throws DeployError when the subscription has not been opened for a kind of resource that is needed */
export async function checkProviders(
  { az, report }: Pick<DeployContext, 'az' | 'report'>,
  parameters: DeployParameters,
): Promise<void> {
  const registered = await readRegistered(az);
  if (registered === undefined) {
    report('  the resource providers could not be read; going on, since Azure checks them itself');
    return;
  }
  const optional = byOption.filter(([name, value]) =>
    value.test(parameterValue(parameters, name) ?? ''),
  );
  const needed = new Set([...always, ...optional.flatMap(([, , providers]) => providers)]);
  const missing = [...needed].filter((name) => !registered.has(name.toLowerCase()));
  if (missing.length === 0) return;
  throw new DeployError(
    `The subscription is not registered for ${missing.join(', ')}.`,
    missing.map((name) => `az provider register --namespace ${name} --wait`),
  );
}

/** @returns names in lower case; `undefined` for people whose roles end at the resource group */
async function readRegistered(az: DeployContext['az']): Promise<ReadonlySet<string> | undefined> {
  const query = "[?registrationState=='Registered'].namespace";
  try {
    const listed = await az(['provider', 'list', '--query', query]);
    if (!Array.isArray(listed)) throw unexpectedAnswer('provider list', listed);
    return new Set(listed.map((name) => String(name).toLowerCase()));
  } catch (error) {
    if (error instanceof AzFailure && /AuthorizationFailed/.test(error.output)) return undefined;
    throw error;
  }
}
