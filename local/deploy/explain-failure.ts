import { DeployError } from './deploy-error';

interface Explanation {
  readonly form: RegExp;
  readonly message: string;
  readonly remedy: readonly string[];
}

/** What Azure says when a deployment fails, and what it means here. The first that fits is taken. */
const explanations: readonly Explanation[] = [
  {
    form: /Authorization_RequestDenied|Insufficient privileges to complete the operation/i,
    message: 'You may not make or change app registrations in this tenant.',
    remedy: [
      'Ask for the Entra role Application Developer; or, when somebody else keeps registrations:',
      'npm run deploy -- ... --parameters deployEntraApp=false',
      'and let them run infra/scripts/entra-app.sh with what that prints.',
    ],
  },
  {
    form: /MissingSubscriptionRegistration|not registered to use namespace/i,
    message: 'The subscription is not registered for a kind of resource.',
    remedy: ['az provider register --namespace NAME --wait, with the name above'],
  },
  {
    form: /RoleAssignmentUpdateNotPermitted/i,
    message: 'A role assignment is left over from a deleted identity.',
    remedy: [
      'Remove assignments to "Identity not found" on the resources of the group, then deploy again:',
      'az role assignment list --all --resource-group NAME --query "[?principalName==\'\']"',
    ],
  },
  {
    form: /AuthorizationFailed|does not have authorization to perform action/i,
    message: 'You lack a role in Azure for something that the template makes.',
    remedy: [
      'You need Contributor and Role Based Access Control Administrator on the resource group, or Owner.',
    ],
  },
  {
    form: /VaultAlreadyExists|deleted state|soft.?deleted/i,
    message: 'A vault of this name was deleted less than a week ago and still holds the name.',
    remedy: [
      'Bring it back: az keyvault recover --name NAME',
      'or deploy under another name: --parameters environmentName=...',
    ],
  },
  {
    form: /uniqueName already exists/i,
    message: 'The app registration was deleted by hand and still holds its name.',
    remedy: ['Restore it, or remove it for good: infra/scripts/entra-app.sh --delete APP_ID'],
  },
  {
    form: /LocationNotAvailableForResourceType|not available in location|FlexConsumption.*(region|location)/i,
    message: 'The region does not offer what the template makes.',
    remedy: ['See which do: az functionapp list-flexconsumption-locations --output table'],
  },
  {
    form: /QuotaExceeded|SubscriptionIsOverQuota|exceeds? .*quota/i,
    message: 'The subscription has no quota left in this region.',
    remedy: ['Deploy to another region, or ask for more in the portal under Quotas.'],
  },
];

/** A failed deployment as a person can act on it; Azure's own words stay above. */
export function explainFailure(output: string): DeployError {
  const known = explanations.find(({ form }) => form.test(output));
  return new DeployError(known?.message ?? 'Azure refused the deployment.', [
    ...(known?.remedy ?? []),
    'It is safe to deploy again: what is there already stays as it is.',
  ]);
}
