// Builds what runs: one CommonJS bundle for the Functions host, and the local stack beside it.
// Everything is in the bundle but `@azure/functions-core`, which the Functions host supplies.
import { rm } from 'node:fs/promises';
import { globSync, readFileSync } from 'node:fs';
import { build, transformSync } from 'esbuild';
import ts from 'typescript';

await rm('dist', { recursive: true, force: true });

// The browser client travels inside the bundle as text, with its types: one source, one file to deploy.
const client = readFileSync('src/client/client.ts', 'utf8');
const clientTypes = ts.transpileDeclaration(client, {
  fileName: 'client.ts',
  compilerOptions: { isolatedDeclarations: true, target: 'es2022' },
});
if (clientTypes.diagnostics.length > 0) throw new Error(clientTypes.diagnostics[0].messageText);

/** Leaves packages out of the source map, which would be most of what is deployed otherwise; our own frames are mapped. */
const mapOurCodeOnly = {
  name: 'map-our-code-only',
  setup({ onLoad }) {
    const empty = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');
    onLoad({ filter: /node_modules[\\/].*\.[cm]?js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${empty}`,
      loader: 'default',
    }));
  },
};

await build({
  plugins: [mapOurCodeOnly],
  define: {
    CLIENT_SCRIPT: JSON.stringify(transformSync(client, { loader: 'ts', target: 'es2022' }).code),
    CLIENT_TYPES: JSON.stringify(clientTypes.outputText),
  },
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
