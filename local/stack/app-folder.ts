import { exec } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../src/json';
import { readHostJson, readLocalSettings } from '../host/host-files';
import { FaultyFileError, readJsonFile } from '../loopback/json-file';

/** What the stack must know of a Functions app before the host loads it. */
export interface AppFolder {
  /** Folder of `host.json` and `package.json`. */
  readonly root: string;
  /** Path of Anteroom's functions in the app, such as `/api/auth`. */
  readonly authPath: string;
  /** Port of the app where nobody names one: `Host.LocalHttpPort` of `local.settings.json`, else 7071. */
  readonly port: number;
  /** Shell command that makes the files of `main`. Undefined when the app needs no build. */
  readonly buildCommand: string | undefined;
}

/** For an app that is not as usual. */
export interface AppFolderOptions {
  /** Shell command; false: no build. Left out: `npm run build` where package.json has that script. */
  readonly build?: string | false;
  /** The option `basePath` of `anteroom(...)`: `auth`. */
  readonly basePath?: string;
}

/**
 * Looks at the app in `root`.
 * @throws FaultyFileError when there is no `host.json`, or when a file of the app cannot be read
 */
export function readAppFolder(root: string, options: AppFolderOptions = {}): AppFolder {
  if (!existsSync(join(root, 'host.json'))) {
    throw new FaultyFileError(
      `There is no host.json in ${root}. Run this in the folder of a Functions app, or start only what stands beside an app: --no-app`,
    );
  }
  return {
    root,
    authPath: authPathOf(root, options.basePath),
    port: readLocalSettings(root).port ?? 7071,
    buildCommand: options.build === false ? undefined : (options.build ?? usualBuild(root)),
  };
}

/** The path of Anteroom's functions under the route prefix of `host.json`, which is `api` where it names none. */
export function authPathOf(root: string, basePath = 'auth'): string {
  const { routePrefix } = readHostJson(root);
  return `/${[routePrefix, basePath].filter((part) => part !== '').join('/')}`;
}

function usualBuild(root: string): string | undefined {
  const scripts = readJsonFile(join(root, 'package.json'))?.['scripts'];
  const hasBuild = isObject(scripts) && typeof scripts['build'] === 'string';
  // Silent: npm's own lines would hide those of the compiler.
  return hasBuild ? 'npm run --silent build' : undefined;
}

/** The app cannot be built. The message is what the build command has said. */
export class BuildError extends Error {}

const buildMs = 300_000;
const maxOutputBytes = 10_000_000;

/**
 * Runs the app's build command, where it has one.
 * @throws BuildError
 */
export function buildApp({ root, buildCommand }: AppFolder): Promise<void> {
  if (buildCommand === undefined) return Promise.resolve();
  const limits = { timeout: buildMs, maxBuffer: maxOutputBytes };
  return new Promise((resolve, reject) => {
    exec(buildCommand, { cwd: root, ...limits }, (error, stdout, stderr) => {
      if (error === null) {
        resolve();
        return;
      }
      // esbuild writes errors to stderr, tsc to stdout.
      const said = `${stdout}${stderr}`.trim();
      reject(new BuildError(said === '' ? error.message : said));
    });
  });
}
