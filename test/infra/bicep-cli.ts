import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { isObject } from '../../src/json';

/** A resource as it would be deployed. What is known only in Azure is an expression in brackets. */
export type Resource = Readonly<Record<string, unknown>>;

/** What a template would make, as the Bicep CLI evaluates it without Azure. */
export interface Snapshot {
  readonly resources: readonly Resource[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** All of it as text. */
  readonly text: string;
}

const scope = [
  ...['--subscription-id', '11111111-1111-1111-1111-111111111111', '--resource-group', 'rg-1'],
  ...['--tenant-id', '22222222-2222-2222-2222-222222222222', '--location', 'westeurope'],
  ...['--deployment-name', 'anteroom'],
];

/**
 * Compiles, lints and evaluates the template with a parameter file: one run of the CLI that `BICEP` names, which jest.config.mjs
 * looks for. Where `BICEP_GRAPH_TYPES` names a copy of the Microsoft Graph types, no registry is asked for them.
 * @throws Error with all that the CLI said, where it said anything: a warning is a fault too
 */
export async function takeSnapshot(parameterFile: string): Promise<Snapshot> {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-bicep-'));
  try {
    cpSync('infra', join(folder, 'infra'), { recursive: true });
    useLocalGraphTypes(folder);
    const file = join(folder, 'infra', basename(parameterFile));
    const source = readFileSync(parameterFile, 'utf8');
    writeFileSync(file, source.replace(/^using '.*'$/m, "using 'main.bicep'"));
    const said = await run(folder, ['snapshot', file, '--mode', 'overwrite', ...scope]);
    if (said !== '') throw new Error(said.replaceAll(folder, ''));
    return read(readFileSync(file.replace(/\.bicepparam$/, '.snapshot.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** It leaves files where temporary files go. */
async function run(folder: string, args: readonly string[]): Promise<string> {
  const { BICEP: cli = 'bicep' } = process.env;
  const env = { ...process.env, TMPDIR: folder };
  const { stdout, stderr } = await promisify(execFile)(cli, args, { env }).catch(
    (error: unknown) => {
      throw new Error(
        isObject(error) ? `${String(error['stdout'])}${String(error['stderr'])}` : '',
      );
    },
  );
  return `${stdout}${stderr}`.replaceAll(/^.*experimental.*$/gim, '').trim();
}

function useLocalGraphTypes(folder: string): void {
  const { BICEP_GRAPH_TYPES: types = '' } = process.env;
  if (types === '') return;
  cpSync(types, join(folder, 'infra/graph-types.tgz'));
  const path = join(folder, 'infra/bicepconfig.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"br:[^"]+"/, '"./graph-types.tgz"'));
}

function read(text: string): Snapshot {
  const parsed: unknown = JSON.parse(text);
  const { predictedResources, outputs } = isObject(parsed) ? parsed : {};
  if (!Array.isArray(predictedResources) || !isObject(outputs)) throw new Error('no snapshot');
  return { resources: predictedResources.filter(isObject), outputs, text };
}
