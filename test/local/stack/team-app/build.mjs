// Stands for the compiler of a team: like tsc, it tells what is wrong on stdout.
import { cpSync, readFileSync } from 'node:fs';

if (readFileSync('src/index.js', 'utf8').includes('const =')) {
  console.log('src/index.js(1,1): error TS1134: Variable declaration expected.');
  process.exit(2);
}
cpSync('src', 'dist/src', { recursive: true });
