import { type Az, AzFailure } from './az';
import type { Account } from './check-account';
import { DeployError } from './deploy-error';
import { quoteForShell } from './quote-for-shell';
import { unexpectedAnswer } from './unexpected-answer';

/** What the template needs: to make resources, and to give the app identity its roles on them. */
const makers = new Set(['Owner', 'Contributor']);
const givers = new Set([
  'Owner',
  'Role Based Access Control Administrator',
  'User Access Administrator',
]);

/**
 * Roles from custom definitions are not understood: `--no-role-check` is for them.
 * @param scope id of the resource group, or of the subscription while there is no group
 * @throws DeployError when the person lacks a role that the deployment needs
 */
export async function checkRoles(
  az: Az,
  account: Account,
  scope: string,
  report: (line: string) => void,
): Promise<void> {
  let roles: ReadonlySet<string> | undefined;
  try {
    roles = await rolesOf(az, account, scope);
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
  }
  if (roles === undefined) {
    report('  your roles could not be read; going on, since Azure checks them itself');
    return;
  }
  const held = [...roles];
  const has = (wanted: ReadonlySet<string>): boolean => held.some((role) => wanted.has(role));
  const missing = [
    ...(has(makers) ? [] : ['Contributor']),
    ...(has(givers) ? [] : ['Role Based Access Control Administrator']),
  ];
  if (missing.length === 0) return;
  throw new DeployError(`${account.userName} lacks ${missing.join(' and ')} on ${scope}.`, [
    'An owner of the subscription can give it:',
    ...missing.map(
      (role) =>
        `az role assignment create --assignee ${quoteForShell(account.userName)} --role "${role}" --scope ${quoteForShell(scope)}`,
    ),
    'If a custom role allows all this, run the same command as before, with: --no-role-check',
  ]);
}

/** @returns `undefined` where az does not say who the person is: an empty name would be refused, or mean everybody */
async function rolesOf(
  az: Az,
  account: Account,
  scope: string,
): Promise<ReadonlySet<string> | undefined> {
  const id = await az(
    account.isUser
      ? ['ad', 'signed-in-user', 'show', '--query', 'id']
      : ['ad', 'sp', 'show', '--id', account.userName, '--query', 'id'],
  );
  if (typeof id !== 'string' || !/^[0-9a-f-]{36}$/i.test(id)) return undefined;
  const listed = await az([
    'role',
    'assignment',
    'list',
    '--assignee',
    id,
    '--scope',
    scope,
    '--include-inherited',
    '--include-groups',
    '--query',
    '[].roleDefinitionName',
  ]);
  if (!Array.isArray(listed)) throw unexpectedAnswer('role assignment list', listed);
  return new Set(listed.map(String));
}
