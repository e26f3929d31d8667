import { AzFailure } from '../../scripts/deploy/az.mjs';

/**
 * The commands that the programs run, print and document, and what the Azure CLI takes with each.
 * @see https://github.com/Azure/azure-cli, `_params.py` of each command module; https://learn.microsoft.com/cli/azure/reference-index
 */
const table = `
account set: --subscription
account show:
ad app credential delete: --id --key-id
ad app credential list: --id
ad app delete: --id
ad app permission add: --id --api --api-permissions
ad app show: --id
ad app update: --id --set --add --remove --force-string
ad sp update: --id --set --add --remove --force-string
bicep install:
bicep upgrade:
cloud show: --name
deployment group cancel: --name --resource-group
deployment group create: --name --resource-group --template-file --parameters --mode --no-wait
deployment group show: --name --resource-group
deployment group wait: --name --resource-group --created --updated --deleted --exists --interval --timeout
deployment group what-if: --name --resource-group --template-file --parameters
deployment operation group list: --name --resource-group
functionapp config appsettings list: --name --resource-group --slot
functionapp config ssl create: --name --resource-group --hostname
functionapp deployment source config-zip: --name --resource-group --src --build-remote --slot --timeout
functionapp list: --resource-group
functionapp list-flexconsumption-locations: --zone-redundant
functionapp list-flexconsumption-runtimes: --location --runtime
functionapp vnet-integration remove: --name --resource-group --slot
group create: --name --location --tags --managed-by
group delete: --name --yes --no-wait
group exists: --name
keyvault key rotate: --vault-name --name --id
keyvault recover: --name --location --resource-group --no-wait
login: --tenant --use-device-code --service-principal
provider register: --namespace --wait --consent-to-permissions
provider show: --namespace --expand
resource delete: --ids --name --resource-group
resource list: --resource-group --name --tag
rest: --method --url --headers --body --resource --uri-parameters --output-file
storage account migration start: --account-name --resource-group --sku`;

const known = new Map(
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', options = ''] = line.split(':');
      return [name, options.trim().split(' ')] as const;
    }),
);
/** `--subscription` is one too, but not of `ad`: that has hidden it. https://github.com/Azure/azure-cli/issues/29837 */
const everywhere = ['--only-show-errors', '--output', '--query', '--debug', '--verbose', '--help'];

/** Refuses what the Azure CLI refuses before it asks anybody. @param words of a command, without `az` */
export function refuseUnknown(words: readonly string[]): void {
  const first = words.findIndex((word) => word.startsWith('-'));
  const name = words.slice(0, first < 0 ? undefined : first).join(' ');
  const own = known.get(name);
  if (own === undefined) throw new AzFailure(`'${name}' is misspelled or not recognized`);
  const wrong = words.find(
    (word) => word.startsWith('--') && ![...own, ...everywhere].includes(word),
  );
  if (wrong !== undefined) throw new AzFailure(`unrecognized arguments: ${wrong}`);
}
