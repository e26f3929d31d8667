import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of `--data` cannot be used. The message is for people and says what to do. */
export class DataDirError extends Error {}

const ignoreAll = '*\n';
const ownFiles = ['stack.json', 'entra.json'];

/**
 * Makes the folder in which the stack keeps its state, or sees that it is one: for its owner only, and with a
 * `.gitignore` of its own, since a signing key, refresh tokens and secrets lie in it.
 * @throws DataDirError when it cannot be made or holds files of somebody else
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const files = readdirSync(dataDir);
    if (files.length > 0 && !isOurs(dataDir, files)) {
      throw new DataDirError(
        `--data ${dataDir}: the folder holds other files, and secrets would be put among them. Name a folder that is new or empty.`,
      );
    }
    chmodSync(dataDir, 0o700);
    if (!files.includes('.gitignore')) {
      writeFileSync(join(dataDir, '.gitignore'), ignoreAll, { mode: 0o600 });
    }
  } catch (error) {
    throw error instanceof DataDirError ? error : new DataDirError(explain(dataDir, error));
  }
}

function isOurs(dataDir: string, files: readonly string[]): boolean {
  const marks = files.includes('.gitignore')
    ? readFileSync(join(dataDir, '.gitignore'), 'utf8') === ignoreAll
    : false;
  return marks || ownFiles.some((name) => files.includes(name));
}

function explain(dataDir: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return `--data ${dataDir}: there is a file of that name (or of a folder above). Name a folder.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `--data ${dataDir}: you may not write there. Name a folder of your own.`;
    default:
      return `--data ${dataDir}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
