import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEntraAppCheckout, type EntraAppCheckout, inAzure, url } from './entra-app-checkout';

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
      ...[
        'https://app.contoso.com:99999',
        'https://app.contoso.com:443',
        'https://app.contoso.com:08443',
        'https://APP.contoso.com',
        'https://-',
        'https://..',
        'https://a..b',
        'https://a-.b',
        'https://a.b.',
        'https://a_b.com',
        'https://2130706433',
        `https://${'a'.repeat(64)}.b`,
        `https://${'a.'.repeat(130)}b`,
        'https://app.contoso.com//',
        'https://me@app.contoso.com',
        'https://app.contoso.com?a',
      ].map((origin): [string, readonly string[], string] => [
        origin,
        ['--url', origin, ...inAzure.slice(2)],
        '--url wants',
      ]),
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

  it('is found through links, also through a relative one to another', () => {
    const folder = mkdtempSync(join(tmpdir(), 'anteroom links '));
    symlinkSync(join(checkout.folder, 'infra/scripts/entra-app.sh'), join(folder, 'one'));
    symlinkSync('one', join(folder, 'entra-app'));
    const { status, stdout } = spawnSync(join(folder, 'entra-app'), ['--help'], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect(status).toBe(0);
    expect(stdout).toContain('entra-app.sh --delete APP_ID');
  });

  it('finishes although nobody reads what it says, without a stack', () => {
    const script = join(checkout.folder, 'infra/scripts/entra-app.sh');
    const piped = '"$0" "$@" | head -1; exit "${PIPESTATUS[0]}"';
    const { status, stderr } = spawnSync('bash', ['-c', piped, script, ...inAzure], {
      encoding: 'utf8',
      env: { ...process.env, PATH: checkout.az.path, ENTRA_APP_PAUSE: '0' },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(checkout.az.tenant().applications).toHaveLength(1);
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
