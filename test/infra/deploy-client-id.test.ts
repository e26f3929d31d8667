import { readFileSync } from 'node:fs';
import { clientId, DeployRun } from './deploy-run';
import type { AzAnswer } from './scripted-az';

const site = 'func-anteroom-abcdefghijklm';
const tags = { 'azd-env-name': 'anteroom', team: 'web' };
const elsewhere = ['-p', 'deployEntraApp=false'];

function apps(...stdout: readonly unknown[]): AzAnswer {
  return { command: 'functionapp list', stdout };
}

function setting(stdout: unknown): AzAnswer {
  return { command: 'functionapp config appsettings list', stdout };
}

describe('entraClientId, when somebody else keeps registrations', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  /** The client id that the template was given. */
  function given(): string | undefined {
    const line = run.commands().find((text) => text.includes('deployment group create'));
    return /--parameters entraClientId=(\S*)/.exec(line ?? '')?.[1];
  }

  it('is that of the app, whoever deployed it and under whatever name', async () => {
    expect(await run.deploy([apps({ name: site, tags }), setting(clientId)], elsewhere)).toBe(0);
    expect(given()).toBe(clientId);
    expect(run.said).toContain(`no entraClientId is given: keeping ${clientId}, that of ${site}\n`);
    expect(run.commands().join('\n')).toContain(
      `functionapp config appsettings list --resource-group rg-1 --name ${site} --query [?name=='ENTRA_CLIENT_ID'].value | [0]`,
    );
    expect(run.commands().join('\n')).not.toContain('deployment group show');
  });

  it.each([
    ['by its tag', { name: 'renamed', tags }],
    ['by its name, where a policy removed the tag', { name: site, tags: null }],
    ['by its name, where the tag is another', { name: site, tags: { 'azd-env-name': 'x' } }],
  ])('is found %s', async (_case, app) => {
    const others = [{ name: 'func-orders', tags: { 'azd-env-name': 'orders' } }, { tags }, 'x'];
    await run.deploy([apps(...others, app), setting(clientId)], elsewhere);
    expect(given()).toBe(clientId);
  });

  it('is looked for by what the template names and tags the app', () => {
    const main = readFileSync('infra/main.bicep', 'utf8');
    expect(main).toContain("site: 'func-${environmentName}-${token}'");
    expect(main).toContain("'azd-env-name': environmentName");
  });

  it.each([
    ['has no such setting', ''],
    ['has an empty one', '""'],
    ['has an empty one of blanks', '" "'],
  ])('is "later" where the app %s', async (_case, text) => {
    const none = { command: 'functionapp config appsettings list', text };
    expect(await run.deploy([apps({ name: site, tags }), none], elsewhere)).toBe(0);
    expect(given()).toBe('later');
    expect(run.said).toContain('no client id yet: nobody can sign in');
  });

  it.each([
    ['there is none at all', apps()],
    ['there is only that of another environment', apps(app('func-prod-abcdefghijklm', 'prod'))],
    ['the other one only begins alike', apps(app('func-anteroom-b-abcdefghijklm', 'anteroom-b'))],
  ])('is "later" where the app is not there yet: %s', async (_case, answer) => {
    expect(await run.deploy([answer], elsewhere)).toBe(0);
    expect(given()).toBe('later');
    expect(run.commands().join('\n')).not.toContain('appsettings');
  });

  it('is "later" in a group that is not there, and nobody is asked', async () => {
    const answers = [
      { command: 'group exists', stdout: false },
      { command: 'group create --name', stdout: {} },
    ];
    await run.deploy(answers, [...elsewhere, '-l', 'westeurope']);
    expect(given()).toBe('later');
    expect(run.commands().join('\n')).not.toContain('functionapp list');
  });

  it.each([
    ['the apps cannot be read', 'functionapp list'],
    ['the settings cannot be read', 'functionapp config appsettings list'],
  ])('must be given where %s', async (_case, command) => {
    const stderr = '(AuthorizationFailed) The client does not have authorization.';
    const refused = { command, code: 1, stderr };
    expect(await run.deploy([refused, apps({ name: site, tags })], elsewhere)).toBe(1);
    expect(run.said).toContain(
      '\nNot deployed: Which client id the app has could not be read.\n  Say it: --parameters entraClientId=...',
    );
    expect(run.said).toContain(`az says: ${stderr}`);
    expect(run.changes()).toEqual([]);
  });

  it.each([
    ['two apps have the tag', [app(site, 'anteroom'), app('func-b', 'anteroom')], elsewhere],
    ['az gives no list', undefined, elsewhere],
  ])('must be given where %s', async (_case, stdout, args) => {
    const listed =
      stdout === undefined ? { command: 'functionapp list', text: '?' } : apps(...stdout);
    expect(await run.deploy([listed, setting(clientId)], args)).toBe(1);
    expect(run.said).toContain('say which client id the app has: --parameters entraClientId=...');
    expect(run.changes()).toEqual([]);
  });

  it('goes through after a tenant refused to make the registration, as the refusal advises', async () => {
    const stderr =
      'Authorization_RequestDenied: Insufficient privileges to complete the operation.';
    const refused = { command: 'deployment group create', code: 1, stderr };
    expect(await run.deploy([refused])).toBe(1);
    expect(run.said).toContain('--parameters deployEntraApp=false');
    // What that left: the app, without the settings, which come after the registration.
    const left = [apps(app(site, 'anteroom')), { ...setting(undefined), text: '' }];
    const bare = run.template({ entraClientId: '' });
    expect(await run.deploy([...left, bare], elsewhere)).toBe(0);
    expect(given()).toBe('later');
    expect(run.said).toContain('infra/scripts/entra-app.sh --url');
  });

  describe('in the environment that', () => {
    const prod = app('func-prod-abcdefghijklm', 'prod');
    const both = apps(app(site, 'anteroom'), prod);
    const its = { command: `--name ${site} --query`, stdout: clientId };
    const prods = { command: `--name ${prod.name} --query`, stdout: 'c11e0000-prod' };

    it.each([
      ['is given inline', '', ['-p', 'environmentName=prod'], 'c11e0000-prod'],
      ['the file names', "param environmentName = 'prod'\n", [], 'c11e0000-prod'],
      ['is the default', '', [], clientId],
    ])('%s', async (_case, text, args, expected) => {
      const file = run.file('my.bicepparam', text);
      await run.deploy([both, its, prods], ['-p', file, ...elsewhere, ...args]);
      expect(given()).toBe(expected);
    });

    describe('only a compiler could tell', () => {
      const text = "param environmentName = readEnvironmentVariable('NAME')\n";

      it.each([
        ['is that of the one app', apps(prod), 'c11e0000-prod'],
        ['is "later" without any app, where there is none to empty', apps(), 'later'],
      ])('%s', async (_case, listed, expected) => {
        const file = run.file('my.bicepparam', text);
        expect(await run.deploy([listed, prods], ['-p', file, ...elsewhere])).toBe(0);
        expect(given()).toBe(expected);
      });

      it('must be given where there are several', async () => {
        const file = run.file('my.bicepparam', text);
        expect(await run.deploy([both, its, prods], ['-p', file, ...elsewhere])).toBe(1);
        expect(run.said).toContain(`which one is meant is not clear: ${site}, ${prod.name}.`);
        expect(run.changes()).toEqual([]);
      });
    });
  });

  it.each([
    ['inline', '', [...elsewhere, '-p', 'entraClientId=given']],
    ['in the file', "param deployEntraApp = false // theirs\nparam entraClientId = 'given'\n", []],
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
    expect(run.changes().join('\n')).not.toMatch(/entraClientId=(?!given)/);
    expect(run.said).not.toContain('client id');
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
    expect(await run.deploy([apps({ name: site, tags }), setting(clientId)], ['-p', file])).toBe(0);
    expect(given()).toBe(clientId);
  });
});

function app(name: string, environment: string) {
  return { name, tags: { 'azd-env-name': environment } };
}
