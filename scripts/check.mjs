// `npm run check`: types, lint, format and what nobody uses, side by side. Types and lint share one program: the linter
// asks the compiler for the type of nearly everything, and the compiler has worked it out already.
import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';

const others = Promise.all([
  passes('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  passes('knip/bin/knip.js'),
]);
const program = programOf('tsconfig.json');
const areTyped = [program, programOf('infra/tsconfig.json')].map(checkTypes);
const isLinted = await lint(program);
const isFine = [...areTyped, isLinted, ...(await others)].every(Boolean);
process.exitCode = isFine ? 0 : 1;

function passes(script, ...args) {
  const child = spawn(process.execPath, [`node_modules/${script}`, ...args], { stdio: 'inherit' });
  return new Promise((done) => child.once('exit', (code) => done(code === 0)));
}

function programOf(path) {
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  // Absolute: the compiler takes `paths` and `rootDirs` from there.
  const folder = dirname(resolve(path));
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  return ts.createProgram(fileNames, options);
}

function checkTypes(project) {
  const found = ts.getPreEmitDiagnostics(project);
  report(found);
  return found.length === 0;
}

function report(diagnostics) {
  const host = {
    getCurrentDirectory: () => process.cwd(),
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  };
  process.stdout.write(ts.formatDiagnosticsWithColorAndContext(diagnostics, host));
}

async function lint(project) {
  const eslint = new ESLint({
    overrideConfig: {
      files: ['**/*.{ts,tsx}'],
      languageOptions: { parserOptions: { projectService: false, programs: [project] } },
    },
  });
  const results = await eslint.lintFiles(['.']);
  const formatter = await eslint.loadFormatter('stylish');
  process.stdout.write(await formatter.format(results));
  return results.every(({ errorCount, warningCount }) => errorCount + warningCount === 0);
}
