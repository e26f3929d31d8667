import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What the stand-in answers to commands whose arguments contain `command`; the first that fits. */
export interface AzAnswer {
  readonly command: string;
  readonly stdout?: unknown;
  readonly stderr?: string;
  readonly code?: number;
  /** How long it takes. */
  readonly waitMs?: number;
  /** How often it is given before the next one that fits. */
  readonly times?: number;
}

export interface ScriptedAz {
  /** A PATH on which `az` is the stand-in. */
  readonly path: string;
  /** The commands that were run, as one line each. */
  commands(): readonly string[];
  remove(): void;
}

const script = `#!/usr/bin/env node
const { readFileSync, writeFileSync, appendFileSync } = require('node:fs');
const { join } = require('node:path');
const line = process.argv.slice(2).join(' ');
appendFileSync(join(__dirname, 'commands'), line + '\\n');
const file = join(__dirname, 'answers.json');
const answers = JSON.parse(readFileSync(file, 'utf8'));
const answer = answers.find(({ command, times }) => line.includes(command) && times !== 0);
if (answer === undefined) { console.error('unexpected: az ' + line); process.exit(9); }
if (answer.times !== undefined) { answer.times -= 1; writeFileSync(file, JSON.stringify(answers)); }
if (answer.waitMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, answer.waitMs);
if (answer.stdout !== undefined) console.log(JSON.stringify(answer.stdout));
if (answer.stderr !== undefined) console.error(answer.stderr);
process.exitCode = answer.code ?? 0;
`;

/** An Azure CLI that answers as it is told and writes down what it was asked. */
export function createScriptedAz(answers: readonly AzAnswer[]): ScriptedAz {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-az-'));
  writeFileSync(join(folder, 'az'), script);
  chmodSync(join(folder, 'az'), 0o755);
  writeFileSync(join(folder, 'commands'), '');
  writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
  return {
    path: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    commands: () => readFileSync(join(folder, 'commands'), 'utf8').split('\n').filter(Boolean),
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
