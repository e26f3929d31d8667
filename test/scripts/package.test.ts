import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';

const deployed = ['dist/main.js', 'dist/main.js.map'];
/** What the build writes about the packages in the bundle, by its name in the zip. */
const thirdParty = {
  'THIRD-PARTY-NOTICES.txt': 'dist/main.notices.txt',
  'sbom.cdx.json': 'dist/main.sbom.json',
};

describe('npm run package', () => {
  let folder: string;

  beforeEach(() => {
    // In a folder such as people have, with a space and more than ASCII. A copy, since the zip is written where the script is run, and `dist` may be built anew meanwhile.
    folder = mkdtempSync(join(tmpdir(), 'anteroom package é-'));
    mkdirSync(join(folder, 'dist'));
    const made = [...deployed, ...Object.values(thirdParty)];
    for (const path of ['host.json', 'package.json', 'LICENSE', ...made]) {
      cpSync(path, join(folder, path));
    }
    cpSync('scripts', join(folder, 'scripts'), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function pack(timeZone: string): { readonly code: number | null; readonly said: string } {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/package.mjs'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, TZ: timeZone },
    });
    return { code: status, said: stderr };
  }

  it('holds what is deployed and nothing else, the same bytes everywhere', () => {
    expect(pack('Asia/Tokyo')).toEqual({ code: 0, said: '' });
    const zip = readFileSync(join(folder, 'anteroom.zip'));
    pack('America/Los_Angeles');
    expect(readFileSync(join(folder, 'anteroom.zip')).equals(zip)).toBe(true);
    const files = unzipSync(zip);
    const wanted = [
      'LICENSE',
      ...deployed,
      ...Object.keys(thirdParty),
      'host.json',
      'package.json',
    ];
    expect(Object.keys(files).sort()).toEqual(wanted.sort());
    for (const [name, made] of Object.entries(thirdParty)) {
      expect(Buffer.from(files[name] ?? []).equals(readFileSync(join(folder, made)))).toBe(true);
    }
    const map: unknown = JSON.parse(Buffer.from(files['dist/main.js.map'] ?? []).toString());
    expect(map).not.toHaveProperty('sourcesContent');
    expect(JSON.stringify(map)).not.toContain(process.cwd());
    const manifest: unknown = JSON.parse(Buffer.from(files['package.json'] ?? []).toString());
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
  });

  it('holds the front end that the code names, without hidden files, once it is built', () => {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/auth.ts'), "anteroom({ frontEnd: { folder: './public/' } });");
    const { code, said } = pack('UTC');
    expect([code, said]).toEqual([1, expect.stringContaining('no public/index.html. Build the')]);
    mkdirSync(join(folder, 'public/assets'), { recursive: true });
    for (const name of ['index.html', 'assets/index-DiwrgTda.js', '.env']) {
      writeFileSync(join(folder, 'public', name), name);
    }
    expect(pack('UTC')).toEqual({ code: 0, said: '' });
    const files = unzipSync(readFileSync(join(folder, 'anteroom.zip')));
    const packed = Object.keys(files).filter((name) => name.startsWith('public/'));
    expect(packed.sort()).toEqual(['public/assets/index-DiwrgTda.js', 'public/index.html']);
  });

  describe('app roles that functions ask for', () => {
    const asksForReader = `
      // withRole('nobody') in a comment asks for nothing.
      app.http('reports', { handler: auth.withRole('reader', reports) });
      app.http('console', { handler: withRole('admin', reports) });
      app.http('other', { handler: auth.withRole((settings) => settings.adminRole, reports) });`;

    beforeEach(() => {
      mkdirSync(join(folder, 'src/functions'), { recursive: true });
      writeFileSync(join(folder, 'src/functions/reports.ts'), asksForReader);
      cpSync('infra', join(folder, 'infra'), { recursive: true });
    });

    it('are missed where the registration would lack them, and nothing is packed', () => {
      const { code, said } = pack('UTC');
      expect(said).toContain(
        "src/functions/reports.ts: withRole('reader'), but infra/app-roles.json has no app role reader\n",
      );
      expect(said).not.toMatch(/nobody|admin'/);
      expect(code).toBe(1);
      expect(existsSync(join(folder, 'anteroom.zip'))).toBe(false);
    });

    it('are found in the list for all deployments', () => {
      writeFileSync(join(folder, 'infra/app-roles.json'), '[{ "value": "reader" }]');
      expect(pack('UTC')).toEqual({ code: 0, said: '' });
    });

    it('must be in a parameter file that has a list of its own', () => {
      writeFileSync(join(folder, 'infra/app-roles.json'), '[{ "value": "reader" }]');
      const file = join(folder, 'infra/main.bicepparam');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, `${text}param appRoles = [\n  { value: 'writer' }\n]\n`);
      expect(pack('UTC').said).toContain(
        "withRole('reader'), but infra/main.bicepparam has no app role reader\n",
      );
      writeFileSync(file, `${text}param appRoles = [\n  { value: 'reader' }\n]\nparam tags = {}\n`);
      expect(pack('UTC')).toEqual({ code: 0, said: '' });
    });

    it('may be scopes, and roles of apps in options: each is missed in its own list', () => {
      const source = `
        app.http('notes', { handler: auth.withScope('Notes.Read', notes, { appRole: ['Notes.Read.All', 'x.y'] }) });
        app.http('edit', { handler: auth.withRole(['editor'], notes, { bearer: true, scope: 'Notes.Write' }) });
        other.method('Notes.Delete', { scope: 'Notes.Delete' });`;
      writeFileSync(join(folder, 'src/functions/reports.ts'), source);
      const { said } = pack('UTC');
      const missing = [
        "withScope('Notes.Read'), but infra/exposed-scopes.json has no scope Notes.Read",
        "withScope('Notes.Read.All'), but infra/app-roles.json has no app role Notes.Read.All",
        "withScope('x.y'), but infra/app-roles.json has no app role x.y",
        "withRole('editor'), but infra/app-roles.json has no app role editor",
        "withRole('Notes.Write'), but infra/exposed-scopes.json has no scope Notes.Write",
      ];
      for (const line of missing) expect(said).toContain(`src/functions/reports.ts: ${line}\n`);
      expect(said.split('\n').filter((line) => line.startsWith('src/'))).toHaveLength(5);
      const list = (...values: readonly string[]) =>
        JSON.stringify(values.map((value) => ({ value })));
      writeFileSync(join(folder, 'infra/exposed-scopes.json'), list('Notes.Read', 'Notes.Write'));
      writeFileSync(join(folder, 'infra/app-roles.json'), list('editor', 'x.y', 'Notes.Read.All'));
      expect(pack('UTC')).toEqual({ code: 0, said: '' });
    });

    it('may be those of a declared proxy', () => {
      const apis = "apis: { orders: { baseUrl, scopes: [], proxy: { roles: ['seller'] } } }";
      writeFileSync(join(folder, 'src/functions/reports.ts'), `anteroom({ ${apis} });`);
      expect(pack('UTC').said).toContain(
        "src/functions/reports.ts: proxy('seller'), but infra/app-roles.json has no app role seller\n",
      );
    });

    it('need not be on the registration where groups give them', () => {
      const groupRoles = `groupRoles: { [SALES]: 'reader', 'a-b': ['writer'] }`;
      writeFileSync(
        join(folder, 'src/auth.ts'),
        `export const auth = anteroom({ ${groupRoles} });`,
      );
      expect(pack('UTC')).toEqual({ code: 0, said: '' });
    });

    it('cannot be looked up in a list that is none', () => {
      writeFileSync(join(folder, 'infra/app-roles.json'), '{}');
      expect(pack('UTC').said).toContain('infra/app-roles.json is not a list of app roles');
    });
  });
});
