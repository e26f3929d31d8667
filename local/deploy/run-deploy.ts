import { AzFailure, createAz } from './az';
import { type Clock, createClock } from './clock';
import { deploy } from './deploy';
import type { DeployContext, DeployPauses } from './deploy-context';
import { DeployError, exitCodes, headlines } from './deploy-error';
import { afterInterrupt, type DeployStage } from './deploy-stage';
import { explainFailure } from './explain-failure';
import { hideSecrets } from './hide-secrets';
import { onInterrupt } from './on-interrupt';
import { packageVariable } from './package-variable';
import { printable } from './printable';
import { deployHelp, readDeployOptions } from './read-deploy-options';
import type { DeployParameters } from './read-parameters';

/** What it meets on this machine. */
export interface DeploySurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly zip: string;
  readonly pauses: DeployPauses;
  readonly createClock: (interrupt: AbortSignal) => Clock;
  /** @returns what ends the listening */
  readonly onInterrupt: (listener: () => void) => () => void;
}

const usual: DeploySurroundings = {
  env: process.env,
  platform: process.platform,
  zip: 'anteroom.zip',
  pauses: { pollMs: 15_000, retryMs: 60_000, healthMs: 15_000, registrationMs: 10_000 },
  createClock,
  onInterrupt,
};

/**
 * `npm run deploy`: checks first what would fail later, then template, package and health.
 * @returns the exit code: those that `--help` lists
 */
export async function runDeploy(
  args: readonly string[],
  print: (text: string) => void,
  surroundings: DeploySurroundings = usual,
): Promise<number> {
  const { env, platform, pauses, zip } = surroundings;
  const addresses = [env[packageVariable] ?? ''];
  // Here and nowhere else, so that nothing passes by: az, Azure and whoever answers at the address may say anything.
  const report = (text: string): void => {
    print(printable(hideSecrets(text, addresses)));
  };
  const stop = new AbortController();
  const interrupt = stop.signal;
  const ignore = surroundings.onInterrupt(() => {
    stop.abort();
  });
  let stage: DeployStage = 'checks';
  let resourceGroup = '';
  try {
    const options = readDeployOptions(args, env, zip);
    resourceGroup = options?.resourceGroup ?? '';
    if (options === undefined) {
      report(deployHelp);
      return 0;
    }
    addresses.push(...addressesIn(options.parameters));
    const az = createAz({ subscription: options.subscription, env, interrupt, platform });
    const clock = surroundings.createClock(interrupt);
    const context: DeployContext = { az, clock, pauses, report, interrupt };
    await deploy(context, options, zip, (next) => (stage = next));
    return 0;
  } catch (error) {
    if (!interrupt.aborted) return reportFailure(error, report);
    report(`\n${afterInterrupt(stage, resourceGroup)}`);
    return 130;
  } finally {
    ignore();
  }
}

/** Addresses of a package that stand in the parameter file itself. */
function addressesIn({ inFile, environment }: DeployParameters): readonly string[] {
  const name = 'packageUri';
  return [inFile.get(name) ?? '', environment.get(name)?.fallback ?? ''];
}

function reportFailure(error: unknown, report: (text: string) => void): number {
  const known = error instanceof AzFailure ? explained(error, report) : error;
  if (!(known instanceof DeployError)) throw known;
  report(`\n${headlines[known.outcome]}: ${known.message}`);
  for (const line of known.remedy) report(`  ${line}`);
  return exitCodes[known.outcome];
}

function explained(failure: AzFailure, report: (text: string) => void): DeployError {
  report(`  ${failure.message}: ${failure.output}`);
  return explainFailure(failure.output, 'nothing');
}
