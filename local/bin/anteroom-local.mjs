#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { startUsage } from './usage.cjs';

const program = new URL('../dist/start.mjs', import.meta.url);
if (process.argv.some((arg) => arg === '--help' || arg === '-h')) {
  console.log(startUsage);
} else if (existsSync(program)) {
  await import(program.href);
} else {
  // Only in a checkout of Anteroom: the published package is built.
  console.error('anteroom-local is not built yet: npm run build');
  process.exitCode = 1;
}
