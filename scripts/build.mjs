// Builds what runs: `app` is the bundle that is deployed, `local` the package beside it that runs it here, `tools` the
// benches and scripts; `package` is what other apps install. Without arguments everything but the package is built. Files are put in place one by one by renaming, and only
// where they differ: a stack or test that runs meanwhile finds each file whole, the old one or the new one. A build
// that fails leaves everything as it was.
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { buildApp } from './build-app.mjs';
import { buildPackage } from './build-package.mjs';

const localPrograms = {
  start: 'local/stack/start.ts',
  host: 'local/host/run-host.ts',
  'azurite-process': 'local/tables/azurite-process.ts',
};

// Only tests and benches start them, tests 90 times a run. To find the files of their packages takes half of their start,
// so the packages are in them.
const testPrograms = {
  'stack-process': 'local/stack/stack-process.ts',
  'stand-ins-process': 'test/local/stand-ins-process.ts',
};
const withPackages = {
  packages: 'bundle',
  sourcesContent: false,
  // The other entries of packages such as jsonc-parser cannot be bundled.
  mainFields: ['module', 'main'],
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
};

const parts = {
  app: { dist: 'dist', owns: /^main\./, make: buildApp },
  local: {
    dist: 'local/dist',
    owns: /./,
    make: async (outdir) => {
      // What its package.json names is installed with it; everything else of src is bundled.
      const { dependencies } = JSON.parse(readFileSync('local/package.json', 'utf8'));
      const external = Object.keys(dependencies);
      await buildPrograms(localPrograms, { outdir, packages: 'bundle', external });
      await buildPrograms(testPrograms, { outdir, ...withPackages });
    },
  },
  tools: {
    dist: 'dist',
    owns: /^(?!main\.|package)/,
    make: (outdir) => buildPrograms(globSync('{bench,scripts}/*.ts'), { outdir, outbase: '.' }),
  },
  package: { dist: 'dist/package', owns: /./, make: buildPackage },
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : ['app', 'local', 'tools'];
try {
  for (const { dist, owns, make } of chosen.map((name) => parts[name])) {
    // Beside `dist`, so that the source maps lead to the sources from there.
    const fresh = `${dist}-new-${process.pid}`;
    try {
      await make(fresh);
      await putInPlace(fresh, dist, owns);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
} catch (error) {
  // What esbuild finds wrong in the sources it has told already.
  if (!(error instanceof Error && 'errors' in error)) throw error;
  process.exitCode = 1;
}

function buildPrograms(entryPoints, options) {
  return build({
    entryPoints,
    packages: 'external',
    ...options,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
  });
}

async function putInPlace(fresh, dist, owns) {
  const files = await listFiles(fresh);
  for (const file of files) {
    const [from, to] = [join(fresh, file), join(dist, file)];
    const [now, before] = [await readFile(from), await readFile(to).catch(() => undefined)];
    if (before === undefined || !now.equals(before)) {
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    }
  }
  const stale = (await listFiles(dist)).filter((file) => owns.test(file) && !files.includes(file));
  await Promise.all(stale.map((file) => rm(join(dist, file), { force: true })));
}

async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}
