// Builds what runs: the app's bundle, and the local stack and benches beside it.
import { rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { build } from 'esbuild';
import { buildApp } from './build-app.mjs';

await rm('dist', { recursive: true, force: true });
await buildApp('dist');

// The local stack is run from the checkout, so its packages stay in node_modules.
await build({
  entryPoints: [...globSync('local/*.ts'), ...globSync('bench/*.ts')],
  outdir: 'dist',
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
