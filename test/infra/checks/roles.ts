import { entriesOf, type Project, type Resource, textOf, valueAt } from '../bicep-project';

/**
 * Every role the app identity may hold: id as in
 * https://learn.microsoft.com/azure/role-based-access-control/built-in-roles, and the one thing it is for.
 */
export const roleTable = {
  storageBlobDataOwner: {
    id: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
    title: 'Storage Blob Data Owner',
    file: 'infra/modules/storage-host.bicep',
    // Not on its containers: WebJobsStorageHealthCheck lists them, and is refused without a right on the account.
    scope: 'account',
    on: 'the account of the Functions host, which holds nothing else',
  },
  storageTableDataContributor: {
    id: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
    title: 'Storage Table Data Contributor',
    file: 'infra/modules/storage-sessions.bicep',
    scope: 'table',
    on: 'the one table',
  },
  keyVaultCryptoServiceEncryptionUser: {
    id: 'e147488a-f6f5-4113-8e2d-b22465e65bf6',
    title: 'Key Vault Crypto Service Encryption User',
    file: 'infra/modules/key-vault.bicep',
    scope: 'key',
    on: 'the wrapping key: read, wrap and unwrap',
  },
  monitoringMetricsPublisher: {
    id: '3913510d-42f4-4e42-8a64-420c390055eb',
    title: 'Monitoring Metrics Publisher',
    file: 'infra/modules/monitoring.bicep',
    scope: 'component',
    on: 'the Application Insights component',
  },
} as const;

type RoleName = keyof typeof roleTable;

/** The identity holds exactly the roles of the table, each on the one thing it is for. */
export function findRoleFaults(project: Project): string[] {
  const variable = project.get('infra/roles.bicep')?.variables.find((v) => v.name === 'roleIds');
  const ids = variable === undefined ? new Map<string, string>() : literals(variable.value);
  const assigned = [...project.values()].flatMap(({ path, resources }) =>
    resources
      .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
      .map((resource) => ({ path, resource })),
  );
  const used = assigned.map(({ resource }) => roleOf(resource));
  return [
    ...[...ids.keys()].filter((name) => !isRole(name)).map((name) => `unknown role ${name}`),
    ...Object.entries(roleTable)
      .filter(([name, { id }]) => ids.get(name) !== id)
      .map(([name]) => `${name} has another id in roles.bicep`),
    ...Object.keys(roleTable)
      .filter((name) => used.filter((role) => role === name).length !== 1)
      .map((name) => `${name} is not assigned exactly once`),
    ...assigned.flatMap(({ path, resource }) =>
      assignmentFaults(path, resource).map((fault) => `${path}: ${resource.name} ${fault}`),
    ),
  ];
}

function assignmentFaults(path: string, { body }: Resource): string[] {
  const role = roleOf({ body });
  const scope = valueAt(body, 'scope')?.text;
  const text = (at: string): string | undefined => valueAt(body, at)?.text;
  const faults: string[] = [];
  if (role === undefined || !isRole(role)) return ['takes its role from somewhere else'];
  const expected = roleTable[role];
  if (path !== expected.file || scope !== expected.scope)
    faults.push(`is on ${scope ?? 'the group'}`);
  // The identity's name, not its id, which is not known when the name of the assignment is needed.
  if (text('name') !== `guid(${expected.scope}.id, identityName, roleIds.${role})`) {
    faults.push('has a name that may change or clash');
  }
  if (text('properties.principalId') !== 'principalId') faults.push('is given to somebody else');
  if (text('properties.principalType') !== "'ServicePrincipal'") {
    faults.push('does not name the type of its principal: a new identity may not be found yet');
  }
  return faults;
}

function roleOf({ body }: Pick<Resource, 'body'>): string | undefined {
  const definition = valueAt(body, 'properties.roleDefinitionId')?.text ?? '';
  return /^subscriptionResourceId\('Microsoft\.Authorization\/roleDefinitions', roleIds\.(\w+)\)$/.exec(
    definition,
  )?.[1];
}

function isRole(name: string): name is RoleName {
  return Object.hasOwn(roleTable, name);
}

function literals(object: Resource['body']): Map<string, string> {
  return new Map([...entriesOf(object)].map(([key, value]) => [key, textOf(value)]));
}
