import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObject } from '../../src/json';
import { createFakeGraphAz, type FakeGraphAz } from './fake-graph-az';

export const identity = '1de27171-0000-4000-8000-00000000a11c';
export const url = 'https://app.contoso.com';
export const uniqueName = 'anteroom-prod-x1';
/** The options that `npm run deploy` prints. */
export const inAzure = ['--url', url, '--identity', identity, '--unique-name', uniqueName];

export interface EntraAppRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface EntraAppCheckout {
  readonly folder: string;
  readonly az: FakeGraphAz;
  /** entra-app.sh with these options, in a folder that is not the checkout. */
  run(...options: readonly string[]): EntraAppRun;
  /** The same, with these environment variables. */
  runWith(env: Readonly<Record<string, string>>, ...options: readonly string[]): EntraAppRun;
  /** The same, with bash showing every command. */
  trace(...options: readonly string[]): EntraAppRun;
  /** local.settings.json */
  settings(): Record<string, unknown>;
  values(): Record<string, unknown>;
  writeSettings(text: string): void;
  remove(): void;
}

/** A checkout of its own, so that local.settings.json of this one is left alone, before a tenant of its own. */
export function createEntraAppCheckout(): EntraAppCheckout {
  const az = createFakeGraphAz();
  // With what shells like to stumble over.
  const folder = mkdtempSync(join(tmpdir(), "anteroom checkout's "));
  mkdirSync(join(folder, 'infra'));
  cpSync('infra/scripts', join(folder, 'infra/scripts'), { recursive: true });
  writeFileSync(join(folder, 'infra/app-roles.json'), '[]');
  cpSync('local.settings.json.example', join(folder, 'local.settings.json.example'));
  cpSync('.gitignore', join(folder, '.gitignore'));
  spawnSync('git', ['init', '--quiet'], { cwd: folder });
  const path = join(folder, 'local.settings.json');

  const start = (
    flags: readonly string[],
    options: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): EntraAppRun => {
    const script = join(folder, 'infra/scripts/entra-app.sh');
    const { status, stdout, stderr } = spawnSync('bash', [...flags, script, ...options], {
      cwd: tmpdir(),
      encoding: 'utf8',
      env: { ...process.env, PATH: az.path, ENTRA_APP_PAUSE: '0', ...env },
    });
    return { code: status, stdout, stderr };
  };
  const settings = (): Record<string, unknown> => {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(parsed)) throw new Error('no object');
    return parsed;
  };
  return {
    folder,
    az,
    run: (...options) => start([], options),
    runWith: (env, ...options) => start([], options, env),
    trace: (...options) => start(['-x'], options),
    settings,
    values: () => {
      const { Values: values } = settings();
      if (!isObject(values)) throw new Error('no Values');
      return values;
    },
    writeSettings: (text) => {
      writeFileSync(path, text);
    },
    remove: () => {
      az.remove();
      rmSync(folder, { recursive: true });
    },
  };
}
