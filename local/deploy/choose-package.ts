import { DeployError } from './deploy-error';
import { packageVariable } from './package-variable';
import type { DeployParameters } from './read-parameters';
import { refuseSecretAddress } from './refuse-secret-address';

/** Where the code comes from. */
export type DeployPackage =
  /** The local zip, which is uploaded. */
  | { readonly from: 'zip' }
  /** An address that is given to the template. */
  | { readonly from: 'address'; readonly uri: string }
  /** What the parameter file has of its own; `isCertain`: that it is an address, not an expression that may be empty. */
  | { readonly from: 'file'; readonly isCertain: boolean };

/**
 * An address counts in this order: `--package-uri`, `--parameters packageUri=`, the environment.
 * @throws DeployError where the address would not reach the template, is not https, or is an argument and may hold a secret
 */
export function choosePackage(
  option: string | undefined,
  parameters: DeployParameters,
  env: NodeJS.ProcessEnv,
): DeployPackage {
  const argument = option ?? parameters.inline.get('packageUri');
  if (option !== undefined) refuseSecretAddress(option);
  const uri = argument ?? env[packageVariable] ?? '';
  const read = parameters.environment.get('packageUri');
  const readsVariable = read?.variable === packageVariable;
  if (uri === '') return withoutAddress(parameters, argument !== undefined);
  if (!isHttps(uri)) {
    throw new DeployError('The address of the package must begin with https://', [
      'It may carry a signature, which must not be sent in clear.',
    ]);
  }
  if (!readsVariable) {
    throw new DeployError(`${parameters.file} does not take the address of the package.`, [
      'It must have this line:',
      `param packageUri = readEnvironmentVariable('${packageVariable}', '')`,
    ]);
  }
  return { from: 'address', uri };
}

/** @param isWanted whether an empty address was given, which turns off what the file would read instead of the variable */
function withoutAddress(parameters: DeployParameters, isWanted: boolean): DeployPackage {
  const read = parameters.environment.get('packageUri');
  if (read?.variable === packageVariable) {
    return isWanted || read.fallback === ''
      ? { from: 'zip' }
      : { from: 'file', isCertain: read.fallback !== undefined };
  }
  if (!parameters.inFile.has('packageUri')) return { from: 'zip' };
  const literal = parameters.inFile.get('packageUri');
  return literal === '' ? { from: 'zip' } : { from: 'file', isCertain: literal !== undefined };
}

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:';
}
