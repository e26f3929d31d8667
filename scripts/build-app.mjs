// Builds what is deployed: one CommonJS bundle for the Functions host. Everything is in it but
// `@azure/functions-core`, which the host supplies.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transformSync } from 'esbuild';
import ts from 'typescript';
import { writeThirdParty } from './third-party.mjs';

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

/** The scripts for browsers travel inside the bundle as text, the client with its types: one source, one file to deploy. */
function clientTexts() {
  const client = readFileSync('src/client/client.ts', 'utf8');
  const types = ts.transpileDeclaration(client, {
    fileName: 'client.ts',
    compilerOptions: { isolatedDeclarations: true, target: 'es2022' },
  });
  if (types.diagnostics.length > 0) throw new Error(types.diagnostics[0].messageText);
  return {
    CLIENT_SCRIPT: scriptOf(client, 'esm'),
    CONTINUE_SCRIPT: scriptOf(readFileSync('src/client/continue.ts', 'utf8'), 'iife'),
    CLIENT_TYPES: JSON.stringify(types.outputText),
  };
}

function scriptOf(source, format) {
  return JSON.stringify(transformSync(source, { loader: 'ts', target: 'es2022', format }).code);
}

/**
 * Parts of packages that nothing here reaches: XML (Table Storage speaks JSON), proxies of the Azure SDK (Node has its own), and
 * signatures by MSAL (`signAssertion()` makes them). Together they were a fifth of the bundle.
 */
const leftOut = fileURLToPath(new URL('left-out.mjs', import.meta.url));
const alias = {
  '@azure/core-xml': leftOut,
  'http-proxy-agent': leftOut,
  'https-proxy-agent': leftOut,
  jsonwebtoken: leftOut,
};

/** What every bundle of the server has: one CommonJS file, the browser's scripts in it, a source map of our own code. */
export const serverBundle = () => ({
  define: clientTexts(),
  plugins: [mapOurCodeOnly],
  alias,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});

/**
 * @param beside a function file to be bundled as if it stood in src/functions, for tests of examples
 * @param more options of esbuild over those for Azure
 */
export async function buildApp(outdir, beside, more = {}) {
  const entry = beside === undefined ? '' : readFileSync(beside, 'utf8');
  const { metafile } = await build({
    ...serverBundle(),
    stdin: {
      contents: `import '../main';\n${entry}`,
      resolveDir: 'src/functions',
      sourcefile: 'main.ts',
      loader: 'ts',
    },
    outfile: `${outdir}/main.js`,
    external: ['@azure/functions-core'],
    // The licences stand in a file of their own, whole.
    legalComments: 'none',
    ...more,
    metafile: true,
  });
  const { name, version, license } = JSON.parse(readFileSync('package.json', 'utf8'));
  const product = { name, version, license, type: 'application' };
  const [notices, sbom] = [`${outdir}/main.notices.txt`, `${outdir}/main.sbom.json`];
  writeThirdParty(metafile, product, { notices, sbom });
}

const [, script, outdir, beside] = process.argv;
if (script?.endsWith('build-app.mjs')) await buildApp(outdir, beside);
