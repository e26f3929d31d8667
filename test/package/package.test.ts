import { execFile } from 'node:child_process';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { isErrorCode } from '../../src/error-facts';
import { packBoth, packTimeoutMs, type Tarballs, unpack } from '../support/pack-package';

const run = promisify(execFile);

/** A folder with the package in `node_modules`, and beside it nothing but what an app has anyway. */
let folder: string;
let tarballs: Tarballs;

beforeAll(async () => {
  tarballs = await packBoth();
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  await unpack(tarballs.anteroom, join(folder, 'node_modules/anteroom'));
  link(folder, '@azure/functions', 'node_modules/@azure/functions');
}, packTimeoutMs);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What a program in that folder prints. */
async function printed(file: string, text: string): Promise<string> {
  writeFileSync(join(folder, file), text);
  return (await run(process.execPath, [file], { cwd: folder })).stdout.trim();
}

const read = (name: string): string =>
  readFileSync(join(folder, 'node_modules/anteroom', name), 'utf8');

describe('the package anteroom', () => {
  it('pleases publint, as anteroom-local does, and TypeScript finds its types in every way', async () => {
    const check = run(process.execPath, [
      ...['scripts/check-package.mjs', tarballs.anteroom, tarballs['anteroom-local']],
    ]);
    await expect(check).resolves.toEqual({ stdout: '', stderr: '' });
    for (const entry of ['index', 'testing', 'client']) {
      expect(read(`${entry}.d.ts`)).toMatch(/^export declare /m);
    }
  });

  it('has types that TypeScript 5.0 reads, and an app that compiles for es6, as the quickstart does', () => {
    for (const entry of ['index', 'testing', 'client']) {
      // Generic since 5.7; `Intl` has these names since es2018.
      expect(read(`${entry}.d.ts`)).not.toMatch(/\b(?:Uint8Array|Buffer)<|\bIntl\./);
    }
  });

  it('needs @azure/functions and nothing else', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, unknown>;
    expect(manifest['dependencies']).toBeUndefined();
    expect(Object.keys(manifest['peerDependencies'] as object)).toEqual(['@azure/functions']);
    const needed = ['index.js', 'testing.js'].flatMap((file) =>
      [...read(file).matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name),
    );
    expect([...new Set(needed)].filter((name) => !isBuiltin(name))).toEqual(['@azure/functions']);
  });

  it('is the same code for import and require, so that an AppError of one is one of the other', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { anteroom, AppError } from 'anteroom';
      import { createSignedInContext } from 'anteroom/testing';
      const required = createRequire(import.meta.url)('anteroom');
      console.log(typeof anteroom, required.AppError === AppError, typeof createSignedInContext);`;
    expect(await printed('both.mjs', program)).toBe('function true function');
  });

  it('keeps the browser client free of Node, and serves it too', async () => {
    expect(read('client.mjs')).not.toMatch(/\bimport\b|\brequire\b/);
    const program = `
      import { loginUrl, setAuthPath } from 'anteroom/client';
      globalThis.location = { pathname: '/a', search: '', hash: '' };
      setAuthPath('/api/auth');
      console.log(loginUrl());`;
    expect(await printed('client.mjs', program)).toBe('/api/auth/login?return_to=%2Fa');
    expect(read('index.js')).toContain('setAuthPath');
  });

  it('comes with the licenses of what is in it', () => {
    const licenses = read('THIRD-PARTY-NOTICES.txt');
    for (const name of ['@azure/msal-node', '@azure/data-tables', 'jose', 'preact', 'valibot']) {
      expect(licenses).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
    expect(licenses).not.toMatch(/\(undefined\)|brings no text of its licence/);
    const { components } = JSON.parse(read('sbom.cdx.json')) as { components: { purl: string }[] };
    const purls = components.map(({ purl }) => purl);
    expect(purls).toEqual(expect.arrayContaining([expect.stringMatching(/^pkg:npm\/jose@\d/)]));
    // The app that installs it brings this one.
    expect(purls.filter((purl) => purl.includes('%40azure/functions@'))).toEqual([]);
    expect(readdirSync(join(folder, 'node_modules/anteroom'))).toContain('LICENSE');
  });
});

const entries = ['index', 'testing', 'client'];

let types: readonly ts.SourceFile[];

beforeAll(() => {
  types = entries.map((name) => {
    const text = readFileSync(`dist/package/${name}.d.ts`, 'utf8');
    return ts.createSourceFile(`${name}.d.ts`, text, ts.ScriptTarget.Latest, true);
  });
});

interface Exported {
  readonly name: string;
  readonly doc: string;
}

/** What an entry exports, and what is written above it. */
function exportsOf(source: ts.SourceFile): Exported[] {
  return source.statements.flatMap((statement) => {
    if (!isExported(statement)) return [];
    if (
      !ts.isFunctionDeclaration(statement) &&
      !ts.isClassDeclaration(statement) &&
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement)
    ) {
      throw new Error(`What is this? ${statement.getText()}`);
    }
    return [{ name: statement.name?.text ?? '', doc: docOf(statement) }];
  });
}

function isExported(node: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

function docOf(node: ts.Node): string {
  const parts = ts.getJSDocCommentsAndTags(node).map((each) => each.getText());
  return parts.join('\n');
}

/** Types that a team only reads, or that the example of the function or option which takes them shows. */
const shownElsewhere = [
  ...[
    'Answer',
    'Caller',
    'CallerContext',
    'CallerWithToken',
    'Client',
    'ErrorCode',
    'FunctionsApp',
  ],
  ...[
    'HandlerSession',
    'LocalAccount',
    'LocalStack',
    'MenuPage',
    'ProviderRefusal',
    'SessionFacts',
  ],
  ...['SignInContext', 'SignOutContext', 'SignedIn', 'SignedInContext', 'SignedInFetch', 'User'],
  ...[
    'Anteroom',
    'AnteroomOptions',
    'AppErrorOptions',
    'BrandOption',
    'GroupRolesOption',
    'Guards',
    'OnSignIn',
  ],
  ...[
    'OnSignOut',
    'OwnError',
    'ProxyMethod',
    'RoleTokenOptions',
    'ScopeTokenOptions',
    'SessionData',
  ],
  ...['SessionDataChange', 'SignInDecision', 'SignedInContextOptions', 'StepUpDemand'],
  'TokenContextOptions',
];

/** Functions and methods that cannot fail for a reason of their own. */
const neverFails = [
  ...['createSignedInContext', 'createTokenContext', 'loginUrl', 'setAuthPath'],
  ...['output', 'register', 'stop'],
];

/** What is written above each exported function, and above each member of an exported interface that is called. */
function callsOf(
  source: ts.SourceFile,
): readonly { readonly name: string; readonly doc: string }[] {
  const isCalled = (member: ts.TypeElement): boolean =>
    ts.isMethodSignature(member) ||
    (ts.isPropertySignature(member) && /^ApiCalls</.test(member.type?.getText() ?? ''));
  const members = source.statements.filter(ts.isInterfaceDeclaration).flatMap((one) => one.members);
  return [...source.statements.filter(ts.isFunctionDeclaration), ...members.filter(isCalled)]
    .filter(({ parent }) => !ts.isInterfaceDeclaration(parent) || isExported(parent))
    .map((call) => ({ name: call.name?.getText() ?? '', doc: docOf(call) }));
}

/** Each example in a docstring, as code. */
function examplesIn(source: ts.SourceFile): string[] {
  return [...source.text.matchAll(/^\s*\* ```ts\n([^]*?)^\s*\* ```$/gm)].map(([, code = '']) =>
    code.replace(/^\s*\* ?/gm, ''),
  );
}

/** Files that the pages show as they are. */
const examples: ReadonlySet<string> = new Set(
  globSync('examples/*/**/*.{ts,js,mjs}', { exclude: (name) => name === 'node_modules' }).map(
    (file) => readFileSync(file, 'utf8'),
  ),
);

describe('the API', () => {
  it('is the one in docs/api.md; where it should change: npm run api, and a line in CHANGELOG.md', () => {
    expect(readFileSync('dist/package/API.md', 'utf8')).toBe(readFileSync('docs/api.md', 'utf8'));
  });

  it('is explained: each export says what it is, and how it is used', () => {
    const all = types.flatMap(exportsOf);
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['anteroom', 'AppError', 'User', 'startLocalStack', 'session']),
    );
    expect(all.filter(({ doc }) => doc === '').map(({ name }) => name)).toEqual([]);
    const withoutExample = all.filter(({ doc }) => !doc.includes('@example'));
    expect(withoutExample.map(({ name }) => name).sort()).toEqual([...shownElsewhere].sort());
  });

  it('says how each function and method fails, by codes that there are', () => {
    const silent = types
      .flatMap(callsOf)
      .filter(({ doc }) => !/@throws|\bERR_|as `\w+` of \{@link/.test(doc));
    expect([...new Set(silent.map(({ name }) => name))].sort()).toEqual([...neverFails].sort());
    const named = types.flatMap(({ text }) => text.match(/\bERR_\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((code) => !isErrorCode(code))).toEqual([]);
  });

  it('has examples that compile, and so have the pages on what apps write', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'examples-'));
    const ofPage = ['docs/existing-app.md', 'README.md', ...globSync('docs/*.md')].flatMap(codeOf);
    const all = [...types.flatMap(examplesIn), ...ofPage];
    expect(ofPage.length).toBeGreaterThan(15);
    try {
      // The first one of the page is the file from which others import.
      writeProgram(folder, { 'auth.ts': ofPage[0] ?? '' });
      writeProgram(folder, Object.fromEntries(all.map((code, at) => [`${at}.ts`, code])));
      await expect(compile(folder)).resolves.toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Code of a page that uses the package. What is in `examples` has its own check. The client that an app serves is that of the package. */
function codeOf(page: string): string[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```(?:ts|js)\n([^]*?)^```/gm);
  return (
    [...blocks]
      .map(([, code = '']) => code.replace(/'(?:\/api)?\/auth\/client\.js'/, "'anteroom/client'"))
      .filter((code) => / from '(?:anteroom\b|\.\/auth\.js)/.test(code) && !examples.has(code))
      // Another test runs these.
      .filter((code) => !code.includes("from 'node:test'"))
  );
}

function writeProgram(folder: string, files: Readonly<Record<string, string>>): void {
  // Each is a module, whether it imports something or not.
  for (const [name, code] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${code}\nexport {};\n`);
  }
}

/** @returns what the compiler says */
async function compile(folder: string): Promise<string> {
  link(folder, 'anteroom', 'dist/package');
  for (const name of ['@azure/functions', '@types/node']) {
    link(folder, name, `node_modules/${name}`);
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    ...{ module: 'node16', target: 'es2022', lib: ['es2024', 'dom'], types: ['node'] },
    // What TypeScript brings needs no check.
    ...{ strict: true, noEmit: true, skipDefaultLibCheck: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const compiler = resolve('node_modules/typescript/bin/tsc');
  return run(process.execPath, [compiler], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { readonly stdout: string }).stdout,
  );
}

/** Puts a folder of this repository into the `node_modules` of another one. */
function link(folder: string, name: string, target: string): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(resolve(target), path, 'dir');
}
