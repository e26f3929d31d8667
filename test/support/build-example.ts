import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An example built into a folder of its own, with the package made of this repository's sources. */
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
  const options = {
    stdin: {
      contents: `import './auth';\nimport './orders';\n${more}`,
      resolveDir: join('examples', name, 'src/functions'),
      loader: 'ts',
    },
    outfile: join(folder, 'dist/src/index.cjs'),
    external: ['@azure/functions-core'],
    alias: { anteroom: './src/index.ts' },
  };
  const script = `
    import { build } from 'esbuild';
    import { serverBundle } from './scripts/build-app.mjs';
    await build({ ...serverBundle(), ...${JSON.stringify(options)} });`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
