// Builds what runs: the app's bundle, and the local stack and benches beside it. Files are put in place one
// by one by renaming, and only where they differ: a stack or test that runs from `dist` meanwhile finds each
// file whole, the old one or the new one. A build that fails leaves `dist` as it was.
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { buildApp } from './build-app.mjs';

// Beside `dist`, so that the source maps lead to the sources from there.
const fresh = `dist-new-${process.pid}`;

try {
  await buildApp(fresh);

  // The local stack is run from the checkout, so its packages stay in node_modules.
  await build({
    entryPoints: [...globSync('{local,scripts}/*.ts'), ...globSync('bench/*.ts')],
    outdir: fresh,
    outbase: '.',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node22',
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
  });
  await putInPlace();
} finally {
  await rm(fresh, { recursive: true, force: true });
}

async function putInPlace() {
  const files = await listFiles(fresh);
  for (const file of files) {
    const [from, to] = [join(fresh, file), join('dist', file)];
    const [now, before] = [await readFile(from), await readFile(to).catch(() => undefined)];
    if (before === undefined || !now.equals(before)) {
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    }
  }
  const stale = (await listFiles('dist')).filter((file) => !files.includes(file));
  await Promise.all(stale.map((file) => rm(join('dist', file), { force: true })));
}

async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}
