// `npm run check`: types, lint, format and what nobody uses, side by side. `npm run check -- FILE...`: these files only,
// without what nobody uses. Types and lint share one program: the linter
// asks the compiler for the type of nearly everything, and the compiler has worked it out already.
import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';

const chosen = process.argv.slice(2);
const isAll = chosen.length === 0;
const files = isAll ? ['.'] : chosen;
const others = Promise.all([
  passes('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', ...files),
  ...(isAll ? [passes('knip/bin/knip.js')] : []),
]);
const program = programOf('tsconfig.json', isAll ? undefined : chosen);
const projects = [program, ...(isAll ? [programOf('infra/tsconfig.json')] : [])];
const areTyped = projects.map(checkTypes);
const isLinted = await lint(program);
const isFine = [...areTyped, isLinted, ...(await others)].every(Boolean);
process.exitCode = isFine ? 0 : 1;

function passes(script, ...args) {
  const child = spawn(process.execPath, [`node_modules/${script}`, ...args], { stdio: 'inherit' });
  return new Promise((done) => child.once('exit', (code) => done(code === 0)));
}

/** @param names of files; without them, those that the configuration names */
function programOf(path, names) {
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  // Absolute: the compiler takes `paths` and `rootDirs` from there.
  const folder = dirname(resolve(path));
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  return ts.createProgram(names ?? fileNames, options);
}

function checkTypes(project) {
  const found = isAll
    ? ts.getPreEmitDiagnostics(project)
    : chosen.flatMap((file) => ts.getPreEmitDiagnostics(project, project.getSourceFile(file)));
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
  const results = await eslint.lintFiles(files);
  const formatter = await eslint.loadFormatter('stylish');
  process.stdout.write(await formatter.format(results));
  return results.every(({ errorCount, warningCount }) => errorCount + warningCount === 0);
}
