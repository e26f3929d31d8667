import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { packedFolder } from './run-folder';

const run = promisify(execFile);
/** On a busy machine the other suite may take minutes. */
const maxWaitMs = 280_000;
/** For a hook that waits for {@link packBoth}. */
export const packTimeoutMs = 300_000;

/** The packages as npm packs them, by name. */
export type Tarballs = Readonly<Record<'anteroom' | 'anteroom-local', string>>;

/**
 * What a registry would get: `anteroom`, built from the sources as they are into `dist/package`, and `anteroom-local`.
 * They are made once in a run of jest. The first suite that needs them makes them, and the others wait.
 * @throws Error when they cannot be built or packed
 */
export async function packBoth(): Promise<Tarballs> {
  const folder = join(tmpdir(), packedFolder);
  const result = join(folder, 'result.json');
  if (isFirst(folder)) {
    const made = await make(folder).catch((error: unknown) => ({ fault: String(error) }));
    writeFileSync(`${result}.new`, JSON.stringify(made));
    renameSync(`${result}.new`, result);
  }
  const end = Date.now() + maxWaitMs;
  while (!existsSync(result)) {
    if (Date.now() > end) throw new Error('the suite that makes the packages does not end');
    await setTimeout(100);
  }
  const made = JSON.parse(readFileSync(result, 'utf8')) as Tarballs | { readonly fault: string };
  if ('fault' in made) throw new Error(made.fault);
  return made;
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function make(folder: string): Promise<Tarballs> {
  await run(process.execPath, ['scripts/build.mjs', 'package']);
  const { stdout } = await run('npm', [
    ...['pack', resolve('dist/package'), resolve('local'), '--pack-destination', folder],
    ...['--json', '--offline', '--ignore-scripts'],
  ]);
  const packed = JSON.parse(stdout) as { readonly name: string; readonly filename: string }[];
  const tarball = (wanted: string): string =>
    join(folder, packed.find(({ name }) => name === wanted)?.filename ?? '');
  return { anteroom: tarball('anteroom'), 'anteroom-local': tarball('anteroom-local') };
}

/** Unpacks a tarball of npm as `npm install` does: what it holds stands in `folder` afterwards. */
export async function unpack(tarball: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
}
