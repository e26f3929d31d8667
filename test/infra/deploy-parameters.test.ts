import { DeployRun, providerNames } from './deploy-run';

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
  function template(): { readonly line: string; readonly packageUri: string } {
    const found = run.runs().find(({ line }) => line.includes('deployment group create'));
    return found ?? { line: '', packageUri: '' };
  }

  describe('packageUri', () => {
    it.each([
      ['from --package-uri', ['--package-uri', signed], ''],
      ['from --parameters', ['-p', `packageUri=${signed}`], ''],
      ['from the environment', [], signed],
      [
        'from the option rather than the environment',
        ['--package-uri', signed],
        'https://b.example',
      ],
    ])(
      '%s reaches az in its environment only, and nobody is told its signature',
      async (_case, args, uri) => {
        run.env = { PACKAGE_URI: uri };
        const refused = {
          command: 'deployment group create',
          code: 1,
          stderr: `BadRequest: cannot take "${signed}"`,
        };
        expect(await run.deploy([refused], args)).toBe(1);
        expect(template().packageUri).toBe(signed);
        expect(run.commands().join('\n')).not.toContain('a.example');
        expect(run.said).toContain('https://a.example/b.zip?...');
        expect(run.said).not.toContain('sig=');
      },
    );

    it('lets Azure fetch the package, and uploads nothing', async () => {
      expect(await run.deploy([], ['--package-uri', signed])).toBe(0);
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
      expect(await run.deploy([], ['-p', file, '--package-uri', signed])).toBe(1);
      expect(run.said).toContain("param packageUri = readEnvironmentVariable('PACKAGE_URI', '')");
      expect(run.commands()).toEqual([]);
    });

    it('is left to a file that names one', async () => {
      const file = run.file('my.bicepparam', "param packageUri = 'https://c.example/d.zip'\n");
      expect(await run.deploy([], ['-p', file])).toBe(0);
      expect(run.changes()).toHaveLength(1);
    });
  });

  it('takes another parameter file in place of the usual one', async () => {
    const stdout = [...providerNames, 'Microsoft.App', 'Microsoft.Network'];
    await run.deploy(
      [{ command: 'provider list', stdout }],
      [...['-p', 'infra/main.production.bicepparam', '-p', 'zoneRedundant=false']],
    );
    expect(template().line).toContain(
      '--parameters infra/main.production.bicepparam --parameters zoneRedundant=false',
    );
    expect(template().line).not.toContain('infra/main.bicepparam');
  });

  it('takes the last of two values, as az does', async () => {
    await run.deploy(
      [],
      ['-p', 'nodeVersion=22', '-p', 'tags={"a":"b=c"}', '-p', 'nodeVersion=24'],
    );
    expect(template().line).toContain('--parameters nodeVersion=24 --parameters tags={"a":"b=c"}');
  });
});
