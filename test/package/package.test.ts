import { execFile } from 'node:child_process';
import {
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
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildPackage, pack, unpack } from '../support/pack-package';

const run = promisify(execFile);

/** A folder with the package in `node_modules`, and beside it nothing but what an app has anyway. */
let folder: string;
let tarball: string;

beforeAll(async () => {
  await buildPackage();
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  tarball = await pack('dist/package', join(folder, 'packed'));
  await unpack(tarball, join(folder, 'node_modules/anteroom'));
  for (const name of ['@azure/functions', '@types/node']) link(name);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function link(name: string): void {
  const from = join(folder, 'node_modules', name);
  mkdirSync(join(from, '..'), { recursive: true });
  symlinkSync(resolve('node_modules', name), from, 'dir');
}

/** What a program in that folder prints. */
async function printed(file: string, text: string): Promise<string> {
  writeFileSync(join(folder, file), text);
  return (await run(process.execPath, [file], { cwd: folder })).stdout.trim();
}

const read = (name: string): string =>
  readFileSync(join(folder, 'node_modules/anteroom', name), 'utf8');

describe('the package anteroom', () => {
  it('pleases publint, as anteroom-local does, and TypeScript finds its types in every way', async () => {
    const local = await pack('local', join(folder, 'packed'));
    const check = run(process.execPath, ['scripts/check-package.mjs', tarball, local]);
    await expect(check).resolves.toEqual({ stdout: '', stderr: '' });
    for (const entry of ['index', 'testing', 'client']) {
      expect(read(`${entry}.d.ts`)).toMatch(/^export declare /m);
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
    const licenses = read('THIRD-PARTY-LICENSES.txt');
    for (const name of ['@azure/msal-node', '@azure/data-tables', 'jose', 'preact', 'valibot']) {
      expect(licenses).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
    expect(licenses).not.toMatch(/\(undefined\)|\)\n\n(?:-{80}|$)/);
    expect(readdirSync(join(folder, 'node_modules/anteroom'))).toContain('LICENSE');
  });
});
