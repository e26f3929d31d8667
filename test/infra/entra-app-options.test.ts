import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntraAppCheckout } from './entra-app-checkout';
import { createEntraAppCheckout, inAzure, url } from './entra-app-checkout';

const grace = '96ace000-0000-4000-8000-00000000a11c';

describe('the command line of entra-app.sh', () => {
  let checkout: EntraAppCheckout;

  beforeAll(() => {
    checkout = createEntraAppCheckout();
  });

  afterAll(() => {
    checkout.remove();
  });

  describe('refuses', () => {
    it.each<[string, readonly string[], string]>([
      [
        'an address with a path',
        ['--url', 'https://a.example/b', ...inAzure.slice(2)],
        '--url wants',
      ],
      [
        'an address without https',
        ['--url', 'http://a.example', ...inAzure.slice(2)],
        '--url wants',
      ],
      ['an address with a quote', ['--url', 'https://a"b', ...inAzure.slice(2)], '--url wants'],
      ['no address', inAzure.slice(2), '--url wants'],
      [
        'a name in place of the principal id',
        ['--url', url, '--identity', 'id-anteroom', '--unique-name', 'a'],
        '--identity wants',
      ],
      ['no unique name', inAzure.slice(0, 4), '--unique-name is missing'],
      [
        'a unique name that would break out of the address',
        [...inAzure.slice(0, 4), '--unique-name', "a')/owners('b"],
        '--unique-name may hold',
      ],
      ['a name of two lines', [...inAzure, '--name', 'a\nb'], '--name wants one line'],
      ['an empty name', [...inAzure, '--name', ''], '--name wants one line'],
      ['an administrator by name', [...inAzure, '--admin', 'grace'], '--admin wants the object id'],
      ['a registration by name', [...inAzure, '--app-id', 'Anteroom'], '--app-id wants'],
      ['deletion by name', ['--delete', 'Anteroom'], '--delete wants'],
      ['deletion with an empty id', ['--delete', ''], '--delete wants'],
      [
        'deletion with more',
        ['--delete', grace, '--local'],
        '--delete goes with --name at most, without --local',
      ],
      ['an option that it does not know', ['--everything'], "Unknown option '--everything'"],
      ['a word that is no option', ['prod'], "Unexpected argument 'prod'"],
      ['an option without its value', ['--url'], "Option '--url <value>' argument missing"],
      ['an option in place of a value', ['--name', '--local'], "'--name' argument is ambiguous"],
      ['a port that is none', ['--local', '--port', '70710'], '--port wants'],
      ['--local with an address', ['--local', '--url', url], '--local goes without --url'],
      ['a secret for Azure', [...inAzure, '--new-secret'], '--new-secret goes with --local only'],
    ])('%s', (_case, options, text) => {
      const { code, stderr } = checkout.run(...options);
      expect(code).toBe(1);
      expect(stderr).toContain(text);
      expect(checkout.az.commands()).toEqual([]);
    });
  });

  it('tells how it is used', () => {
    const { code, stdout } = checkout.run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('entra-app.sh --delete APP_ID');
  });

  it.each<[string, string]>([
    ['az', 'the Azure CLI (az) is not installed'],
    ['node', 'Node.js is not installed'],
  ])('says when there is no %s', (missing, text) => {
    const path = mkdtempSync(join(tmpdir(), 'anteroom-path-'));
    for (const tool of ['bash', 'dirname', ...(missing === 'node' ? [] : ['node'])]) {
      const where = spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim();
      symlinkSync(where, join(path, tool));
    }
    const script = join(checkout.folder, 'infra/scripts/entra-app.sh');
    const env = { ...process.env, PATH: path };
    const { status, stderr } = spawnSync(join(path, 'bash'), [script, ...inAzure], {
      env,
      encoding: 'utf8',
    });
    rmSync(path, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toContain(text);
  });
});
