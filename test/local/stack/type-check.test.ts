import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTypeCheck } from '../../../local/stack/app-folder';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'typed-'));
  mkdirSync(join(folder, 'src'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const compilerOptions = { types: [], lib: ['es5'], skipLibCheck: true };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['src'] }),
  );
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The app's build script, as its package.json has it. */
function scripts(build: string): void {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { build } }));
}

describe('the check of types', () => {
  it('tells of errors that the build did not see, and that they are gone', async () => {
    scripts('esbuild');
    const source = join(folder, 'src/index.ts');
    const told: string[] = [];
    let heard = Promise.withResolvers<undefined>();
    const types = createTypeCheck({
      root: folder,
      buildCommand: 'npm run --silent build',
      tell: (text) => {
        told.push(text);
        heard.resolve(undefined);
      },
    });
    writeFileSync(source, 'export const wrong: number = "text";');
    types?.soon();
    // The first one is broken off.
    types?.soon();
    await heard.promise;
    heard = Promise.withResolvers();
    expect(told).toEqual([
      expect.stringMatching(
        /The app runs, but its types have errors:\nsrc\/index\.ts\(1,14\): error TS2322/,
      ),
    ]);
    writeFileSync(source, 'export const right: number = 1;');
    types?.soon();
    await heard.promise;
    expect(told.slice(1)).toEqual(['The types have no errors any more.']);
    types?.stop();
  });

  it.each([
    ['tsc -p .', 'npm run --silent build'],
    ['esbuild', 'npx tsc && node pack.mjs'],
  ])('is left to a build that does it: %s by %s', (build, buildCommand) => {
    scripts(build);
    expect(createTypeCheck({ root: folder, buildCommand, tell: () => undefined })).toBeUndefined();
  });

  it('needs a tsconfig.json', () => {
    scripts('esbuild');
    const make = () =>
      createTypeCheck({ root: folder, buildCommand: 'node build.mjs', tell: () => undefined });
    const types = make();
    expect(types).toBeDefined();
    types?.stop();
    rmSync(join(folder, 'tsconfig.json'));
    expect(make()).toBeUndefined();
  });
});
