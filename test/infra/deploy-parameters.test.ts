import { clientId, DeployRun, providerNames } from './deploy-run';

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

  describe('entraClientId, when somebody else keeps registrations', () => {
    const elsewhere = ['-p', 'deployEntraApp=false'];
    const shown = (stdout: unknown) => ({ command: 'deployment group show', stdout });

    it.each([
      [
        'the output of the previous deployment',
        { state: 'Succeeded', output: clientId, given: '' },
      ],
      ['what a failed one was given', { state: 'Failed', output: null, given: clientId }],
    ])('is kept: %s', async (_case, previous) => {
      expect(await run.deploy([shown(previous)], elsewhere)).toBe(0);
      expect(template().line).toContain(`--parameters entraClientId=${clientId}`);
      expect(run.said).toContain(`no entraClientId is given: keeping ${clientId}`);
    });

    it.each([
      ['there was no deployment', { code: 3, stderr: '(DeploymentNotFound) not found' }],
      ['there was no client id', { stdout: { state: 'Succeeded', output: '', given: '' } }],
      ['there was none yet', { stdout: { state: 'Failed', output: null, given: 'later' } }],
    ])('is "later" when %s', async (_case, answer) => {
      await run.deploy([{ command: 'deployment group show', ...answer }], elsewhere);
      expect(template().line).toContain('--parameters entraClientId=later');
    });

    it('is "later" in a group that is not there, and nobody is asked', async () => {
      const answers = [
        { command: 'group exists', stdout: false },
        { command: 'group create --name', stdout: {} },
      ];
      await run.deploy(answers, [...elsewhere, '-l', 'westeurope']);
      expect(template().line).toContain('--parameters entraClientId=later');
    });

    it.each([
      ['cannot be read', { code: 1, stderr: '(AuthorizationFailed) no' }],
      ['failed without telling', { stdout: { state: 'Failed', output: null, given: '' } }],
    ])('must be given when the previous deployment %s', async (_case, answer) => {
      const answers = [{ command: 'deployment group show', ...answer }];
      expect(await run.deploy(answers, elsewhere)).toBe(1);
      expect(run.changes()).toEqual([]);
    });

    it('is not taken from another environment in the same group', async () => {
      const previous = { state: 'Succeeded', output: clientId, given: '', environment: 'prod' };
      expect(await run.deploy([shown(previous)], elsewhere)).toBe(1);
      expect(run.said).toContain(
        'The previous deployment in this group was that of prod, not anteroom.',
      );
      expect(run.changes()).toEqual([]);
    });

    it.each([
      ['the same', 'anteroom', 'anteroom'],
      ['not known here', "readEnvironmentVariable('NAME')", 'prod'],
      ['the default', undefined, 'anteroom'],
    ])('is kept in an environment that is %s', async (_case, name, environment) => {
      const literal = name === 'anteroom' ? "'anteroom'" : name;
      const line = literal === undefined ? '' : `param environmentName = ${literal}\n`;
      const file = run.file('my.bicepparam', line);
      const previous = { state: 'Succeeded', output: clientId, given: '', environment };
      expect(await run.deploy([shown(previous)], ['-p', file, ...elsewhere])).toBe(0);
      expect(template().line).toContain(`entraClientId=${clientId}`);
    });

    it.each([
      ['inline', '', [...elsewhere, '-p', 'entraClientId=given']],
      [
        'in the file',
        "param deployEntraApp = false // theirs\nparam entraClientId = 'given'\n",
        [],
      ],
      [
        'in the file, by an expression',
        "param deployEntraApp = false\nparam entraClientId = readEnvironmentVariable('ID')\n",
        [],
      ],
      [
        'nowhere, since the template makes it',
        'param deployEntraApp = false\n',
        ['-p', 'deployEntraApp=true'],
      ],
    ])('is left alone when it is given %s', async (_case, text, args) => {
      const file = run.file('my.bicepparam', text);
      expect(await run.deploy([], ['-p', file, ...args])).toBe(0);
      expect(run.commands().join('\n')).not.toContain('deployment group show');
    });

    it.each([
      ['a line', 'param deployEntraApp = false\n'],
      ['a line with a comment', 'param deployEntraApp = false // others make it\n'],
      [
        'an empty value with a comment',
        "param deployEntraApp = false\nparam entraClientId = '' // none\n",
      ],
      ['an empty value beside', "param deployEntraApp = false\nparam entraClientId = ''\n"],
      ['Windows line ends', "using 'main.bicep'\r\nparam deployEntraApp = false\r\n"],
    ])('is kept when the file says so: %s', async (_case, text) => {
      const file = run.file('my.bicepparam', text);
      const previous = { state: 'Succeeded', output: clientId, given: '' };
      expect(await run.deploy([shown(previous)], ['-p', file])).toBe(0);
      expect(template().line).toContain(`--parameters entraClientId=${clientId}`);
    });
  });
});
