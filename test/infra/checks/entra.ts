import type { Project } from '../bicep-project';
import { findOtherValues, type WrittenFiles } from './written-values';

const entraFile = 'infra/modules/entra-app.bicep';
const issuer = "'${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'";

/** Values of the registration. A wrong one is accepted by Entra ID and fails only when people sign in, or lets in too many. */
const registration: WrittenFiles = {
  [entraFile]: [
    ['federationIssuer', '', issuer],
    ['federationAudience', '', "'api://AzureADTokenExchange'"],
    // A second credential of the same subject, under a new name, is refused.
    ['federationName', '', "'appIdentity'"],
    ['graphAppId', '', "'00000003-0000-0000-c000-000000000000'"],
    ['application', 'signInAudience', "'AzureADMyOrg'"],
    ['application', 'uniqueName', 'uniqueName'],
    ['application', 'displayName', 'displayName'],
    // No keys, no public client, no groups in tokens, no addresses of a single-page application.
    [
      'application',
      'keys',
      'uniqueName displayName signInAudience appRoles optionalClaims requiredResourceAccess web',
    ],
    ['application', 'appRoles.each', 'allRoles'],
    // The same in every deployment, and what the script gives.
    ['application', 'appRoles.body.id', 'guid(uniqueName, role.value)'],
    ['application', 'appRoles.body.value', 'role.value'],
    // With Application, other programs could be administrators as well as people.
    ['application', 'appRoles.body.allowedMemberTypes', "['User']"],
    ['application', 'appRoles.body.isEnabled', 'role.?isEnabled ?? true'],
    // Without them, signing out asks which account, and a session ended elsewhere is not found.
    ['application', 'optionalClaims.idToken.length', '2'],
    ['application', 'optionalClaims.idToken.0.name', "'login_hint'"],
    ['application', 'optionalClaims.idToken.1.name', "'sid'"],
    ['application', 'requiredResourceAccess.each', 'apiPermissions'],
    ['application', 'requiredResourceAccess.body.resourceAppId', 'api.appId'],
    // With Role the app identity would have the permission too, without a person.
    [
      'application',
      'requiredResourceAccess.body.resourceAccess',
      "map(api.scopes, scope => { id: scope.id type: 'Scope' })",
    ],
    ['application', 'web.keys', 'homePageUrl implicitGrantSettings logoutUrl redirectUris'],
    ['application', 'web.homePageUrl', 'baseUrl'],
    ['application', 'web.logoutUrl', "'${baseUrl}${frontChannelLogoutPath}'"],
    [
      'application',
      'web.redirectUris',
      "union(['${baseUrl}${redirectPath}', '${baseUrl}${signedOutPath}'], keptRedirectUris)",
    ],
    ['application', 'web.implicitGrantSettings.enableAccessTokenIssuance', 'false'],
    ['application', 'web.implicitGrantSettings.enableIdTokenIssuance', 'false'],
    // Credentials are told apart by the application's name and theirs; the slash is required.
    ['federatedCredential', 'name', "'${application.uniqueName}/${federationName}'"],
    ['federatedCredential', 'issuer', 'federationIssuer'],
    // The object id of the identity; its client id is what people take by mistake.
    ['federatedCredential', 'subject', 'identityPrincipalId'],
    ['federatedCredential', 'audiences', '[federationAudience]'],
    ['servicePrincipal', 'appId', 'application.appId'],
    ['servicePrincipal', 'appRoleAssignmentRequired', 'assignmentRequired'],
    ['apis', 'for', 'apiPermissions'],
    ['apis', 'if', '(grantAdminConsent)'],
    ['apis', 'appId', 'api.appId'],
    ['consents', 'for', 'apiPermissions'],
    ['consents', 'if', '(grantAdminConsent)'],
    ['consents', 'clientId', 'servicePrincipal.id'],
    // Principal would be consent for one person, who would have to be named.
    ['consents', 'consentType', "'AllPrincipals'"],
    ['consents', 'resourceId', 'apis[index]!.id'],
    [
      'consents',
      'scope',
      "join(concat(toLower(api.appId) == graphAppId ? ['openid', 'profile', 'offline_access'] : [], map(api.scopes, scope => scope.value)), ' ')",
    ],
  ],
  'infra/main.bicep': [
    ['entraApp', 'params.identityPrincipalId', 'identity.outputs.principalId'],
    ['output federationIssuer', '', issuer],
  ],
};

/** All there is: one more federated credential would let somebody else act as the application. */
const resources = 'application federatedCredential servicePrincipal apis consents';

/** What of the registration is not as it must be, and the Microsoft Graph extension anywhere else than there. */
export function findEntraFaults(project: Project): string[] {
  const file = project.get(entraFile);
  const declared = file?.resources.map(({ name }) => name).join(' ');
  return [
    ...extensionFaults(project),
    ...findOtherValues(project, registration),
    ...(declared === resources ? [] : [`the registration has ${declared ?? 'no'} resources`]),
  ];
}

/** One file has the extension, so that people without rights in Entra ID can leave it out. */
function extensionFaults(project: Project): string[] {
  return [...project.values()].flatMap(({ path, source }) => {
    const lines = source.match(/^extension .*$/gm) ?? [];
    const expected = path === entraFile ? ['extension microsoftGraphV1'] : [];
    return lines.join() === expected.join() ? [] : [`${path}: extension lines: ${lines.join()}`];
  });
}
