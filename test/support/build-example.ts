import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An app built into a folder of its own, with the package made of this repository's sources. */
export interface BuiltExample {
  readonly folder: string;
  remove(): void;
}

/**
 * Builds an app of `examples` into one file, with other functions beside its own.
 * @param name a folder in `examples`
 * @param more source text of functions that only a test needs
 */
export function buildExample(name: string, more = ''): BuiltExample {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-example-'));
  mkdirSync(join(folder, 'dist/src'), { recursive: true });
  for (const file of ['host.json', 'package.json']) {
    cpSync(join('examples', name, file), join(folder, file));
  }
  const contents = `import './auth';\nimport './orders';\n${more}`;
  const resolveDir = join('examples', name, 'src/functions');
  bundle({ contents, resolveDir }, join(folder, 'dist/src/index.cjs'));
  return built(folder);
}

/**
 * Builds an app out of some source text.
 * @param host its `host.json`
 */
export function buildApp(
  source: { readonly contents: string; readonly resolveDir: string },
  host: object,
): BuiltExample {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-app-'));
  bundle(source, join(folder, 'main.js'));
  writeFileSync(join(folder, 'package.json'), '{ "main": "main.js" }');
  writeFileSync(join(folder, 'host.json'), JSON.stringify({ version: '2.0', ...host }));
  return built(folder);
}

function bundle(source: { contents: string; resolveDir: string }, outfile: string): void {
  const options = {
    stdin: { ...source, loader: 'ts' },
    outfile,
    external: ['@azure/functions-core'],
  };
  const script = `
    import { build } from 'esbuild';
    import { serverBundle } from './scripts/build-app.mjs';
    const common = serverBundle();
    const alias = { ...common.alias, anteroom: './src/index.ts' };
    await build({ ...common, ...${JSON.stringify(options)}, alias });`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
}

function built(folder: string): BuiltExample {
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
