/**
 * What people meet, by the form of what az says, and what to do about it. What `passes` ends by itself within minutes.
 * @typedef {{ form: RegExp, message: string, remedy: string, passes?: true }} KnownFailure
 */

/** The first that fits is taken. @type {readonly KnownFailure[]} */
const failures = [
  {
    form: /AADSTS\d+|az login|refresh token has expired|InvalidAuthenticationToken|TokenExpired/i,
    message: 'Your sign-in to Azure has expired, or is not enough for this.',
    remedy: 'az login --tenant TENANT',
  },
  {
    form: /Another object with the same value for property uniqueName|uniqueName already exists/i,
    message: 'A deleted app registration holds the unique name for thirty days.',
    remedy:
      'Find it at portal.azure.com, App registrations, Deleted applications: restore it, or delete it for good. After that wait some minutes.',
  },
  {
    form: /HostNameNotOnVerifiedDomain|verified domain|same value for property identifierUris/i,
    message: 'Entra ID does not take this App ID URI (appIdUri, --app-id-uri).',
    remedy: 'Verify its domain in this tenant first, or take one that no other registration has.',
  },
  {
    form: /CannotDeleteOrUpdateEnabledEntitlement|cannot be deleted or updated unless disabled first|contains duplicate value/i,
    message:
      'The registration has an app role or a scope that the parameters do not have, or have in other letters.',
    remedy:
      'Name it in infra/app-roles.json or infra/exposed-scopes.json. To remove it, first deploy it with "isEnabled": false. One that was made in the portal has another id: disable it there first.',
  },
  {
    form: /Request_ResourceNotFound|Not a valid reference update|reference-property objects are not present/i,
    message: 'Entra ID does not know yet everywhere what was made a moment ago.',
    remedy: 'Run this again in some minutes. If it stays so, an id is wrong or of another tenant.',
    passes: true,
  },
  {
    form: /Authorization_RequestDenied|Insufficient privileges to complete/i,
    message: 'You may not make or change app registrations in this tenant.',
    remedy:
      'Ask for the Entra role Application Developer. When somebody else keeps registrations: add --parameters deployEntraApp=false --parameters entraClientId=later',
  },
  {
    form: /RequestDisallowedBy(Policy|Azure)/i,
    message: 'A policy of your organisation forbids a part of this.',
    remedy: 'The policy is named above. Choose other parameters, or ask for an exemption.',
  },
  {
    form: /MissingSubscriptionRegistration|not registered to use namespace/i,
    message: 'The subscription is not registered for a kind of resource.',
    remedy: 'az provider register --namespace NAME --wait, with the name above',
  },
  {
    form: /RoleAssignmentUpdateNotPermitted|RoleAssignmentExists/i,
    message: 'A role assignment is in the way: of a deleted identity, or made by hand.',
    remedy:
      'On the resources of the group (portal, Access control) remove the assignments to "Identity not found", and those that somebody gave the identity of the app. Then run this again.',
  },
  {
    form: /VaultAlreadyExists|\bdeleted state\b|soft.?deleted/i,
    message: 'A deleted vault holds the name for a week.',
    remedy: 'az keyvault recover --name NAME, or deploy with --parameters environmentName=ANOTHER',
  },
  {
    form: /QuotaExceeded|OverQuota|exceed\w* .*quota|LocationNotAvailable|not available in (the )?(location|region)|(Insufficient|No available).*capacity|SkuNotAvailable|AllocationFailed/i,
    message: 'The region does not offer this, is full, or your quota there is used up.',
    remedy: 'Choose another: az functionapp list-flexconsumption-locations --output table',
  },
  {
    form: /(CNAME|TXT) record .*(was )?not found|hostname.*(ownership|verif)/i,
    message: 'The DNS does not lead customDomain to the app yet. All else is deployed.',
    remedy: 'Make the records that are named above, wait some minutes, then run this again.',
  },
  {
    form: /DeploymentActive|still active|did not come back/i,
    message: 'Azure is still at work.',
    remedy:
      'Wait for it: az deployment group wait --name anteroom --resource-group GROUP --created\nOr stop it: az deployment group cancel --name anteroom --resource-group GROUP',
  },
  {
    // The host checks its storage, writes the package there, and needs a token for it.
    form: /StorageAccessibleCheck|InaccessibleStorage|BlobUploadFailed|MSITokenUnavailable|AuthorizationPermissionMismatch/i,
    message: 'The app may not write to its storage yet: new roles take up to ten minutes.',
    remedy: 'Wait some minutes and run this again.',
    passes: true,
  },
  {
    form: /Status Code: (404|408|409|429|5\d\d)|ongoing deployment|TooManyRequests|OperationNotAllowed.*retry|ServerTimeout|ServiceUnavailable|RetryableError/i,
    message: 'Azure is busy, or not ready yet.',
    remedy: 'Wait some minutes and run this again.',
    passes: true,
  },
  {
    form: /AuthorizationFailed|does not have authorization|Status Code: 40[13]/i,
    message: 'You lack a role in Azure.',
    remedy:
      'You need Contributor and Role Based Access Control Administrator on the resource group, or Owner.',
  },
  {
    form: /ConnectionError|Connection (aborted|reset|refused)|Max retries|NameResolution|getaddrinfo|timed out|SSLError|CERTIFICATE_VERIFY|ProxyError/i,
    message: 'Azure could not be reached.',
    remedy: 'Look at the network or the proxy of this machine, then run this again.',
    passes: true,
  },
  // Last: it only wraps what was the matter, which the rows above tell.
  {
    form: /InvalidTemplate|Error BCP\d+|is not valid|unrecognized template parameter/i,
    message: 'Azure or Bicep does not take the template with these parameters.',
    remedy:
      'Correct them: --parameters, or the .bicepparam file. infra/README.md lists them. If Bicep is old: az bicep upgrade',
  },
];

