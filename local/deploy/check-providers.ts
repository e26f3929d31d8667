import type { Az } from './az';
import { DeployError } from './deploy-error';

/** Resource providers of the template as it is without options, then of its options. */
const always = [
  'Microsoft.Insights',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
  'Microsoft.Web',
];
const byOption: readonly (readonly [option: RegExp, providers: readonly string[]])[] = [
  [/^privateNetwork=true$|production\.bicepparam$/i, ['Microsoft.App', 'Microsoft.Network']],
  [/^frontDoorSku=(Standard|Premium)/i, ['Microsoft.Cdn', 'Microsoft.Network']],
];

/** @throws DeployError when the subscription has not been opened for a kind of resource that is needed */
export async function checkProviders(az: Az, parameters: readonly string[]): Promise<void> {
  const listed = await az([
    'provider',
    'list',
    '--query',
    "[?registrationState=='Registered'].namespace",
  ]);
  const registered = new Set(
    Array.isArray(listed) ? listed.map((name) => String(name).toLowerCase()) : [],
  );
  const needed = new Set([
    ...always,
    ...byOption
      .filter(([option]) => parameters.some((parameter) => option.test(parameter)))
      .flatMap(([, providers]) => providers),
  ]);
  const missing = [...needed].filter((name) => !registered.has(name.toLowerCase()));
  if (missing.length === 0) return;
  throw new DeployError(
    `The subscription is not registered for ${missing.join(', ')}.`,
    missing.map((name) => `az provider register --namespace ${name} --wait`),
  );
}
