import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repository } from './server-process';

/** Milliseconds that the app's bundle takes to load, in a fresh process each. */
export function measureBundleLoad(rounds: number): readonly number[] {
  const script = join(repository, 'bench/processes/load-bundle.cjs');
  const bundle = join(repository, 'dist/main.js');
  return Array.from({ length: rounds }, () =>
    Number(execFileSync(process.execPath, [script, bundle], { encoding: 'utf8' })),
  );
}
