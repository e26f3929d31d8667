import { globSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { createFunctionsCore, type FunctionsCore } from './functions-core';
import { type Log, logCategory } from './log';

/** An app after loading. With a `loadError` it has no functions, and every answer is 404. */
export interface LoadedApp {
  readonly core: FunctionsCore;
  readonly loadError: string | undefined;
}

/** There is no app, or it is not built. The message says what to do. */
export class AppMissingError extends Error {}

/**
 * Loads the app in `scriptRoot` as the Node worker does: every file of `main` in its package.json (a path or a glob), by
 * `require` or, for ES modules, by `import`. When one file throws, the app has no functions, in Azure and here.
 * https://github.com/Azure/azure-functions-nodejs-worker/blob/v4.x/src/loadScriptFile.ts
 * @throws AppMissingError when there is no package.json, no `main`, or no file behind it
 */
export async function loadApp(scriptRoot: string, log: Log): Promise<LoadedApp> {
  const { main, isModule } = readManifest(scriptRoot);
  const files = globSync(main, { cwd: scriptRoot }).sort();
  if (files.length === 0) {
    throw new AppMissingError(
      `There is no ${join(scriptRoot, main)}. Build the app first: npm run build`,
    );
  }
  const core = createFunctionsCore(log);
  supplyModule('@azure/functions-core', core.module);
  const loadError = await loadFiles(scriptRoot, files, isModule);
  if (loadError !== undefined) {
    log('error', logCategory.startup, loadError);
  }
  core.lock();
  await refuseStreaming(core);
  return { core, loadError };
}

function readManifest(scriptRoot: string): { main: string; isModule: boolean } {
  let text: string;
  try {
    text = readFileSync(join(scriptRoot, 'package.json'), 'utf8');
  } catch (cause) {
    throw new AppMissingError(`There is no package.json in ${scriptRoot}.`, { cause });
  }
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null) {
    throw new AppMissingError(`${join(scriptRoot, 'package.json')} holds no object.`);
  }
  if (!('main' in manifest) || typeof manifest.main !== 'string') {
    throw new AppMissingError(`${join(scriptRoot, 'package.json')} has no "main".`);
  }
  return { main: manifest.main, isModule: 'type' in manifest && manifest.type === 'module' };
}

async function loadFiles(
  scriptRoot: string,
  files: readonly string[],
  isModule: boolean,
): Promise<string | undefined> {
  for (const file of files) {
    const path = join(scriptRoot, file);
    try {
      if (file.endsWith('.mjs') || (isModule && !file.endsWith('.cjs'))) {
        await import(pathToFileURL(path).href);
      } else {
        createRequire(path)(path);
      }
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return `Worker was unable to load entry point "${file}": ${reason}`;
    }
  }
  return undefined;
}

async function refuseStreaming(core: FunctionsCore): Promise<void> {
  const model = core.programmingModel();
  const capabilities = (await model?.getCapabilities?.({})) ?? {};
  if (capabilities['HttpUri'] !== undefined) {
    throw new Error('This host has no stream mode: remove enableHttpStream from app.setup().');
  }
}

/**
 * Makes `require(name)` give `exported` everywhere in this process, without an installed package. The Node worker does the
 * same.
 */
export function supplyModule(name: string, exported: object): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- the proxy passes `this` on
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply(target, module, args: unknown[]): unknown {
      return args[0] === name ? exported : Reflect.apply(target, module, args);
    },
  });
}

/**
 * Sends the app's console output to the log. On the real host all of it, `console.error` too, has the level information and
 * its own category, which `default: Warning` leaves out.
 */
export function captureConsole(log: Log): void {
  for (const name of ['debug', 'error', 'info', 'log', 'warn'] as const) {
    console[name] = (...args: unknown[]) => {
      log('information', logCategory.console, format(...args));
    };
  }
}
