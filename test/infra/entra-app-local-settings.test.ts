import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EntraAppCheckout } from './entra-app-checkout';
import { createEntraAppCheckout } from './entra-app-checkout';

describe('local.settings.json, when entra-app.sh --local writes it,', () => {
  let checkout: EntraAppCheckout;

  beforeEach(() => {
    checkout = createEntraAppCheckout();
  });

  afterEach(() => {
    checkout.remove();
  });

  it.each([
    [
      'a comment',
      '{ "IsEncrypted": false, // mine\n "Values": { "A": "b3c" } }',
      'is not plain JSON',
    ],
    ['half of it missing', '{ "Values": { "A": "b3c"', 'is not plain JSON'],
    ['encrypted values', '{ "IsEncrypted": true, "Values": { "A": "b3c" } }', 'is encrypted'],
    ['no object', '["b3c"]', 'holds no object'],
    ['a list of values', '{ "Values": ["b3c"] }', 'Values in'],
  ])('with %s is left alone, and nothing is made', (_case, text, complaint) => {
    checkout.writeSettings(text);
    const { code, stdout, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain(complaint);
    expect(stderr).toContain(join(checkout.folder, 'local.settings.json'));
    expect(stdout + stderr).not.toContain('b3c');
    expect(checkout.az.commands()).toEqual([]);
    expect(readFileSync(join(checkout.folder, 'local.settings.json'), 'utf8')).toBe(text);
  });

  it('may begin with a byte order mark', () => {
    checkout.writeSettings('\uFEFF{ "Values": { "A": "b" } }');
    expect(checkout.run('--local').stderr).toBe('');
    expect(checkout.values()).toMatchObject({ A: 'b', ENTRA_CLIENT_SECRET: 's01~secret' });
  });

  it('may be a link, and stays one', () => {
    const real = join(checkout.folder, 'real.json');
    writeFileSync(real, '{ "Values": { "A": "b" } }');
    symlinkSync(real, join(checkout.folder, 'local.settings.json'));
    expect(checkout.run('--local').stderr).toBe('');
    expect(readFileSync(real, 'utf8')).toContain('s01~secret');
    expect(checkout.values()).toMatchObject({ A: 'b' });
  });

  it('is not written where git would take it', () => {
    writeFileSync(join(checkout.folder, '.gitignore'), 'dist/\n');
    const { code, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('is not ignored by git');
    expect(checkout.az.commands()).toEqual([]);
  });

  it('is not written where git cannot say', () => {
    renameSync(join(checkout.folder, '.git'), join(checkout.folder, 'git'));
    const { code, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('git could not say');
    expect(checkout.az.commands()).toEqual([]);
  });

  it('that cannot be written costs the new secret, and the next step is said', () => {
    checkout.az.change({ blocked: join(checkout.folder, 'local.settings.json') });
    const { code, stdout, stderr } = checkout.run('--local');
    expect(code).toBe(1);
    expect(stderr).toContain('a secret was made, but local.settings.json could not be written');
    expect(stderr).toContain('run this again with --new-secret');
    expect(stdout + stderr).not.toContain('s01~');
    expect(checkout.az.tenant().applications[0]?.passwordCredentials).toEqual([]);
    // Nor is it left in a file on its way.
    expect(readdirSync(checkout.folder).filter((name) => name.startsWith('.local'))).toEqual([]);
  });
});
