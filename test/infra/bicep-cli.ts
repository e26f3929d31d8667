import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { isObject } from '../../src/bodies';

/** A resource as it would be deployed. What is known only in Azure is an expression in brackets. */
export type Resource = Readonly<Record<string, unknown>>;

/** What a template would make, as the Bicep CLI evaluates it without Azure. */
export interface Snapshot {
  readonly resources: readonly Resource[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** All of it as text. */
  readonly text: string;
}

const metadata = {
  subscriptionId: '11111111-1111-1111-1111-111111111111',
  resourceGroup: 'rg-1',
  tenantId: '22222222-2222-2222-2222-222222222222',
  location: 'westeurope',
  deploymentName: 'anteroom',
};

/** The Bicep CLI, running. It starts slowly, so that one process takes all snapshots. */
export interface BicepCli {
  /**
   * Compiles, lints and evaluates the template with a parameter file.
   * @throws Error with all that the CLI said, where it said anything: a warning is a fault too
   */
  takeSnapshot(parameterFile: string): Promise<Snapshot>;
  stop(): Promise<void>;
}

/**
 * Starts the CLI that `BICEP` names, which jest.config.mjs looks for, on a copy of `infra`. Where `BICEP_GRAPH_TYPES` names a
 * copy of the Microsoft Graph types, no registry is asked for them.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-cli-jsonrpc
 */
export function startBicep(): BicepCli {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-bicep-'));
  cpSync('infra', join(folder, 'infra'), { recursive: true });
  useLocalGraphTypes(folder);
  const { BICEP: cli = 'bicep' } = process.env;
  // It leaves files where temporary files go. .NET compiles its code once, and not again while it runs: that took a third more.
  const env = { ...process.env, TMPDIR: folder, DOTNET_TieredCompilation: '0' };
  const child = spawn(cli, ['jsonrpc', '--stdio'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const ask = speakTo(child);
  return {
    takeSnapshot: async (parameterFile) => {
      const path = join(folder, 'infra', basename(parameterFile));
      const source = readFileSync(parameterFile, 'utf8');
      writeFileSync(path, source.replaceAll('../../../infra/', ''));
      const compiled = await ask('bicep/compileParams', { path, parameterOverrides: {} });
      const said = JSON.stringify(compiled['diagnostics'], null, 1);
      if (said !== '[]') throw new Error(said.replaceAll(folder, ''));
      const { snapshot } = await ask('bicep/getSnapshot', { path, metadata });
      return read(String(snapshot));
    },
    stop: async () => {
      child.kill();
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
}

type Ask = (method: string, params: object) => Promise<Readonly<Record<string, unknown>>>;

/** JSON-RPC 2.0; each message has its length in a header. */
function speakTo({ stdin, stdout }: ChildProcessByStdio<Writable, Readable, null>): Ask {
  const waiting = new Map<unknown, (message: Readonly<Record<string, unknown>>) => void>();
  let received = Buffer.alloc(0);
  stdout.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const headers = received.indexOf('\r\n\r\n');
      const length = /Content-Length: (\d+)/i.exec(received.toString('latin1'))?.[1];
      const end = headers + 4 + Number(length);
      if (headers === -1 || received.length < end) return;
      const message: unknown = JSON.parse(received.toString('utf8', headers + 4, end));
      received = received.subarray(end);
      if (isObject(message)) waiting.get(message['id'])?.(message);
    }
  });
  // Each question listens for the end.
  stdout.setMaxListeners(0);
  let lastId = 0;
  return async (method, params) => {
    lastId += 1;
    const id = lastId;
    const answer = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      waiting.set(id, resolve);
      stdout.once('close', () => {
        reject(new Error('the Bicep CLI ended'));
      });
    });
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    const { result, error } = await answer;
    if (isObject(error)) throw new Error(String(error['message']));
    return isObject(result) ? result : {};
  };
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
