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
export interface AppWatchParts {
  readonly folder: AppFolder;
  /** Throws when the app cannot run with the settings files as they are. */
  readonly check: () => void;
  readonly restart: () => Promise<void>;
  /** Gets lines for people. */
  readonly tell: (line: string) => void;
  /** What an error is for people. */
  readonly explain: (error: unknown) => string;
}

/**
 * Builds the app and starts it anew when a file in `src`, or a settings file, has changed. What cannot be
 * built, or is refused by `check`, leaves the app that runs. Tells how it went.
 */
export function watchApp(parts: AppWatchParts): AppWatch {
  let isStopped = false;
  let isBusy = false;
  let hasChangedAgain = false;
  let waiting: NodeJS.Timeout | undefined;
  const tell = (line: string): void => {
    // What ends with everything else fails, and that is no news.
    if (!isStopped) parts.tell(line);
  };
  const work = async (): Promise<void> => {
    hasChangedAgain = isBusy;
    if (isBusy || isStopped) return;
    isBusy = true;
    await renew({ ...parts, tell }, () => isStopped);
    isBusy = false;
    if (hasChangedAgain) await work();
  };
  let watchers: readonly FSWatcher[] = [];
  const onChange = (name: string): void => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      // Anew each time: on Linux a watch stays with a file, or folder, that another was moved over.
      for (const each of watchers) each.close();
      try {
        watchers = watchFiles(parts.folder.root, onChange);
      } catch {
        // Between two steps of git, say, there is no `src`.
        watchers = [];
        onChange(name);
        return;
      }
      tell(`\nChanged: ${name}`);
      void work();
    }, pauseMs);
  };
  watchers = watchFiles(parts.folder.root, onChange);
  return {
    stop() {
      isStopped = true;
      clearTimeout(waiting);
      for (const each of watchers) each.close();
    },
  };
}

async function renew(parts: AppWatchParts, isStopped: () => boolean): Promise<void> {
  const { tell, explain } = parts;
  const started = performance.now();
  try {
    parts.check();
    await buildApp(parts.folder);
  } catch (error) {
    tell(`\nNot built; what runs goes on as it was:\n${explain(error)}`);
    return;
  }
  if (isStopped()) return;
  try {
    await parts.restart();
    tell(`Built and started anew in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  } catch (error) {
    tell(`\nBuilt, but the app does not start. The next change tries again.\n${explain(error)}`);
  }
}

function watchFiles(root: string, changed: (name: string) => void): readonly FSWatcher[] {
  const watchers = [
    watch(join(root, 'src'), { recursive: true }, (_event, name) => {
      // What editors put beside a file while it is open is no source.
      if (name !== null && !/(^|[\\/])\.[^\\/]*$|~$/.test(name)) changed(join('src', name));
    }),
    watch(root, (_event, name) => {
      if (name !== null && settingsFiles.includes(name)) changed(name);
    }),
  ];
  // What was watched is gone: the change that took it away is told all the same.
  for (const each of watchers) each.on('error', () => undefined);
  return watchers;
}
