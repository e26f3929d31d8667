import { isObject } from '../../src/is-object';
import type { Az } from './az';
import { AzFailure } from './az';
import { explainFailure } from './explain-failure';
import type { DeployOptions } from './read-deploy-options';

/** Outputs of infra/main.bicep by name. */
export type TemplateOutputs = Readonly<Record<string, string>>;

const deploymentName = 'anteroom';

/**
 * Runs the template and tells of each part as it is done.
 * @throws DeployError with what to do, after showing Azure's own words
 */
export async function deployTemplate(
  az: Az,
  options: DeployOptions,
  report: (line: string) => void,
  pollMs: number,
): Promise<TemplateOutputs> {
  const { resourceGroup, parameters, packageUri } = options;
  const hasFile = parameters.some((parameter) => parameter.endsWith('.bicepparam'));
  const watch = watchParts(az, resourceGroup, report, pollMs);
  try {
    const deployed = await az([
      ...['deployment', 'group', 'create', '--resource-group', resourceGroup],
      ...['--name', deploymentName, '--template-file', 'infra/main.bicep'],
      ...(hasFile ? [] : ['--parameters', 'infra/main.bicepparam']),
      ...parameters.flatMap((parameter) => ['--parameters', parameter]),
      ...(packageUri === undefined ? [] : ['--parameters', `packageUri=${packageUri}`]),
    ]);
    return readOutputs(deployed);
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
    report(error.output);
    throw explainFailure(error.output);
  } finally {
    watch.stop();
  }
}

/** The modules of main.bicep are deployments of their own, named after them. */
function watchParts(
  az: Az,
  resourceGroup: string,
  report: (line: string) => void,
  pollMs: number,
): { stop(): void } {
  const started = Date.now();
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    const listed = await az([
      ...['deployment', 'operation', 'group', 'list'],
      ...['--resource-group', resourceGroup, '--name', deploymentName],
      ...[
        '--query',
        "[?properties.provisioningState=='Succeeded'].properties.targetResource.resourceName",
      ],
    ]).catch(() => []);
    const names = Array.isArray(listed) ? listed.map(String) : [];
    for (const name of names.filter((done) => !told.has(done))) {
      told.add(name);
      report(`  done: ${name} (${Math.round((Date.now() - started) / 1000)} s)`);
    }
  };
  const timer = setInterval(() => void look(), pollMs);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}

function readOutputs(deployed: unknown): TemplateOutputs {
  const properties = isObject(deployed) ? deployed['properties'] : undefined;
  const outputs = isObject(properties) ? properties['outputs'] : undefined;
  return Object.fromEntries(
    Object.entries(isObject(outputs) ? outputs : {}).map(([name, output]) => [
      name,
      isObject(output) && typeof output['value'] === 'string' ? output['value'] : '',
    ]),
  );
}
