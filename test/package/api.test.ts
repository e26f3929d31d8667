import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { buildPackage } from '../support/pack-package';

const entries = ['index', 'testing', 'client'];

let types: readonly ts.SourceFile[];

beforeAll(async () => {
  await buildPackage();
  types = entries.map((name) => {
    const text = readFileSync(`dist/package/${name}.d.ts`, 'utf8');
    return ts.createSourceFile(`${name}.d.ts`, text, ts.ScriptTarget.Latest, true);
  });
});

interface Exported {
  readonly name: string;
  readonly isValue: boolean;
  readonly doc: string;
}

/** What an entry exports, and what is written above it. */
function exportsOf(source: ts.SourceFile): Exported[] {
  return source.statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isExported !== true) return [];
    if (
      !ts.isFunctionDeclaration(statement) &&
      !ts.isClassDeclaration(statement) &&
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement)
    ) {
      throw new Error(`What is this? ${statement.getText()}`);
    }
    const doc = ts.getJSDocCommentsAndTags(statement).map((each) => each.getText());
    const isValue = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
    return [{ name: statement.name?.text ?? '', isValue, doc: doc.join('\n') }];
  });
}

/** Each example in a docstring, as code. */
function examplesIn(source: ts.SourceFile): string[] {
  return [...source.text.matchAll(/^\s*\* ```ts\n([^]*?)^\s*\* ```$/gm)].map(([, code = '']) =>
    code.replace(/^\s*\* ?/gm, ''),
  );
}

describe('the API', () => {
  it('is the one in docs/api.md; where it should change: npm run api, and a line in CHANGELOG.md', () => {
    expect(readFileSync('dist/package/API.md', 'utf8')).toBe(readFileSync('docs/api.md', 'utf8'));
  });

  it('is explained: each export says what it is, each function and class has an example', () => {
    const all = types.flatMap(exportsOf);
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['anteroom', 'AppError', 'User', 'startLocalStack', 'session']),
    );
    expect(all.filter(({ doc }) => doc === '').map(({ name }) => name)).toEqual([]);
    const values = all.filter(({ isValue }) => isValue);
    expect(values.filter(({ doc }) => !doc.includes('@example')).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it('has examples that compile, and so has the page on existing apps', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'examples-'));
    const page = readFileSync('docs/existing-app.md', 'utf8');
    const ofPage = [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);
    const examples = [...types.flatMap(examplesIn), ...ofPage];
    expect(examples.length).toBeGreaterThan(15);
    try {
      // The first one of the page is the file from which others import.
      writeProgram(folder, { 'auth.ts': ofPage[0] ?? '' });
      writeProgram(folder, Object.fromEntries(examples.map((code, at) => [`${at}.ts`, code])));
      await expect(compile(folder)).resolves.toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function writeProgram(folder: string, files: Readonly<Record<string, string>>): void {
  // Each is a module, whether it imports something or not.
  for (const [name, code] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${code}\nexport {};\n`);
  }
}

/** @returns what the compiler says */
async function compile(folder: string): Promise<string> {
  for (const [name, target] of [
    ['anteroom', 'dist/package'],
    ['@azure/functions', 'node_modules/@azure/functions'],
    ['@types/node', 'node_modules/@types/node'],
  ] as const) {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(resolve(target), path, 'dir');
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    ...{ module: 'node16', target: 'es2022', lib: ['es2024', 'dom'], types: ['node'] },
    ...{ strict: true, noEmit: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const compiler = resolve('node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [compiler], { cwd: folder });
  return run.then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { readonly stdout: string }).stdout,
  );
}
