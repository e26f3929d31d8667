import { DeployRun, providerNames } from './deploy-run';
import type { AzRun } from './scripted-az';

const plain = 'https://c.example/d.zip';
const signed = 'https://a.example/b.zip?sv=2024&sig=abc%2Fdef';

describe('parameters of a deployment', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  /** The command that ran the template. */
  function template(): Pick<AzRun, 'line' | 'packageUri' | 'hasPackageUri'> {
    const found = run.runs().find(({ line }) => line.includes('deployment group create'));
    return found ?? { line: '', packageUri: '', hasPackageUri: false };
  }

  describe('packageUri', () => {
    it.each([
      ['from --package-uri', ['--package-uri', plain], ''],
      ['from --parameters', ['-p', `packageUri=${plain}`], ''],
      ['from the option rather than the environment', ['--package-uri', plain], signed],
    ])('%s reaches az in its environment only', async (_case, args, uri) => {
      run.env = { PACKAGE_URI: uri };
      expect(await run.deploy([], args)).toBe(0);
      expect(template().packageUri).toBe(plain);
      expect(run.commands().join('\n')).not.toContain('c.example');
    });

    it('from the environment reaches az there only, and nobody is told its signature', async () => {
      run.env = { PACKAGE_URI: signed };
      const refused = {
        command: 'deployment group create',
        code: 1,
        stderr: `BadRequest: cannot take "${signed}"`,
      };
      expect(await run.deploy([refused])).toBe(1);
      expect(template().packageUri).toBe(signed);
      expect(run.commands().join('\n')).not.toContain('a.example');
      expect(run.said).toContain('https://a.example/b.zip?...');
      expect(run.said).not.toContain('sig=');
    });

    it('lets Azure fetch the package, and uploads nothing', async () => {
      run.env = { PACKAGE_URI: signed };
      expect(await run.deploy()).toBe(0);
      expect(run.changes()).toHaveLength(1);
      expect(run.said).toContain('deployed by the template, from a.example/b.zip\n');
    });

    it('lets an empty inline value do away with the environment', async () => {
      run.env = { PACKAGE_URI: signed };
      expect(await run.deploy([], ['-p', 'packageUri='])).toBe(0);
      expect(template().packageUri).toBe('');
      expect(run.changes()).toHaveLength(2);
    });

    it.each([
      ['does not mention it', "using 'main.bicep'\n"],
      ['has another one', "param packageUri = 'https://c.example/d.zip'\n"],
      [
        'mentions it in a comment',
        "// param packageUri = readEnvironmentVariable('PACKAGE_URI', '')\n",
      ],
      ['reads another variable', "param packageUri = readEnvironmentVariable('ZIP', '')\n"],
    ])('is refused where the file %s', async (_case, text) => {
      const file = run.file('my.bicepparam', text);
      expect(await run.deploy([], ['-p', file, '--package-uri', plain])).toBe(1);
      expect(run.said).toContain("param packageUri = readEnvironmentVariable('PACKAGE_URI', '')");
      expect(run.commands()).toEqual([]);
    });

    it.each([
      ['--package-uri', ['--package-uri', signed]],
      ['a user name', ['--package-uri', 'https://ada:sig=abc@a.example/b.zip']],
      ['--parameters', ['-p', `packageUri=${signed}`]],
      ['--parameters in other letters', ['-p', `PACKAGEURI=${signed}`]],
      ['what is no address', ['-p', 'packageUri=a.example/b.zip?sig=abc']],
    ])('that may hold a secret is refused among the arguments: %s', async (_case, args) => {
      run.env = { PACKAGE_URI: plain };
      expect(await run.deploy([], args)).toBe(1);
      expect(run.said).toContain('give it as PACKAGE_URI in the environment instead.');
      expect(run.said).toContain('~/.npm/_logs');
      expect(run.said).not.toContain('abc');
      expect(run.runs()).toEqual([]);
    });

    const ownDefault = `param packageUri = readEnvironmentVariable('PACKAGE_URI', '${plain}') // x\n`;

    it.each([
      ['an address', `param packageUri = '${plain}'\n`],
      ['a default of its own', ownDefault],
    ])('is left to a file that has %s', async (_case, text) => {
      const file = run.file('my.bicepparam', text);
      expect(await run.deploy([], ['-p', file])).toBe(0);
      expect(run.changes()).toHaveLength(1);
      expect(template()).toMatchObject({ hasPackageUri: false });
      expect(run.said).toContain(`deployed by the template, from the address in ${file}\n`);
    });

    it.each([
      ['text with a variable in it', "'${base}/p.zip'"],
      ['a variable', 'address'],
      ['another environment variable', "readEnvironmentVariable('ZIP', '')"],
      ['another default that is an expression', "readEnvironmentVariable('PACKAGE_URI', address)"],
      ['no default', "readEnvironmentVariable('PACKAGE_URI')"],
      ['several lines', "readEnvironmentVariable(\n  'PACKAGE_URI', '')"],
      ['more than the variable', "toLower(readEnvironmentVariable('PACKAGE_URI', ''))"],
    ])(
      'is left to a file that has an expression, and no zip put over it: %s',
      async (_case, text) => {
        const file = run.file('my.bicepparam', `var a = 1\nparam packageUri = ${text}\n`);
        expect(await run.deploy([], ['-p', file])).toBe(0);
        expect(run.changes()).toHaveLength(1);
        expect(template()).toMatchObject({ hasPackageUri: false });
        expect(run.said).toContain(
          `left to the template: packageUri in ${file} is an expression; where it is empty, no code was deployed`,
        );
      },
    );

    it('is taken for the default of a file, where it is given', async () => {
      const file = run.file('my.bicepparam', ownDefault);
      run.env = { PACKAGE_URI: signed };
      expect(await run.deploy([], ['-p', file])).toBe(0);
      expect(template().packageUri).toBe(signed);
    });

    it('that is empty turns the default of a file off, and the zip is uploaded', async () => {
      const file = run.file('my.bicepparam', ownDefault);
      expect(await run.deploy([], ['-p', file, '-p', 'packageUri='])).toBe(0);
      expect(template()).toMatchObject({ packageUri: '', hasPackageUri: true });
      expect(run.changes()).toHaveLength(2);
    });
  });

  it('takes another parameter file in place of the usual one', async () => {
    const stdout = [...providerNames, 'Microsoft.Network'];
    await run.deploy(
      [{ command: 'provider list', stdout }],
      [...['-p', 'infra/main.production.bicepparam', '-p', 'zoneRedundant=false']],
    );
    expect(template().line).toContain(
      '--parameters infra/main.production.bicepparam --parameters zoneRedundant=false',
    );
    expect(template().line).not.toContain('infra/main.bicepparam');
  });

  it('takes a value that ends like a file for a value', async () => {
    await run.deploy([], ['-p', 'alertEmail=x.bicepparam']);
    expect(template().line).toContain(
      '--parameters infra/main.bicepparam --parameters alertEmail=x.bicepparam',
    );
  });

  it('takes the last of two values, as az does', async () => {
    await run.deploy(
      [],
      ['-p', 'nodeVersion=22', '-p', 'tags={"a":"b=c"}', '-p', 'nodeVersion=24'],
    );
    expect(template().line).toContain('--parameters nodeVersion=24 --parameters tags={"a":"b=c"}');
  });
});
