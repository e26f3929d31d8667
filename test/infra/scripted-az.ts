import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What the stand-in answers to commands whose arguments contain `command`; the first that fits. */
export interface AzAnswer {
  readonly command: string;
  readonly stdout?: unknown;
  /** What it prints when that is not JSON. */
  readonly text?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** How long it takes. */
  readonly waitMs?: number;
  /** It is not done before that many commands like this were run. */
  readonly until?: { readonly command: string; readonly runs: number };
  /** How often it is given before the next one that fits. */
  readonly times?: number;
}

/** One command that was run. */
export interface AzRun {
  readonly line: string;
  /** PACKAGE_URI in its environment. */
  readonly packageUri: string;
  /** Whether it has that variable at all. */
  readonly hasPackageUri: boolean;
  /** How many were at work as it began, itself included, of those with the same first three words. */
  readonly atOnce: number;
}

export interface ScriptedAz {
  /** A PATH on which `az` is the stand-in. */
  readonly path: string;
  runs(): readonly AzRun[];
  /** The commands that were run, as one line each. */
  commands(): readonly string[];
  remove(): void;
}

// It refuses what az refuses, or a command that never works would pass here: `az ad` hides --subscription.
// How often an answer was given is the length of a file: appending is safe where several commands run at once.
const script = `#!/usr/bin/env node
const fs = require('node:fs');
const { join } = require('node:path');
const words = process.argv.slice(2);
const line = words.join(' ');
const here = (name) => join(__dirname, name);
const used = (index) => (fs.existsSync(here('used-' + index)) ? fs.statSync(here('used-' + index)).size : 0);
const busy = here('busy ' + words.slice(0, 3).join(' '));
// Not with the folders above: one that starts after its test has ended must not make them again.
if (!fs.existsSync(busy)) try { fs.mkdirSync(busy); } catch (error) { if (error.code !== 'EEXIST') throw error; }
fs.writeFileSync(join(busy, String(process.pid)), '');
const atOnce = fs.readdirSync(busy).length;
fs.appendFileSync(here('runs'), JSON.stringify({ line, packageUri: process.env.PACKAGE_URI ?? '', hasPackageUri: process.env.PACKAGE_URI !== undefined, atOnce }) + '\\n');
if (words[0] === 'ad' && words.includes('--subscription')) {
  console.error('ERROR: unrecognized arguments: --subscription ' + words[words.indexOf('--subscription') + 1]);
  process.exit(2);
}
const answers = JSON.parse(fs.readFileSync(here('answers.json'), 'utf8'));
const index = answers.findIndex(({ command, times }, at) => line.includes(command) && used(at) < (times ?? Infinity));
const answer = answers[index];
if (answer === undefined) { console.error('unexpected: az ' + line); process.exit(9); }
fs.appendFileSync(here('used-' + index), '.');
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const ran = (command) => fs.readFileSync(here('runs'), 'utf8').split('\\n').filter((text) => text.includes(command)).length;
if (answer.until !== undefined)
  for (let at = 0; at < 1000 && ran(answer.until.command) < answer.until.runs; at += 1) sleep(20);
if (answer.waitMs !== undefined) sleep(answer.waitMs);
if (answer.stdout !== undefined) console.log(JSON.stringify(answer.stdout));
if (answer.text !== undefined) console.log(answer.text);
if (answer.stderr !== undefined) console.error(answer.stderr);
fs.rmSync(join(busy, String(process.pid)));
process.exitCode = answer.code ?? 0;
`;

/** An Azure CLI that answers as it is told and writes down what it was asked. */
export function createScriptedAz(answers: readonly AzAnswer[]): ScriptedAz {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-az-'));
  writeFileSync(join(folder, 'az'), script);
  chmodSync(join(folder, 'az'), 0o755);
  writeFileSync(join(folder, 'runs'), '');
  writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
  const runs = (): readonly AzRun[] =>
    readFileSync(join(folder, 'runs'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as AzRun);
  return {
    path: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    runs,
    commands: () => runs().map(({ line }) => line),
    remove: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}
