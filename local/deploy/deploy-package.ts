import type { Az } from './az';
import { AzFailure } from './az';
import { DeployError } from './deploy-error';

const tries = 6;

/**
 * Uploads the zip. Right after a first deployment the roles of the app are not in effect everywhere, which takes minutes;
 * so a refusal is tried again.
 */
export async function deployPackage(
  az: Az,
  site: { readonly resourceGroup: string; readonly name: string; readonly zip: string },
  report: (line: string) => void,
  pauseMs: number,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await az([
        ...['functionapp', 'deployment', 'source', 'config-zip'],
        ...['--resource-group', site.resourceGroup, '--name', site.name, '--src', site.zip],
      ]);
      return;
    } catch (error) {
      if (!(error instanceof AzFailure)) throw error;
      report(error.output);
      if (attempt === tries) {
        throw new DeployError('The package was refused.', [
          'Everything else is deployed. Roles can take ten minutes to take effect; then deploy again.',
        ]);
      }
      report(`  not accepted yet; trying again in ${Math.round(pauseMs / 1000)} s`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
