import { DeployRun, principalId } from './deploy-run';
import type { AzAnswer } from './scripted-az';

describe('runDeploy', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  it('deploys template and package, asks /health, and says where the app is and what is registered', async () => {
    expect(await run.deploy([], ['-p', 'nodeVersion=22', '-s', 'sub-1'])).toBe(0);
    expect(run.changes()).toEqual([
      'deployment group create --resource-group rg-1 --name anteroom --template-file infra/main.bicep --parameters infra/main.bicepparam --parameters nodeVersion=22 --subscription sub-1 --only-show-errors --output json',
      `functionapp deployment source config-zip --timeout 600 --resource-group rg-1 --name func-anteroom-x1 --src ${run.zip} --subscription sub-1 --only-show-errors --output json`,
    ]);
    expect(run.said).toContain(
      `\n${run.appUrl}\nregistered redirect URI: ${run.appUrl}/auth/redirect\n`,
    );
    expect(run.said).toContain('about five minutes, longer with Front Door or a private network');
    expect(run.said).toMatch(/1\/5[^]*2\/5[^]*3\/5[^]*4\/5[^]*5\/5/);
  });

  it('looks at roles and registration in the subscription that was chosen, too', async () => {
    expect(await run.deploy([], ['-s', 'sub-1'])).toBe(0);
    expect(run.said).not.toContain('could not be read');
    expect(run.said).toContain('registered redirect URI');
    const ofTenant = run.commands().filter((line) => /^(ad|account list) /.test(line));
    expect(ofTenant).toHaveLength(3);
    expect(ofTenant.join('\n')).not.toContain('--subscription');
  });

  describe('where others put something on the registration', () => {
    const access = (...ids: readonly string[]) => [
      { resourceAppId: 'graph', resourceAccess: ids.map((id) => ({ id, type: 'Scope' })) },
    ];
    const content = 'ad app show --id c1 --query {uris';
    const own = 'https://app.contoso.com/auth/redirect';
    const running: readonly AzAnswer[] = [
      { command: 'functionapp list', stdout: [{ name: 'func-anteroom-x1', tags: {} }] },
      { command: 'functionapp config appsettings list', stdout: 'c1' },
    ];
    const before: AzAnswer = {
      command: content,
      stdout: {
        uris: [own, 'https://old.contoso.com/callback'],
        // A disabled one: Entra ID lets no enabled one go.
        roles: [{ value: 'admin' }, { value: 'auditor' }],
        apis: access('user-read', 'mail-read'),
        claims: { idToken: [{ name: 'sid' }, { name: 'ctry' }] },
      },
      times: 1,
    };
    const after: AzAnswer = {
      command: content,
      stdout: {
        uris: [own],
        roles: [{ value: 'admin' }],
        apis: access('user-read'),
        claims: { idToken: [{ name: 'sid' }] },
      },
    };

    it('says what the template took away, and what keeps it', async () => {
      expect(await run.deploy([...running, before, after])).toBe(0);
      const [, said = ''] = run.said.split('took away from the registration c1');
      expect(said).toContain('redirect URI https://old.contoso.com/callback (keptRedirectUris)\n');
      expect(said).toContain('permission mail-read (Scope) of the API graph (apiPermissions)\n');
      expect(said).toContain('app role auditor (infra/app-roles.json)\n');
      expect(said).toContain('optional claim ctry, idToken');
      expect(said).not.toMatch(/user-read|claim sid/);
      expect(said).not.toContain(own);
    });

    it('says it too when the rest fails', async () => {
      const failed = { command: 'config-zip', code: 1, stderr: 'No.' };
      expect(await run.deploy([...running, before, after, failed])).not.toBe(0);
      expect(run.said).toContain('took away from the registration c1');
    });

    it('says nothing where nothing went, or it may not be read', async () => {
      expect(await run.deploy([...running, after])).toBe(0);
      const hidden = { command: content, code: 1, stderr: 'Insufficient privileges' };
      expect(await run.deploy([...running, hidden])).toBe(0);
      expect(run.said).not.toContain('took away');
    });
  });

  it('makes the resource group where it was told to', async () => {
    const answers = [
      { command: 'group exists', stdout: false },
      { command: 'group create --name rg-1 --location westeurope' },
    ];
    expect(await run.deploy(answers, ['-l', 'westeurope'])).toBe(0);
    expect(run.commands().join('\n')).toContain('--scope /subscriptions/sub-1 ');
  });

  it('when it is stopped while it makes the group, says that it may be there', async () => {
    const running = run.deploy(
      [
        { command: 'group exists', stdout: false },
        { command: 'group create --name rg (1)', waitMs: 20_000 },
      ],
      ['-l', 'westeurope'],
      ['-g', 'rg (1)'],
    );
    while (run.changes().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    run.interrupt();
    expect(await running).toBe(130);
    expect(run.said).toContain(
      'Nothing was deployed, though the resource group may have been made.',
    );
  });

  it('takes a region in either spelling', async () => {
    expect(await run.deploy([], ['-l', 'West Europe'])).toBe(0);
  });

  it('says how to make the registration when somebody else does that', async () => {
    const bare = run.template({ entraClientId: '' });
    run.health = [{ status: 503, body: '{"status":"failing","failing":["settings"]}' }];
    expect(await run.deploy([bare], ['-p', 'deployEntraApp=false'])).toBe(0);
    expect(run.said).toContain(
      `infra/scripts/entra-app.sh --url ${run.appUrl} --identity ${principalId} --unique-name anteroom-anteroom-x1`,
    );
    expect(run.said).toContain(
      `redirect URI to register: ${run.appUrl}/auth/redirect (there is no app registration yet)`,
    );
    expect(run.said).not.toContain('registered redirect URI');
    expect(run.said.trimEnd()).toMatch(/Until then nobody can sign in\.$/);
  });

  it('goes on with custom roles when told to', async () => {
    const custom = { command: 'role assignment list', stdout: ['Platform team'] };
    expect(await run.deploy([custom], ['--no-role-check'])).toBe(0);
  });

  it('goes on when roles cannot be read, since Azure checks them itself', async () => {
    const stderr = 'Insufficient privileges';
    expect(await run.deploy([{ command: 'ad signed-in-user show', code: 1, stderr }])).toBe(0);
    expect(run.said).toContain('your roles could not be read');
  });

  it('goes on when the providers cannot be read, since Azure checks them itself', async () => {
    const stderr = '(AuthorizationFailed) The client does not have authorization';
    expect(await run.deploy([{ command: 'provider list', code: 1, stderr }])).toBe(0);
    expect(run.said).toContain('the resource providers could not be read');
  });

  it('goes on where Bicep is not installed, since az installs the newest', async () => {
    const stderr = 'ERROR: Bicep CLI not found. Install it now by running "az bicep install".';
    expect(await run.deploy([{ command: 'bicep version', code: 1, stderr }])).toBe(0);
    expect(run.said).toContain('Bicep not installed yet');
  });

  it('prints its options and exit codes', async () => {
    expect(await run.deploy([], ['--help'], [])).toBe(0);
    expect(run.said).toContain('--resource-group NAME');
    expect(run.said).toContain(
      '0 everything asked for is done, which with deployEntraApp=false may be all but the app registration',
    );
    expect(run.said).toContain(
      '2 deployed, but not healthy yet, or the app registration lacks the\nredirect URI',
    );
  });
});
