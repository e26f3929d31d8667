import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isObject } from '../../src/json';
import { choosePackage, type DeployPackage } from './choose-package';
import { DeployError } from './deploy-error';
import { packageVariable } from './package-variable';
import { type DeployParameters, readParameters, withParameter } from './read-parameters';

export interface DeployOptions {
  readonly resourceGroup: string;
  /** Needed only when the resource group does not exist yet. */
  readonly location: string | undefined;
  readonly subscription: string | undefined;
  /** Tenant that must be signed in to. */
  readonly tenant: string | undefined;
  /** Passed on to the template, except the address of the package. */
  readonly parameters: DeployParameters;
  readonly code: DeployPackage;
  readonly checksRoles: boolean;
}

export const deployHelp = `npm run deploy -- --resource-group NAME [options]

Makes or updates everything in Azure, deploys the package, and asks /health.

  -g, --resource-group NAME   made when it does not exist
  -l, --location REGION       where to make it, such as westeurope
  -s, --subscription ID       instead of the default of the Azure CLI
      --tenant ID             fail unless signed in to the tenant with this id
  -p, --parameters VALUE      name=value or a .bicepparam file, as often as needed (infra/README.md lists them);
                              name=value wins over the file, which is infra/main.bicepparam unless another is named
      --package-uri URL       let Azure fetch the package from there. An address with a signature or a user name must
                              be given in the environment, as ${packageVariable}: others can read arguments
      --no-role-check         go on although your roles cannot be seen, or are custom ones

Exit codes: 0 everything asked for is done, which with deployEntraApp=false may be all but the app registration: the
last lines say so; 1 not deployed, or not (or not surely) all of it; 2 deployed, but not healthy yet, or the app registration lacks the
redirect URI; 130 stopped with Ctrl-C or a signal. It is always safe to run it again.`;

/** @throws DeployError where an option is unknown, missing or contradicts another; `undefined` when help was asked for */
export function readDeployOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  zip: string,
): DeployOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  refuseEmpty(values);
  if (values.tenant !== undefined) refuseName(values.tenant);
  const resourceGroup = values['resource-group'];
  if (resourceGroup === undefined) {
    throw new DeployError('Which resource group?', [
      'npm run deploy -- --resource-group NAME --location REGION',
    ]);
  }
  const parameters = readParameters(values.parameters ?? []);
  const code = choosePackage(values['package-uri'], parameters, env);
  if (code.from === 'zip' && !existsSync(zip)) {
    throw new DeployError(`There is no ${zip} to upload.`, [
      'npm run package makes it, and npm run deploy does that first.',
    ]);
  }
  return {
    resourceGroup,
    location: values.location,
    subscription: values.subscription,
    tenant: values.tenant,
    parameters: withParameter(parameters, 'packageUri', undefined),
    code,
    checksRoles: values['no-role-check'] !== true,
  };
}

/** An empty one is a variable of a script that is not set, and would count as left out. */
function refuseEmpty(values: Readonly<Record<string, unknown>>): void {
  const empty = Object.keys(values).find((name) => values[name] === '');
  if (empty === undefined) return;
  throw new DeployError(`The value of --${empty} is empty.`, ['Give one, or leave it out.']);
}

/** az shows the tenant by its id only, so that a domain would never be the same. */
function refuseName(tenant: string): void {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant)) return;
  throw new DeployError("--tenant takes the tenant's id, not its name.", [
    'See yours: az account show --query tenantId',
  ]);
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
