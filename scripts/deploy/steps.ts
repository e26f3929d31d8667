import { setTimeout } from 'node:timers/promises';
import { isObject } from '../../src/bodies';
import { type Az, AzFailure, createAz, Stop } from './az.mjs';
import { explain } from './failures.mjs';
import { type Clock, timeoutMs } from './health';

/** What it meets on this machine. */
export interface Machine {
  readonly az: Az;
  readonly clock: Clock;
  readonly zip: string;
  readonly say: (text: string) => void;
  readonly interrupt: AbortSignal;
}

/** What every step works with. `parameters` are a .bicepparam file, then name=value. */
export interface Run extends Machine {
  readonly group: string;
  readonly location: string | undefined;
  readonly parameters: readonly string[];
}

/** Ctrl-C ends whatever runs, a second one ends this at once. */
export function thisMachine(): Machine {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, stop.abort.bind(stop));
  const { signal } = stop;
  const pause = (milliseconds: number) => setTimeout(milliseconds, undefined, { signal });
  const { env, platform } = process;
  return {
    az: createAz({ env, platform, interrupt: signal }),
    clock: { now: () => performance.now(), pause },
    zip: 'anteroom.zip',
    say: console.log,
    interrupt: signal,
  };
}

/** Tells early what would fail late, or would not say why. */
export async function prepare({ az, group, location, say }: Run): Promise<void> {
  say('1/5 Account');
  const account = await az(['account', 'show', '--query', '[user.name,name,tenantId]']);
  if (!Array.isArray(account)) throw new Stop('az does not say who is signed in: az login');
  say(`  ${account.join(', ')}`);
  say('2/5 Resource group');
  // Flex Consumption runs on it. Azure registers the others by itself, for the resources of the template.
  const provider = ['provider', 'show', '--namespace', 'Microsoft.App'];
  const state = await az([...provider, '--query', 'registrationState']).catch((error: unknown) => {
    // People whose roles end at the resource group may not see it.
    if (!(error instanceof AzFailure && /AuthorizationFailed/.test(error.message))) throw error;
  });
  if (state !== 'Registered' && state !== undefined) {
    throw new Stop(
      'The subscription is not registered for Microsoft.App.\naz provider register --namespace Microsoft.App --wait',
    );
  }
  if ((await az(['group', 'exists', '--name', group])) === true) {
    say(`  ${group} is there already${location ? ', so --location is not used' : ''}`);
    return;
  }
  if (location === undefined) {
    throw new Stop(`There is no resource group ${group}. Say where to make it: -l westeurope`);
  }
  await az(['group', 'create', '--name', group, '--location', location]);
  say(`  made ${group} in ${location}`);
}

/** Again for twelve minutes, as long as it fails for a reason that passes. */
export async function patiently<T>({ clock, say }: Run, action: () => Promise<T>): Promise<T> {
  const until = clock.now() + timeoutMs;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof AzFailure) || error.isLate || clock.now() >= until) throw error;
      const known = explain(error.message);
      if (known.passes !== true) throw error;
      say(`  ${known.message} Trying again in a minute.`);
      await clock.pause(60_000);
    }
  }
}

const texts = ['url', 'functionAppName', 'redirectUri', 'entraClientId'] as const;
const lists = ['dnsRecords', 'entraAppCommands'] as const;

/** What infra/main.bicep gives back, as far as it is used here. The commands make or change the registration if the template does not. */
type Outputs = Readonly<Record<(typeof texts)[number], string>> &
  Readonly<Record<(typeof lists)[number], readonly string[]>>;

export async function runTemplate({ az, group, parameters }: Run): Promise<Outputs> {
  const command = [...'deployment group create --name anteroom --resource-group'.split(' '), group];
  const template = ['--template-file', 'infra/main.bicep', '--parameters', ...parameters];
  // Front Door alone may take half an hour. The package is uploaded: the parameter file is to find no address of one.
  const options = { deadlineMs: 90 * 60_000, env: { PACKAGE_URI: '' } };
  const answer = await az([...command, ...template, '--query', 'properties.outputs'], options);
  const all = isObject(answer) ? Object.entries(answer) : [];
  const values = all.map(([name, output]) => [name, isObject(output) ? output['value'] : '']);
  const outputs: unknown = Object.fromEntries(values);
  if (areOutputs(outputs)) return outputs;
  const names = [...texts, ...lists].join(', ');
  throw new Stop(`az does not say what was made, of ${names}. Run this again.`);
}

function areOutputs(outputs: unknown): outputs is Outputs {
  const isList = (list: unknown): boolean =>
    Array.isArray(list) && list.every((one) => typeof one === 'string');
  return (
    isObject(outputs) &&
    texts.every((name) => typeof outputs[name] === 'string') &&
    lists.every((name) => isList(outputs[name]))
  );
}

export async function upload({ az, group, zip }: Run, name: string): Promise<void> {
  const command = ['functionapp', 'deployment', 'source', 'config-zip', '--timeout', '600'];
  const what = ['--resource-group', group, '--name', name, '--src', zip];
  await az([...command, ...what], { deadlineMs: 15 * 60_000 }).catch((error: unknown) => {
    // Then az asks the host how it is. The app itself tells that at /health.
    const isUploaded = /Deployment was successful but|Failed to fetch host (key|url)/i;
    if (!(error instanceof AzFailure && isUploaded.test(error.message))) throw error;
  });
}
