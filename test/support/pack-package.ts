import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Builds the package `anteroom` from the sources as they are, into `dist/package`. */
export async function buildPackage(): Promise<void> {
  await run(process.execPath, ['scripts/build.mjs', 'package']);
}

/**
 * What a registry would get.
 * @param folder of a package in this repository
 * @param to a folder that is made for it
 * @returns the path of the tarball
 */
export async function pack(folder: string, to: string): Promise<string> {
  mkdirSync(to, { recursive: true });
  const { stdout } = await run('npm', [
    ...['pack', resolve(folder), '--pack-destination', to],
    ...['--json', '--offline', '--ignore-scripts'],
  ]);
  const [packed] = JSON.parse(stdout) as [{ readonly filename: string }];
  return join(to, packed.filename);
}

/** Unpacks a tarball of npm as `npm install` does: what it holds stands in `folder` afterwards. */
export async function unpack(tarball: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
}
