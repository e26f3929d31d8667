import { AzFailure } from './az';
import { type DeployContext, patienceMs } from './deploy-context';
import { DeployError } from './deploy-error';
import { passingPackageFailure } from './passing-failure';

/** Where the zip goes. */
export interface PackageSite {
  readonly resourceGroup: string;
  readonly name: string;
  readonly zip: string;
}

/** How long az looks after the upload, and how long it may take in all: its last step has no end while the host is ill. */
const statusSeconds = 600;
const deadlineMs = 15 * 60_000;

/**
 * Uploads the zip. Right after a first deployment the roles of the app are not in effect everywhere, which takes minutes;
 * so a refusal that passes is tried again.
 * @throws DeployError when it is refused for another reason or for too long, or az does not come back
 */
export async function deployPackage(context: DeployContext, site: PackageSite): Promise<void> {
  const { clock, report, pauses } = context;
  const minutes = Math.round(patienceMs / 60_000);
  report(
    `  uploading ${site.zip}. After a first deployment the app's roles take up to ten minutes`,
  );
  report(`  to come into force; until then it is refused, and tried again for ${minutes} minutes`);
  const until = clock.now() + patienceMs;
  let last = '';
  for (;;) {
    const output = await upload(context, site);
    if (output === undefined) return;
    if (output !== last) report(output);
    last = output;
    const passing = passingPackageFailure(output);
    if (passing === undefined) throw refused('The package was refused.');
    if (clock.now() >= until) throw refused(`The package was refused for ${minutes} minutes.`);
    report(`  ${passing.why}; trying again in ${Math.round(pauses.retryMs / 1000)} s`);
    await clock.pause(Math.min(pauses.retryMs, until - clock.now()));
  }
}

/** @returns what az says where it failed */
async function upload(
  { az, report }: DeployContext,
  site: PackageSite,
): Promise<string | undefined> {
  try {
    await az(
      [
        ...['functionapp', 'deployment', 'source', 'config-zip', '--timeout', `${statusSeconds}`],
        ...['--resource-group', site.resourceGroup, '--name', site.name, '--src', site.zip],
      ],
      { deadlineMs },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
    // After a successful deployment az asks the host how it is. That the app itself tells at /health, so it is no failure here.
    const isUploaded = /Deployment was successful but|Failed to fetch host (key|url)/i;
    if (error.isLate) throw late(error.output);
    if (!isUploaded.test(error.output)) return error.output;
    report('  uploaded; the host does not answer az yet');
    return undefined;
  }
}

/** An older version that still runs would answer /health as well as the new one: so that would show nothing. */
function late(output: string): DeployError {
  return new DeployError(
    output.trim(),
    [
      'Everything else is deployed. The package may have arrived, or not, or still be at work in Azure.',
      'Run the same command again: it is safe, and uploads the package once more.',
    ],
    'unknownCode',
  );
}

function refused(message: string): DeployError {
  return new DeployError(
    message,
    [
      'Everything else is deployed. What Azure says is above; when it is about your own rights (401, 403), you need',
      'Contributor or Website Contributor on the function app. Then run the same command again.',
    ],
    'noCode',
  );
}
