#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { startUsage } from './usage.cjs';

// An older Node lacks functions that the stack needs. Without this line it fails after the build, with a SyntaxError.
const isOldNode = Number.parseInt(process.versions.node, 10) < 22;
const program = new URL('../dist/start.mjs', import.meta.url);
if (process.argv.some((arg) => arg === '--help' || arg === '-h')) {
  console.log(startUsage);
} else if (isOldNode) {
  console.error(`anteroom-local needs Node.js 22 or newer. This is ${process.versions.node}.`);
  process.exitCode = 1;
} else if (existsSync(program)) {
  await import(program.href);
} else {
  // Only in a checkout of Anteroom: the published package is built.
  console.error('anteroom-local is not built yet: npm run build');
  process.exitCode = 1;
}
