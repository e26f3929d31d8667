import { DeployError } from './deploy-error';
import type { DeployParameters } from './read-parameters';

/** Where the code comes from: the local zip, an address given to the template, or one that the parameter file names. */
export type DeployPackage =
  | { readonly from: 'zip' }
  | { readonly from: 'address'; readonly uri: string }
  | { readonly from: 'file' };

/** The variable that the parameter files read. */
export const packageVariable = 'PACKAGE_URI';

/**
 * An address counts in this order: `--package-uri`, `--parameters packageUri=`, the environment.
 * @throws DeployError where the address would not reach the template, or is not https
 */
export function choosePackage(
  option: string | undefined,
  parameters: DeployParameters,
  env: NodeJS.ProcessEnv,
): DeployPackage {
  const uri = option ?? parameters.inline.get('packageUri') ?? env[packageVariable] ?? '';
  const readsVariable = parameters.variables.get('packageUri') === packageVariable;
  if (uri === '') {
    const isInFile = !readsVariable && (parameters.inFile.get('packageUri') ?? '') !== '';
    return { from: isInFile ? 'file' : 'zip' };
  }
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

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:';
}
