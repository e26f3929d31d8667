import { type ChildProcess, exec, spawn } from 'node:child_process';
import { existsSync, type FSWatcher, mkdtempSync, rmSync, watch } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObject } from '../../src/bodies';
import { FaultyFileError, readHostJson, readJsonFile, readLocalSettings } from '../host/host-files';

/** What the stack must know of a Functions app before the host loads it. */
export interface AppFolder {
  /** Folder of `host.json` and `package.json`. */
  readonly root: string;
  /** Path of Anteroom's functions in the app, such as `/api/auth`. */
  readonly authPath: string;
  /** Port of the app if nobody names one: `Host.LocalHttpPort` of `local.settings.json`, else 7071. */
  readonly port: number;
  /** Shell command that makes the files of `main`. Undefined when the app needs no build. */
  readonly buildCommand: string | undefined;
}

/** For an app that is not as usual. */
interface AppFolderOptions {
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

/** The path of Anteroom's functions under the route prefix of `host.json`, which is `api` if it names none. */
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
 * Runs the app's build command, if it has one.
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

/** A watch that lasts until it is stopped. */
export interface AppWatch {
  stop(): void;
}

const settingsFiles = ['host.json', 'local.settings.json'];
// An editor writes a file in several steps, and several files at once.
const pauseMs = 100;

/** What a watch works with. */
interface AppWatchOptions {
  readonly folder: AppFolder;
  /** Throws when the app cannot run with the settings files as they are. */
  readonly check: () => void;
  readonly restart: () => Promise<void>;
  /** Gets lines for the terminal. */
  readonly tell: (line: string) => void;
  /** The text of an error, for the terminal. */
  readonly explain: (error: unknown) => string;
}

/**
 * Builds and restarts the app when a file in `src` or a settings file has changed, and tells how it went. When the build
 * fails, or `check` throws, the app that runs stays.
 */
export function watchApp(options: AppWatchOptions): AppWatch {
  let isStopped = false;
  let isBusy = false;
  let hasChangedAgain = false;
  let waiting: NodeJS.Timeout | undefined;
  const tell = (line: string): void => {
    // A build that is stopped at the end of the stack fails. Nobody needs to know that.
    if (!isStopped) options.tell(line);
  };
  const work = async (): Promise<void> => {
    hasChangedAgain = isBusy;
    if (isBusy || isStopped) return;
    isBusy = true;
    await renew({ ...options, tell }, () => isStopped);
    isBusy = false;
    if (hasChangedAgain) await work();
  };
  let watchers: readonly FSWatcher[] = [];
  const onChange = (name: string): void => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      // On Linux a watch stays with the old file after another file was moved over it. So it begins again each time.
      for (const each of watchers) each.close();
      try {
        watchers = watchFiles(options.folder.root, onChange);
      } catch {
        // There may be no `src` for a moment, for example while git works.
        watchers = [];
        onChange(name);
        return;
      }
      tell(`\nChanged: ${name}`);
      void work();
    }, pauseMs);
  };
  watchers = watchFiles(options.folder.root, onChange);
  return {
    stop() {
      isStopped = true;
      clearTimeout(waiting);
      for (const each of watchers) each.close();
    },
  };
}

async function renew(options: AppWatchOptions, isStopped: () => boolean): Promise<void> {
  const { tell, explain } = options;
  const started = performance.now();
  try {
    options.check();
    await buildApp(options.folder);
  } catch (error) {
    tell(`\nNot built. The app that runs stays as it is:\n${explain(error)}`);
    return;
  }
  if (isStopped()) return;
  try {
    await options.restart();
    tell(`Built and started again in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  } catch (error) {
    tell(`\nBuilt, but the app does not start. The next change tries again.\n${explain(error)}`);
  }
}

function watchFiles(root: string, changed: (name: string) => void): readonly FSWatcher[] {
  const watchers = [
    watch(join(root, 'src'), { recursive: true }, (_event, name) => {
      // Editors put temporary files beside an open file.
      if (name !== null && !/(^|[\\/])\.[^\\/]*$|~$/.test(name)) changed(join('src', name));
    }),
    watch(root, (_event, name) => {
      if (name !== null && settingsFiles.includes(name)) changed(name);
    }),
  ];
  // The watched file or folder was removed. That is a change too, and it was told already.
  for (const each of watchers) each.on('error', () => undefined);
  return watchers;
}

/** Checks the types of an app while it runs. esbuild and other bundlers build without looking at them. */
export interface TypeCheck {
  /** Checks after a moment, in which no other change has come. It stops a check that still runs. */
  soon(): void;
  breakOff(): void;
  /** Stops it, and removes what it has kept. */
  stop(): void;
}

interface TypeCheckOptions {
  /** Folder of `tsconfig.json` and `package.json`. */
  readonly root: string;
  /** Shell command that builds the app. */
  readonly buildCommand: string | undefined;
  /** Gets the errors, and later the message that there are none any more. */
  readonly tell: (text: string) => void;
}

/** So long that a build and a start of the app come first. */
const checkPauseMs = 1000;
const maxLines = 30;

/** Undefined for an app without TypeScript, and for one whose build looks at the types itself. */
export function createTypeCheck(options: TypeCheckOptions): TypeCheck | undefined {
  const { root, tell } = options;
  const compiler = findCompiler(root);
  if (compiler === undefined || buildsWithCompiler(options)) return undefined;
  // What a check found out makes the next one quick.
  const kept = mkdtempSync(join(tmpdir(), 'anteroom-types-'));
  const args = [
    ...[compiler, '--project', root, '--noEmit', '--pretty', 'false', '--incremental'],
    ...['--tsBuildInfoFile', join(kept, 'types.tsbuildinfo')],
  ];
  let waiting: NodeJS.Timeout | undefined;
  let running: ChildProcess | undefined;
  let hasErrors = false;
  const breakOff = (): void => {
    clearTimeout(waiting);
    running?.kill();
    running = undefined;
  };
  const check = (): void => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    running = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    child.once('close', (code) => {
      // Another check has begun, or the stack ends.
      if (running !== child) return;
      running = undefined;
      if (code !== 0) tell(`\nThe app runs, but its types have errors:\n${firstLines(said)}`);
      else if (hasErrors) tell('The types have no errors any more.');
      hasErrors = code !== 0;
    });
  };
  return {
    breakOff,
    soon: () => {
      breakOff();
      waiting = setTimeout(check, checkPauseMs);
    },
    stop: () => {
      breakOff();
      rmSync(kept, { recursive: true, force: true });
    },
  };
}

/** The compiler that the app has installed. */
function findCompiler(root: string): string | undefined {
  if (!existsSync(join(root, 'tsconfig.json'))) return undefined;
  try {
    return createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

function buildsWithCompiler({ root, buildCommand = '' }: TypeCheckOptions): boolean {
  const scripts = readJsonFile(join(root, 'package.json'))?.['scripts'];
  const script = isObject(scripts) ? scripts['build'] : undefined;
  const command = /\bnpm\b.*\bbuild\b/.test(buildCommand) ? String(script) : buildCommand;
  return /\btsc\b/.test(command);
}

function firstLines(text: string): string {
  const lines = text.trim().split('\n');
  const more = lines.length - maxLines;
  return [...lines.slice(0, maxLines), ...(more > 0 ? [`... and ${more} more lines`] : [])].join(
    '\n',
  );
}
