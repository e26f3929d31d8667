import type { Node } from 'web-tree-sitter';
import type { BicepFile, Project } from '../bicep-project';
import { valueAt } from '../bicep-project';

const entraFile = 'infra/modules/entra-app.bicep';

/** Values of the registration, resource by resource. A wrong one is accepted by Entra ID and fails only when people sign in. */
const registration: readonly (readonly [resource: string, path: string, value: string])[] = [
  ['application', 'signInAudience', "'AzureADMyOrg'"],
  ['application', 'uniqueName', 'uniqueName'],
  ['application', 'web.logoutUrl', "'${baseUrl}${frontChannelLogoutPath}'"],
  [
    'application',
    'web.redirectUris',
    "['${baseUrl}${redirectPath}', '${baseUrl}${signedOutPath}']",
  ],
  ['application', 'web.implicitGrantSettings.enableAccessTokenIssuance', 'false'],
  ['application', 'web.implicitGrantSettings.enableIdTokenIssuance', 'false'],
  ['federatedCredential', 'issuer', 'federationIssuer'],
  // The object id of the identity; its client id is what people take by mistake.
  ['federatedCredential', 'subject', 'identityPrincipalId'],
  ['federatedCredential', 'audiences', '[federationAudience]'],
  ['servicePrincipal', 'appId', 'application.appId'],
  ['servicePrincipal', 'appRoleAssignmentRequired', 'assignmentRequired'],
  ['adminAssignments', 'appRoleId', 'adminRoleId'],
  ['adminAssignments', 'resourceId', 'servicePrincipal.id'],
  ['consent', 'scope', "'openid profile offline_access User.Read'"],
];

const variables: readonly (readonly [name: string, value: string])[] = [
  ['federationIssuer', "'${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'"],
  ['federationAudience', "'api://AzureADTokenExchange'"],
  ['adminRoleId', 'guid(uniqueName, adminRole)'],
  ['graphAppId', "'00000003-0000-0000-c000-000000000000'"],
  ['userReadScopeId', "'e1fe6dd8-ba31-4d61-89e7-88639da4683d'"],
];

export function findEntraFaults(project: Project): string[] {
  const file = project.get(entraFile);
  if (file === undefined) return [`there is no ${entraFile}`];
  const main = project.get('infra/main.bicep');
  const subject = main?.modules.find(({ name }) => name === 'entraApp')?.body;
  return [
    ...extensionFaults(project),
    ...registration
      .filter(([resource, path, value]) => text(bodyOf(file, resource), path) !== value)
      .map(([resource, path]) => `${resource}.${path} is not as it must be`),
    ...variables
      .filter(([name, value]) => file.variables.find((v) => v.name === name)?.value.text !== value)
      .map(([name]) => `${name} is not as it must be`),
    ...["name: 'login_hint'", "name: 'sid'"].filter((claim) => !file.source.includes(claim)),
    ...(/type: 'Role'/.test(file.source) ? ['an application permission is asked for'] : []),
    ...(text(subject, 'params.identityPrincipalId') === 'identity.outputs.principalId'
      ? []
      : ['main.bicep gives another subject']),
    ...(main?.outputs.find(({ name }) => name === 'federationIssuer')?.value === variables[0]?.[1]
      ? []
      : ['main.bicep puts out another issuer']),
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

function bodyOf(file: BicepFile, name: string): Node | undefined {
  return file.resources.find((resource) => resource.name === name)?.body;
}

function text(body: Node | undefined, path: string): string | undefined {
  return body === undefined ? undefined : valueAt(body, path)?.text;
}
