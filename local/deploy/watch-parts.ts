import { isObject } from '../../src/json';
import type { DeployContext } from './deploy-context';
import { deploymentName } from './deployment-name';

/** One thing that Azure did, or does, for the deployment. */
interface Operation {
  /** Different for each run: the id may be that of the same part in an earlier one, the time is not. */
  readonly key: string;
  readonly part: string;
  readonly state: string;
}

const stillMs = 30_000;

/**
 * Tells of each part of the template as it is done or fails, and every half minute that there is still work; each look waits for
 * the one before. The deployment always has the same name, so what is listed before it starts is of an earlier run and is
 * left out. Comparing with the start in time would need this machine's clock to agree with Azure's; here both lists are Azure's.
 * @returns call it before the deployment starts, and `stop` when it has ended: that takes a last look, and gives whether
 * any part was seen to be done
 */
export async function watchParts(
  context: DeployContext,
  resourceGroup: string,
): Promise<{ stop(): Promise<boolean> }> {
  const { clock, pauses } = context;
  const told = new Set<string>((await list(context, resourceGroup)).map(({ key }) => key));
  const started = clock.now();
  let spoke = started;
  let hasParts = false;
  const seconds = (): number => Math.round((clock.now() - started) / 1000);
  const look = async (isLast: boolean): Promise<void> => {
    const operations = (await list(context, resourceGroup)).filter(({ key }) => !told.has(key));
    for (const { key, part, state } of operations) {
      if (state !== 'Succeeded' && state !== 'Failed') continue;
      told.add(key);
      spoke = clock.now();
      hasParts ||= state === 'Succeeded';
      context.report(`  ${state === 'Failed' ? 'failed' : 'done'}: ${part} (${seconds()} s)`);
    }
    if (isLast || clock.now() - spoke < stillMs) return;
    spoke = clock.now();
    const running = operations.filter(({ state }) => state === 'Running').map(({ part }) => part);
    context.report(`  still at work: ${running.join(', ') || 'Azure'} (${seconds()} s)`);
  };
  const end = new AbortController();
  const looking = (async () => {
    for (;;) {
      await clock.pause(pauses.pollMs, end.signal);
      if (end.signal.aborted) return;
      await look(false);
    }
  })().catch(() => undefined);
  return {
    stop: async () => {
      end.abort();
      await looking;
      await look(true);
      return hasParts;
    },
  };
}

/** Nothing when it cannot be read: there is no deployment yet, or the network failed once. */
async function list({ az }: DeployContext, resourceGroup: string): Promise<readonly Operation[]> {
  const listed = await az(
    [
      ...['deployment', 'operation', 'group', 'list'],
      ...['--resource-group', resourceGroup, '--name', deploymentName, '--query'],
      '[].{id:operationId,time:properties.timestamp,state:properties.provisioningState,part:properties.targetResource.resourceName}',
    ],
    { deadlineMs: 60_000 },
  ).catch(() => []);
  return (Array.isArray(listed) ? listed : []).flatMap((item: unknown) => {
    const { id, time, state, part } = isObject(item) ? item : {};
    if (typeof part !== 'string' || typeof state !== 'string') return [];
    return [{ key: `${String(id)} ${String(time)}`, part: part.replace(moduleSuffix, ''), state }];
  });
}

/** Each module is a deployment of its own, which Bicep names after it: `vault-` and a `uniqueString`. */
const moduleSuffix = /-[a-z0-9]{13}$/;
