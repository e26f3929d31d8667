import type { DeployOutcome } from './deploy-error';

interface Explanation {
  readonly form: RegExp;
  readonly message: string;
  readonly remedy: readonly string[];
  /** Where the failure itself says how far it came. */
  readonly outcome?: DeployOutcome;
  /** Whether the same command would fail again until something is mended. */
  readonly comesAgain?: true;
}

/** What Azure says when something fails, and what it means here. The first that fits is taken. */
export const explanations: readonly Explanation[] = [
  {
    form: /AADSTS\d+|run:?\s+['"]?az login|refresh token has expired/i,
    message: 'Your sign-in to Azure has expired, or does not suffice.',
    remedy: [
      'az login --tenant TENANT',
      'Without a browser on this machine: az login --tenant TENANT --use-device-code',
    ],
  },
  {
    form: /az did not come back/i,
    message: 'Azure takes longer than it should, and may still be at work.',
    remedy: [
      'See how far it is: az deployment group show --name anteroom --resource-group NAME',
      'When it has ended, deploy again.',
    ],
  },
  {
    form: /Authorization_RequestDenied|Insufficient privileges to complete the operation/i,
    message: 'You may not make or change app registrations in this tenant.',
    remedy: [
      'Ask for the Entra role Application Developer; or, when somebody else keeps registrations,',
      'run the same command as before, with: --parameters deployEntraApp=false',
      'and let them run infra/scripts/entra-app.sh with what that prints.',
    ],
  },
  {
    // https://github.com/microsoftgraph/msgraph-bicep-types/issues/197
    form: /CannotDeleteOrUpdateEnabledEntitlement|cannot be deleted or updated unless disabled first/i,
    message: 'The registration has an app role that the parameters do not have.',
    remedy: [
      'See its roles: az ad app show --id APP_ID --query "appRoles[].{value:value,id:id,isEnabled:isEnabled}"',
      'Add it to infra/app-roles.json. To be rid of it: first deploy it with "isEnabled": false, then leave it out.',
      'One that was made in the portal has another id than the template gives: disable it there first.',
    ],
    comesAgain: true,
  },
  {
    form: /Request_ResourceNotFound|Not a valid reference update|reference-property objects are not present/i,
    message: 'Entra ID does not know yet everywhere what was made a moment ago.',
    remedy: ['That passes within minutes: deploy again.'],
  },
  {
    form: /DeploymentActive|overwrite an existing deployment which is still active/i,
    message: 'An earlier deployment is still at work in Azure.',
    remedy: [
      'Wait for it: az deployment group wait --name anteroom --resource-group NAME --created',
      'or stop it: az deployment group cancel --name anteroom --resource-group NAME',
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
      // With --all az takes no --resource-group.
      `az role assignment list --all --query "[?principalName=='' && contains(scope, '/resourceGroups/NAME/')]"`,
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
    form: /InvalidResourceLocation|InvalidResourceGroupLocation/i,
    message: 'Something of this name is in another region already.',
    remedy: ['Deploy to that region, or under another name: --parameters environmentName=...'],
  },
  {
    form: /QuotaExceeded|SubscriptionIsOverQuota|exceeds? .*quota/i,
    message: 'The subscription has no quota left in this region.',
    remedy: ['Deploy to another region, or ask for more in the portal under Quotas.'],
  },
  {
    // https://learn.microsoft.com/rest/api/storagerp/srp_error_codes_common
    form: /StorageAccountTypeConversion(NotAllowed|CannotBeChanged)/i,
    message: 'zoneRedundant was changed, and a template cannot convert storage that is there.',
    remedy: [
      'Convert both storage accounts first (Standard_LRS is without zones), which takes days:',
      'az storage account migration start --resource-group NAME --account-name ACCOUNT --sku Standard_ZRS --no-wait',
      'or deploy with zoneRedundant as it was.',
    ],
    comesAgain: true,
  },
  {
    form: /extensions\/onedeploy/i,
    message: 'Azure could not deploy the package from its address.',
    remedy: [
      'Whether Azure can fetch it: the address must answer without a sign-in, and its signature must not have expired.',
      'Roles of the app can take ten minutes to come into force; then deploy again.',
    ],
    outcome: 'noCode',
  },
  // Last: InvalidTemplateDeployment only wraps what was the matter, and that is told above.
  {
    form: /InvalidTemplate|Error BCP\d+|is not valid:/,
    message: 'Azure or Bicep does not take the template with these parameters.',
    remedy: [
      'The reason stands above. Mend it where the parameters come from: --parameters, or the .bicepparam file.',
      'infra/README.md lists them.',
    ],
    outcome: 'nothing',
    comesAgain: true,
  },
];
