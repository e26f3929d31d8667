import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';

const deployed = ['dist/main.js', 'dist/main.js.map', 'dist/main.js.LEGAL.txt'];

describe('npm run package', () => {
  let folder: string;

  beforeEach(() => {
    // In a folder such as people have, with a space and more than ASCII. A copy, since the zip is written where the script is run, and `dist` may be built anew meanwhile.
    folder = mkdtempSync(join(tmpdir(), 'anteroom package é-'));
    mkdirSync(join(folder, 'dist'));
    for (const path of ['host.json', 'package.json', 'LICENSE', ...deployed]) {
      cpSync(path, join(folder, path));
    }
    cpSync('scripts', join(folder, 'scripts'), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function zipIn(timeZone: string): Buffer {
    execFileSync(process.execPath, [join(folder, 'scripts/package.mjs')], {
      cwd: folder,
      env: { ...process.env, TZ: timeZone },
    });
    return readFileSync(join(folder, 'anteroom.zip'));
  }

  it('gives the same bytes everywhere and always', () => {
    const hashes = ['UTC', 'Asia/Tokyo', 'America/Los_Angeles'].map((timeZone) =>
      createHash('sha256').update(zipIn(timeZone)).digest('hex'),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it('holds what is deployed and nothing else', () => {
    const files = unzipSync(zipIn('UTC'));
    expect(Object.keys(files).sort()).toEqual(
      ['LICENSE', ...deployed, 'host.json', 'package.json'].sort(),
    );
    const map: unknown = JSON.parse(Buffer.from(files['dist/main.js.map'] ?? []).toString());
    expect(map).not.toHaveProperty('sourcesContent');
    expect(JSON.stringify(map)).not.toContain(process.cwd());
    const manifest: unknown = JSON.parse(Buffer.from(files['package.json'] ?? []).toString());
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
  });
});
