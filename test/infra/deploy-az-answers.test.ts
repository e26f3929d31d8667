import { DeployRun } from './deploy-run';
import type { AzAnswer } from './scripted-az';

const warning = 'WARNING: something is deprecated';

describe('an answer of az that is not what was asked for', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  it.each<readonly [string, AzAnswer, string]>([
    ['nothing', { command: '', text: '' }, 'functionAppName, url, redirectUri'],
    ['words', { command: '', text: 'Deployment started.' }, 'functionAppName, url, redirectUri'],
    ['no outputs', { command: '', stdout: { properties: {} } }, 'functionAppName'],
    ['empty outputs', { command: '', stdout: { properties: { outputs: {} } } }, 'functionAppName'],
  ])('of the template, %s: nothing is uploaded, and it is said', async (_case, answer, lacks) => {
    const given = { ...answer, command: 'deployment group create' };
    expect(await run.deploy([given])).toBe(1);
    expect(run.said).toContain(
      `\nNot deployed in full: az did not say what was made: its answer lacks ${lacks}`,
    );
    expect(run.changes()).toHaveLength(1);
  });

  it.each(['functionAppName', 'url', 'redirectUri'])('of the template, no %s', async (name) => {
    expect(await run.deploy([run.template({ [name]: '' })])).toBe(1);
    expect(run.said).toContain(`its answer lacks ${name}.`);
    expect(run.changes()).toHaveLength(1);
  });

  it('is read all the same where only warnings stand before it', async () => {
    const { command, stdout } = run.template();
    const text = `${warning}\n${JSON.stringify(stdout, undefined, 2)}`;
    expect(await run.deploy([{ command, text }])).toBe(0);
  });

  it.each(['account show', 'group exists', 'provider list', 'role assignment list'])(
    'to %s says nothing of what there is',
    async (command) => {
      for (const text of ['', warning]) {
        run.said = '';
        expect(await run.deploy([{ command, text }], ['-l', 'westeurope'])).toBe(1);
        expect(run.said).toContain(
          `\nNot deployed: az answered something unexpected to "az ${command}".\n  It said: ${text === '' ? 'nothing' : warning}\n`,
        );
        expect(run.changes()).toEqual([]);
      }
    },
  );

  it.each([
    ['where the group is', 'group show', ['-l', 'westeurope']],
    ['which client id the app has', 'appsettings list', ['-p', 'deployEntraApp=false']],
  ])('is not taken for %s', async (_case, command, args) => {
    const apps = { command: 'functionapp list', stdout: [{ name: 'func-anteroom-abc' }] };
    expect(await run.deploy([apps, { command, text: warning }], args)).toBe(1);
    expect(run.said).toContain('\nNot deployed: az answered something unexpected');
    expect(run.changes()).toEqual([]);
  });

  it.each(['""', '', warning])('is not taken for the id of the person: %j', async (text) => {
    expect(await run.deploy([{ command: 'ad signed-in-user show', text }])).toBe(0);
    expect(run.said).toContain('your roles could not be read');
    expect(run.commands().join('\n')).not.toContain('--assignee');
  });

  it('is not taken for the version of Bicep: the release of which it tells', async () => {
    const text = 'A new Bicep release is available: v0.99.0.\nBicep CLI version 0.30.0 (a1b2c3)';
    expect(await run.deploy([{ command: 'bicep version', text }])).toBe(1);
    expect(run.said).toContain('Bicep 0.30.0 is too old');
  });

  it('is not taken for no Bicep at all', async () => {
    expect(await run.deploy([{ command: 'bicep version', text: 'Bicep 1' }])).toBe(0);
    expect(run.said).toContain('Bicep of unknown version');
  });

  describe('and holds what may be a secret', () => {
    const stderr = 'ERROR: PUT /b.zip?sig=abc of https:\\/\\/ada:pass@h failed. OddValue1';

    it.each([
      ['account show', []],
      ['group exists', []],
      ['functionapp list', ['-p', 'deployEntraApp=false']],
      ['deployment group create', []],
      ['config-zip', []],
    ])('is shown without it, to %s too', async (command, args) => {
      const file = run.file('my.bicepparam', "param packageUri = 'https://h/z?a=OddValue1'\n");
      const own = command === 'config-zip' ? [] : ['-p', file];
      expect(await run.deploy([{ command, code: 1, stderr }], [...args, ...own])).toBe(1);
      expect(run.said).toContain('PUT /b.zip?sig=...');
      expect(run.said).not.toMatch(/abc|pass@/);
      if (own.length > 0) expect(run.said).not.toContain('OddValue1');
    });
  });

  describe('a failure of account show', () => {
    it.each(['ModuleNotFoundError: antlr4', '[Errno 13] Permission denied: azureProfile.json'])(
      'is shown as it is, since no sign-in helps: %s',
      async (stderr) => {
        for (const args of [[], ['-s', 'x']]) {
          run.said = '';
          expect(await run.deploy([{ command: 'account show', code: 1, stderr }], args)).toBe(1);
          expect(run.said).toContain(`Not deployed: az account show failed.\n  az says: ${stderr}`);
          expect(run.said).not.toMatch(/az login|not among yours/);
        }
      },
    );
  });
});
