// Builds what runs: one CommonJS bundle for the Functions host, and the local stack beside it.
// Everything is in the bundle but `@azure/functions-core`, which the Functions host supplies.
import { rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });

await build({
  entryPoints: { main: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  external: ['@azure/functions-core'],
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
});

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
