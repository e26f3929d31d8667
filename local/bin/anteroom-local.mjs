#!/usr/bin/env node
import { existsSync } from 'node:fs';

const program = new URL('../dist/start.mjs', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  // Only in a checkout of Anteroom: the published package is built.
  console.error('anteroom-local is not built yet: npm run build');
  process.exitCode = 1;
}
