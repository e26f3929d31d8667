import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRecord, readJsonFile } from '../functions-host/read-json-file';

/** What the stand-in knows beyond its seeds: sessions, refresh tokens, keys, changed accounts. */
export interface KeptState {
  /**
   * The part called `name`: what the last run left there, and what this one puts in. Values are plain
   * JSON, and whoever reads what an earlier run wrote checks it.
   */
  part(name: string): Map<string, unknown>;
  /** To be called after every change: it is written before the next thing happens. */
  changed(): void;
}

/**
 * State in memory or, with `path`, also in a JSON file there, for its owner only, so that people
 * stay signed in over restarts. Written whole and put in place by renaming: a killed process leaves
 * the old file or the new one.
 * @throws Error when the file holds something else
 */
export function createKeptState(path?: string): KeptState {
  const kept = path === undefined ? undefined : readJsonFile(path);
  const parts = new Map(
    Object.entries(kept ?? {}).map(([name, values]) => {
      if (!isRecord(values)) throw new Error(`${path ?? ''} is not what the stand-in wrote.`);
      return [name, new Map(Object.entries(values))];
    }),
  );
  let isWriting = false;

  const write = (to: string): void => {
    isWriting = false;
    const whole = [...parts].map(([name, values]) => [name, Object.fromEntries(values)]);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(`${to}.new`, JSON.stringify(Object.fromEntries(whole)), { mode: 0o600 });
    renameSync(`${to}.new`, to);
  };
  return {
    part(name) {
      const part = parts.get(name) ?? new Map<string, unknown>();
      parts.set(name, part);
      return part;
    },
    changed() {
      // Several changes of one turn of the event loop are one write, before any answer is sent.
      if (path === undefined || isWriting) return;
      isWriting = true;
      queueMicrotask(() => {
        write(path);
      });
    },
  };
}
