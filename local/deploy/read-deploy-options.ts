import { parseArgs } from 'node:util';
import { isObject } from '../../src/is-object';
import { DeployError } from './deploy-error';

export interface DeployOptions {
  readonly resourceGroup: string;
  /** Needed only when the resource group does not exist yet. */
  readonly location: string | undefined;
  readonly subscription: string | undefined;
  /** Tenant that must be signed in to. */
  readonly tenant: string | undefined;
  /** Passed on to the template: `name=value` or a file. */
  readonly parameters: readonly string[];
  /** Address of a package that Azure fetches; without it the local zip is uploaded. */
  readonly packageUri: string | undefined;
  readonly checksRoles: boolean;
}

export const deployHelp = `npm run deploy -- --resource-group NAME [options]

Makes or updates everything in Azure, deploys the package, and asks /health.

  -g, --resource-group NAME   made when it does not exist
  -l, --location REGION       where to make it, such as westeurope
  -s, --subscription ID       instead of the default of the Azure CLI
      --tenant ID             fail unless signed in to this tenant
  -p, --parameters VALUE      name=value or a .bicepparam file, as often as needed (infra/README.md lists them)
      --package-uri URL       let Azure fetch the package from there
      --no-role-check         go on although your roles cannot be seen, or are custom ones`;

/** @throws DeployError where an option is unknown or missing; `undefined` when help was asked for */
export function readDeployOptions(args: readonly string[]): DeployOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const resourceGroup = values['resource-group'];
  if (resourceGroup === undefined) {
    throw new DeployError('Which resource group?', [
      'npm run deploy -- --resource-group NAME --location REGION',
    ]);
  }
  return {
    resourceGroup,
    location: values.location,
    subscription: values.subscription,
    tenant: values.tenant,
    parameters: values.parameters ?? [],
    packageUri: values['package-uri'],
    checksRoles: values['no-role-check'] !== true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'resource-group': { type: 'string', short: 'g' },
        location: { type: 'string', short: 'l' },
        subscription: { type: 'string', short: 's' },
        tenant: { type: 'string' },
        parameters: { type: 'string', short: 'p', multiple: true },
        'package-uri': { type: 'string' },
        'no-role-check': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const message = isObject(error) ? String(error['message']) : 'Unknown option';
    throw new DeployError(message, [deployHelp]);
  }
}
