import { DeployError } from './deploy-error';
import { packageVariable } from './package-variable';

/**
 * Everybody on the machine can read arguments, and npm shows them and keeps them in its log.
 * @throws DeployError that does not repeat it
 */
export function refuseSecretAddress(uri: string): void {
  const { search, username, password } = URL.parse(uri) ?? {
    search: uri.includes('?') ? uri : '',
    username: '',
    password: '',
  };
  if (search === '' && username === '' && password === '') return;
  throw new DeployError(
    'The address of the package has a query or a user name, which may be a secret.',
    [
      `Others can read arguments: give it as ${packageVariable} in the environment instead.`,
      'npm has shown the command line and keeps it in its log: npm config get logs-dir, usually ~/.npm/_logs.',
      'Remove it there, and better make a new signature or password.',
    ],
  );
}
