import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Tarballs, unpack } from './pack-package';

/** `examples/existing-app`, installed in a folder of its own as a team has it. */
export interface ExistingApp {
  readonly folder: string;
  remove(): void;
}

/**
 * Installs the app from the tarballs. `anteroom-local` builds it, when it starts it. There is no registry in a test: what the tarballs need from there is
 * linked to where this repository has it, and seen by that package alone.
 * @param routePrefix of `host.json`; `api` is the one that the host has without it
 */
export async function installExistingApp(
  tarballs: Tarballs,
  routePrefix: 'api' | '',
): Promise<ExistingApp> {
  const folder = mkdtempSync(join(tmpdir(), 'existing-app-'));
  cpSync('examples/existing-app', folder, { recursive: true });
  if (routePrefix === '') removeRoutePrefix(folder);
  const modules = join(folder, 'node_modules');
  for (const [name, tarball] of Object.entries(tarballs)) {
    await unpack(tarball, join(modules, name));
  }
  link('node_modules', join(modules, 'anteroom-local/node_modules'));
  for (const name of ['@azure/functions', '@types/node', 'undici-types', 'typescript']) {
    link(join('node_modules', name), join(modules, name));
  }
  link('node_modules/typescript/bin/tsc', join(modules, '.bin/tsc'));
  symlinkSync('../anteroom-local/bin/anteroom-local.mjs', join(modules, '.bin/anteroom-local'));
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

function removeRoutePrefix(folder: string): void {
  const host = join(folder, 'host.json');
  const settings = JSON.parse(readFileSync(host, 'utf8')) as object;
  writeFileSync(host, JSON.stringify({ ...settings, extensions: { http: { routePrefix: '' } } }));
  const auth = join(folder, 'src/functions/auth.ts');
  writeFileSync(auth, readFileSync(auth, 'utf8').replace('/api/hello', '/hello'));
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(resolve(target), path);
}
