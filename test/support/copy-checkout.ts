import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A copy of the checkout in a folder of its own, in which a test does what a page of the docs tells its reader to do. */
export interface Checkout {
  readonly root: string;
  /** Writes `src/functions/<name>.ts` and the line for it in `src/main.ts`. */
  addFunction(name: string, text: string): void;
  /** Types what a page says into a shell, line by line as it stands there. */
  follow(commands: string): Promise<void>;
  /** What the build makes: `dist/main.js`, ready for `startJourney({ scriptRoot: root })`. */
  build(): Promise<void>;
  /** What `npm run check` says against a file: types, lint and format; '' when nothing. */
  complaints(file: string): Promise<string>;
  remove(): void;
}

const copied = [
  'src',
  'examples',
  'scripts',
  'local',
  'host.json',
  'package.json',
  'tsconfig.json',
];

export function copyCheckout(): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'anteroom-checkout-'));
  for (const name of [...copied, 'eslint.config.mjs', '.prettierrc.json']) {
    cpSync(name, join(root, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'), 'dir');
  const inRoot = (...args: readonly string[]) => run(process.execPath, args, { cwd: root });
  return {
    root,
    addFunction: (name, text) => {
      writeFileSync(join(root, `src/functions/${name}.ts`), text);
      appendFileSync(join(root, 'src/main.ts'), `import './functions/${name}';\n`);
    },
    follow: async (commands) => {
      await run('sh', ['-e', '-c', commands], { cwd: root });
    },
    build: async () => {
      await inRoot('scripts/build-app.mjs', 'dist');
    },
    complaints: (file) => saidBy(inRoot('scripts/check.mjs', file)),
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** What a checker writes, whether it is content or not. */
async function saidBy(running: Promise<{ stdout: string; stderr: string }>): Promise<string> {
  try {
    const { stdout, stderr } = await running;
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}
