import { isObject } from '../../src/json';
import { AzFailure } from './az';
import type { DeployPackage } from './choose-package';
import { type DeployContext, patienceMs } from './deploy-context';
import { DeployError } from './deploy-error';
import { deploymentName } from './deployment-name';
import { explainFailure } from './explain-failure';
import { packageVariable } from './package-variable';
import { passingTemplateFailure } from './passing-failure';
import type { DeployOptions } from './read-deploy-options';
import { watchParts } from './watch-parts';

/** Outputs of infra/main.bicep by name. */
export type TemplateOutputs = Readonly<Record<string, string>>;

const needed = ['functionAppName', 'url', 'redirectUri'];

/** Front Door alone may take half an hour. */
const deadlineMs = 90 * 60_000;

/**
 * Runs the template and tells of each part as it is done. What fails for a reason that passes is run again.
 * @throws DeployError with what to do, after showing Azure's own words
 */
export async function deployTemplate(
  context: DeployContext,
  options: DeployOptions,
): Promise<TemplateOutputs> {
  const { clock, report, pauses } = context;
  let until: number | undefined;
  let last = '';
  let hasParts = false;
  for (let retries = 0; ; retries += 1) {
    const watch = await watchParts(context, options.resourceGroup);
    const ran = await runTemplate(context, options).finally(async () => {
      hasParts = (await watch.stop()) || hasParts;
    });
    if (!(ran instanceof AzFailure)) return readOutputs(ran);
    const { output } = ran;
    if (output !== last) report(output);
    last = output;
    until ??= clock.now() + patienceMs;
    const passing = ran.isLate ? undefined : passingTemplateFailure(output);
    const isWorthIt = retries < (passing?.retries ?? Infinity) && clock.now() < until;
    if (passing === undefined || !isWorthIt) throw explainFailure(output, 'parts', hasParts);
    const seconds = Math.round(pauses.retryMs / 1000);
    report(`  ${passing.why}; trying again in ${seconds} s`);
    await clock.pause(pauses.retryMs);
  }
}

async function runTemplate(
  context: DeployContext,
  { resourceGroup, parameters, code }: DeployOptions,
): Promise<unknown> {
  const command = [
    ...['deployment', 'group', 'create', '--resource-group', resourceGroup],
    ...['--name', deploymentName, '--template-file', 'infra/main.bicep'],
    ...['--parameters', parameters.file],
    ...[...parameters.inline].flatMap(([name, value]) => ['--parameters', `${name}=${value}`]),
  ];
  const env = { [packageVariable]: variableFor(code) };
  try {
    return await context.az(command, { deadlineMs, env });
  } catch (error) {
    if (error instanceof AzFailure) return error;
    throw error;
  }
}

/**
 * The parameter file reads it there. Empty where the zip is uploaded, so that nothing else counts; unset where the file has an
 * address of its own for that.
 */
function variableFor(code: DeployPackage): string | undefined {
  if (code.from === 'address') return code.uri;
  return code.from === 'zip' ? '' : undefined;
}

/** @throws DeployError where they lack what the steps after this need: those would act on an app without a name */
function readOutputs(deployed: unknown): TemplateOutputs {
  const properties = isObject(deployed) ? deployed['properties'] : undefined;
  const shown = isObject(properties) ? properties['outputs'] : undefined;
  const outputs = Object.fromEntries(
    Object.entries(isObject(shown) ? shown : {}).map(([name, output]) => [
      name,
      isObject(output) && typeof output['value'] === 'string' ? output['value'] : '',
    ]),
  );
  const missing = needed.filter((name) => (outputs[name] ?? '') === '');
  if (missing.length === 0) return outputs;
  throw new DeployError(
    `az did not say what was made: its answer lacks ${missing.join(', ')}.`,
    [
      `See what there is: az deployment group show --name ${deploymentName} --resource-group NAME`,
      'Then run the same command again: what is there already stays as it is.',
    ],
    'parts',
  );
}