/** @param {string} said @returns {Pick<KnownFailure, 'message' | 'remedy' | 'passes'>} */
export function explain(said) {
  const unknown = { message: 'The cause is not known.', remedy: 'The text above is from Azure.' };
  return failures.find(({ form }) => form.test(said)) ?? unknown;
}

/**
 * What was the matter, without what Azure wraps around it: an error of Resource Manager has others inside, at times as text. Each once, in one
 * line with its code; all of the text where there is nothing to unwrap. @param {string} said @returns {string}
 */
export function leavesOf(said) {
  const start = said.indexOf('{');
  const wrapped = start < 0 ? undefined : parsed(said.slice(start, said.lastIndexOf('}') + 1));
  const leaves = wrapped === undefined ? [] : inside(wrapped);
  if (leaves.length > 0) return [...new Set(leaves)].join('\n');
  // As az prints the answer of a check before the deployment: (Code) message, then each inner one after "Exception Details".
  const [, details] = /Exception Details:\s*([^]*)/.exec(said) ?? [];
  const lines = [...(details ?? '').matchAll(/^\s*\((\w+)\) (.*)$/gm)].map(
    ([, code, text]) => `${code}: ${text}`,
  );
  return lines.length > 0 ? [...new Set(lines)].join('\n') : said.trim();
}

/** @param {unknown} value @returns {string[]} */
function inside(value) {
  if (typeof value !== 'object' || value === null) return [];
  const { error, details, innererror, code, message } = /** @type {Record<string, unknown>} */ (
    value
  );
  if (typeof error === 'object' && error !== null) return inside(error);
  const inner = (Array.isArray(details) ? details : [innererror]).flatMap(inside);
  if (inner.length > 0) return inner;
  if (typeof message !== 'string') return [];
  const within = inside(parsed(message.slice(message.indexOf('{'))));
  return within.length > 0 ? within : [`${String(code ?? 'Error')}: ${message.trim()}`];
}

/** @param {string} text @returns {unknown} undefined where it is not JSON */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
