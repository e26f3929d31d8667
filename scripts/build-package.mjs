// Builds the npm package that other apps install, as a folder for `npm pack`. Its server entries hold everything but
// `@azure/functions`, so there is nothing else to install. One CommonJS file is the code of an entry, and the ES module
// beside it names what that exports: with two copies, one would not accept an AppError of the other.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { serverBundle } from './build-app.mjs';
import { writeThirdParty } from './third-party.mjs';

const serverEntries = { index: 'src/index.ts', testing: 'src/testing.ts' };
const clientEntry = 'src/client/client.ts';

export async function buildPackage(outdir) {
  mkdirSync(outdir, { recursive: true });
  const metafile = await buildServer(outdir);
  await buildClient(outdir);
  await writeTypes(outdir);
  const shipped = manifest();
  writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(shipped, null, 2)}\n`);
  writeThirdParty(
    metafile,
    { ...shipped, type: 'library' },
    { notices: join(outdir, 'THIRD-PARTY-NOTICES.txt'), sbom: join(outdir, 'sbom.cdx.json') },
  );
  copyFileSync('LICENSE', join(outdir, 'LICENSE'));
  copyFileSync('CHANGELOG.md', join(outdir, 'CHANGELOG.md'));
  copyFileSync('docs/existing-app.md', join(outdir, 'README.md'));
}

/** @returns what esbuild tells about the bundles */
async function buildServer(outdir) {
  const { metafile } = await build({
    ...serverBundle(),
    entryPoints: serverEntries,
    outdir,
    external: ['@azure/functions'],
    // The licences stand in a file of their own, whole.
    legalComments: 'none',
    // Lines of the browser client would look like code of an ES module to tools that read the file as text.
    supported: { 'template-literal': false },
    metafile: true,
  });
  for (const name of Object.keys(serverEntries)) {
    // esbuild names the exports for Node in this way, and nothing is exported that is not in the list.
    const code = readFileSync(join(outdir, `${name}.js`), 'utf8');
    const [, names] = /0&&\(module\.exports=\{([\w,]+)\}\)/.exec(code);
    const module = `export { ${names.replaceAll(',', ', ')} } from './${name}.js';\n`;
    writeFileSync(join(outdir, `${name}.mjs`), module);
  }
  return metafile;
}

/** For a bundler, a page, and tests of a front end: legible, since their own build makes it small. */
async function buildClient(outdir) {
  for (const [format, file] of [
    ['esm', 'client.mjs'],
    ['cjs', 'client.js'],
  ]) {
    const outfile = join(outdir, file);
    await build({ entryPoints: [clientEntry], outfile, format, target: 'es2022' });
  }
}

/** One file of types an entry. An ES module and a CommonJS module need one each, with the same text. */
async function writeTypes(outdir) {
  const types = await rollUpTypes();
  for (const [name, text] of Object.entries(types)) {
    for (const end of ['.d.ts', '.d.mts']) writeFileSync(join(outdir, name + end), text);
  }
  writeFileSync(join(outdir, 'API.md'), await apiReport(types));
}

const importNames = { index: 'anteroom', testing: 'anteroom/testing', client: 'anteroom/client' };

/** What can be imported, without the comments: a change of it is a change for every app. */
async function apiReport(types) {
  const printer = ts.createPrinter({ removeComments: true });
  const parts = Object.entries(types).map(([name, text]) => {
    const source = ts.createSourceFile(`${name}.d.ts`, text, ts.ScriptTarget.Latest);
    return `## \`${importNames[name]}\`\n\n\`\`\`ts\n${printer.printFile(source)}\`\`\`\n`;
  });
  const head =
    '# API\n\nWritten by `npm run api`; a test compares it with the code. What has no `export` can be used, but not named.';
  const { format, resolveConfig } = await import('prettier');
  const style = await resolveConfig('docs/api.md');
  return format(`${head}\n\n${parts.join('\n')}`, { ...style, parser: 'markdown' });
}

/** The types of each entry, with everything in them that the package does not import. */
async function rollUpTypes() {
  // It loads the compiler, which other builds do not need.
  const { generateDtsBundle } = (await import('dts-bundle-generator')).default;
  const entries = { ...serverEntries, client: clientEntry };
  const texts = generateDtsBundle(
    Object.values(entries).map((filePath) => ({
      filePath,
      output: { noBanner: true, sortNodes: true, exportReferencedTypes: false },
    })),
    { preferredConfigPath: 'tsconfig.package.json' },
  );
  return Object.fromEntries(Object.keys(entries).map((name, index) => [name, texts[index]]));
}

function manifest() {
  const { name, version, description, license, engines } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  const entry = (file) => ({
    import: { types: `./${file}.d.mts`, default: `./${file}.mjs` },
    require: { types: `./${file}.d.ts`, default: `./${file}.js` },
  });
  return {
    ...{ name, version, description, license },
    keywords: ['azure-functions', 'entra-id', 'openid-connect', 'bff', 'authentication'],
    type: 'commonjs',
    main: './index.js',
    types: './index.d.ts',
    exports: {
      '.': entry('index'),
      './client': entry('client'),
      './testing': entry('testing'),
      './package.json': './package.json',
    },
    sideEffects: false,
    engines: { node: engines.node },
    peerDependencies: { '@azure/functions': '^4.11.0' },
  };
}
