import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObject } from '../../src/bodies';
import { readJsonFile } from '../loopback/json-file';

/** Checks the types of an app while it runs. esbuild and other bundlers build without looking at them. */
export interface TypeCheck {
  /** Checks after a moment, in which no other change has come. A check that still runs is broken off. */
  soon(): void;
  breakOff(): void;
  /** Breaks it off, and removes what it has kept. */
  stop(): void;
}

interface TypeCheckOptions {
  /** Folder of `tsconfig.json` and `package.json`. */
  readonly root: string;
  /** Shell command that builds the app. */
  readonly buildCommand: string | undefined;
  /** Gets the errors, and later that there are none any more. */
  readonly tell: (text: string) => void;
}

/** So long that a build and a start of the app come first. */
const pauseMs = 1000;
const maxLines = 30;

/** Undefined for an app without TypeScript, and for one whose build looks at the types itself. */
export function createTypeCheck(options: TypeCheckOptions): TypeCheck | undefined {
  const { root, tell } = options;
  const compiler = findCompiler(root);
  if (compiler === undefined || buildsWithCompiler(options)) return undefined;
  // What a check found out makes the next one quick.
  const kept = mkdtempSync(join(tmpdir(), 'anteroom-types-'));
  const args = [
    ...[compiler, '--project', root, '--noEmit', '--pretty', 'false', '--incremental'],
    ...['--tsBuildInfoFile', join(kept, 'types.tsbuildinfo')],
  ];
  let waiting: NodeJS.Timeout | undefined;
  let running: ChildProcess | undefined;
  let hasErrors = false;
  const breakOff = (): void => {
    clearTimeout(waiting);
    running?.kill();
    running = undefined;
  };
  const check = (): void => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    running = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    child.once('close', (code) => {
      // Another check has begun, or the stack ends.
      if (running !== child) return;
      running = undefined;
      if (code !== 0) tell(`\nThe app runs, but its types have errors:\n${firstLines(said)}`);
      else if (hasErrors) tell('The types have no errors any more.');
      hasErrors = code !== 0;
    });
  };
  return {
    breakOff,
    soon: () => {
      breakOff();
      waiting = setTimeout(check, pauseMs);
    },
    stop: () => {
      breakOff();
      rmSync(kept, { recursive: true, force: true });
    },
  };
}

/** The compiler that the app has installed. */
function findCompiler(root: string): string | undefined {
  if (!existsSync(join(root, 'tsconfig.json'))) return undefined;
  try {
    return createRequire(join(root, 'package.json')).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

function buildsWithCompiler({ root, buildCommand = '' }: TypeCheckOptions): boolean {
  const scripts = readJsonFile(join(root, 'package.json'))?.['scripts'];
  const script = isObject(scripts) ? scripts['build'] : undefined;
  const command = /\bnpm\b.*\bbuild\b/.test(buildCommand) ? String(script) : buildCommand;
  return /\btsc\b/.test(command);
}

function firstLines(text: string): string {
  const lines = text.trim().split('\n');
  const more = lines.length - maxLines;
  return [...lines.slice(0, maxLines), ...(more > 0 ? [`... and ${more} more lines`] : [])].join(
    '\n',
  );
}
