import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { type AppFolder, buildApp } from './app-folder';

/** A watch that lasts until it is stopped. */
export interface AppWatch {
  stop(): void;
}

const settingsFiles = ['host.json', 'local.settings.json'];
// An editor writes a file in several steps, and several files at once.
const pauseMs = 100;

/** What a watch works with. */
export interface AppWatchOptions {
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
    // A build that is broken off at the end of the stack fails. Nobody needs to know that.
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
    tell(`\nNot built; what runs goes on as it was:\n${explain(error)}`);
    return;
  }
  if (isStopped()) return;
  try {
    await options.restart();
    tell(`Built and started anew in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
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
