import { DeployRun } from './deploy-run';
import type { AzAnswer } from './scripted-az';

const minute = 60_000;

function operation(part: string, state: string, time: string, id = part) {
  return { id, time, state, part };
}

const earlier = [
  operation('identity-abcdefghijklm', 'Succeeded', '2026-11-01T10:00:00Z'),
  operation('entraApp-abcdefghijklm', 'Failed', '2026-11-01T10:01:00Z'),
];
const now = [
  operation('identity-abcdefghijklm', 'Succeeded', '2026-11-21T10:00:00Z'),
  operation('vault-abcdefghijklm', 'Running', '2026-11-21T10:00:01Z'),
];

/** Until it was looked at the parts so often. */
function looks(runs: number) {
  return { command: 'deployment operation group list', runs };
}

function listed(stdout: unknown, times?: number): AzAnswer {
  const answer = { command: 'deployment operation group list', stdout };
  return times === undefined ? answer : { ...answer, times };
}

describe('the template', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  /** A template that is refused so often. */
  function refused(stderr: string, times?: number): AzAnswer {
    const answer = { command: 'deployment group create', code: 1, stderr };
    return times === undefined ? answer : { ...answer, times };
  }

  function tries(): number {
    return run.commands().filter((line) => line.includes('deployment group create')).length;
  }

  describe('is watched', () => {
    it('each part is told of once, by its own name, as it is done', async () => {
      const slow = { ...run.template(), until: looks(4) };
      expect(await run.deploy([listed([], 1), listed(now), slow])).toBe(0);
      expect(run.said.match(/done: identity \(\d+ s\)/g)).toHaveLength(1);
    });

    it('what was there before it began is not told as done', async () => {
      const slow = { ...run.template(), until: looks(4) };
      await run.deploy([listed(earlier), slow]);
      expect(run.said).not.toMatch(/done:|failed:/);
    });

    it('a part whose id an earlier run had too is told of when it is done again', async () => {
      await run.deploy([listed(earlier, 1), listed([...earlier, ...now])]);
      expect(run.said.match(/done: identity/g)).toHaveLength(1);
      expect(run.said).not.toContain('failed:');
    });

    it('parts that failed are named', async () => {
      const failed = [operation('entraApp-abcdefghijklm', 'Failed', '2026-11-21T10:00:00Z')];
      await run.deploy([listed([], 1), listed(failed), refused('(SomethingElse) No.')]);
      expect(run.said).toMatch(/failed: entraApp \(\d+ s\)/);
    });

    it.each([
      ['done', 'Succeeded', 0],
      ['failed', 'Failed', 1],
    ])('has a last look when it has ended: %s', async (word, state, code) => {
      run.looksRarely = true;
      const ended = [operation('vault', state, '2026-11-21T10:00:00Z')];
      const answers = [listed([], 1), listed(ended)];
      const failing = code === 0 ? [] : [refused('(SomethingElse) No.')];
      expect(await run.deploy([...answers, ...failing])).toBe(code);
      expect(run.said).toContain(`  ${word}: vault (0 s)`);
    });

    it('says every half minute what it is still at', async () => {
      const slow = { ...run.template(), until: looks(8) };
      await run.deploy([listed([], 1), listed(now), slow]);
      const seconds = [...run.said.matchAll(/still at work: vault \((\d+) s\)/g)].map(([, s]) =>
        Number(s),
      );
      expect(seconds.length).toBeGreaterThan(1);
      for (const [at, second] of seconds.entries()) {
        if (at > 0) expect(second - (seconds[at - 1] ?? 0)).toBe(30);
      }
    });

    it('looks never pile up, however slow they are', async () => {
      const slow = { ...run.template(), until: looks(8) };
      await run.deploy([{ ...listed(now), waitMs: 150 }, slow]);
      const found = run.runs().filter(({ line }) => line.includes('operation group list'));
      expect(found.length).toBeGreaterThan(3);
      expect(Math.max(...found.map(({ atOnce }) => atOnce))).toBe(1);
    });

    it('goes on when a look fails', async () => {
      const broken = { command: 'deployment operation group list', code: 1, stderr: 'timeout' };
      expect(await run.deploy([broken])).toBe(0);
    });
  });

  describe('is run again by itself', () => {
    const target =
      '"target":"/subscriptions/s/providers/Microsoft.Web/sites/f/extensions/onedeploy"';

    it.each([
      [
        'storage that refuses the app',
        `{"code":"BadRequest",${target},"message":"[StorageAccessibleCheck] 403"}`,
      ],
      [
        'storage that refuses after a download',
        `{${target},"message":"[SourcePackageUriDownloadStep] completed. InaccessibleStorageException"}`,
      ],
      ['a bare BadRequest of onedeploy', `{"code":"BadRequest",${target}}`],
    ])('for %s', async (_case, stderr) => {
      expect(await run.deploy([refused(stderr, 2)], ['--package-uri', 'https://a.example/b'])).toBe(
        0,
      );
      expect(tries()).toBe(3);
      expect(run.said.match(/yet; trying again in 60 s/g)).toHaveLength(2);
    });

    it('for twelve minutes, and then says that all but the code is deployed', async () => {
      expect(await run.deploy([refused(`{"code":"BadRequest",${target}}`)])).toBe(1);
      expect(run.waited).toBeGreaterThanOrEqual(12 * minute);
      expect(run.waited).toBeLessThan(20 * minute);
      expect(run.said).toContain('\nDeployed, except the code: ');
    });

    it('not when Azure cannot fetch the package', async () => {
      const stderr = `{${target},"message":"Failed to download: 404 BlobNotFound"}`;
      expect(await run.deploy([refused(stderr)])).toBe(1);
      expect(tries()).toBe(1);
      expect(run.said).toContain('Azure could not deploy the package from its address.');
    });

    it.each([
      "Request_ResourceNotFound: Resource 'x' does not exist or one of its queried reference-property objects are not present.",
      '(BadRequest) Not a valid reference update. Graph client request id: 1',
    ])('twice when Entra ID does not know yet what was made: %s', async (stderr) => {
      expect(await run.deploy([refused(stderr)])).toBe(1);
      expect(tries()).toBe(3);
      expect(run.said).toContain('That passes within minutes: deploy again.');
    });
  });

  it.each([
    [
      'Authorization_RequestDenied: Insufficient privileges to complete the operation.',
      'entra-app.sh',
    ],
    [
      '(MissingSubscriptionRegistration) The subscription is not registered to use namespace',
      'az provider register',
    ],
    [
      '(RoleAssignmentUpdateNotPermitted) Tenant ID, application ID, principal ID, and scope are not allowed',
      'left over from a deleted identity',
    ],
    [
      '(AuthorizationFailed) The client does not have authorization to perform action',
      'You lack a role in Azure',
    ],
    [
      '(ConflictError) A vault with the same name already exists in deleted state.',
      'az keyvault recover',
    ],
    [
      'Another object with the same value for property uniqueName already exists.',
      'entra-app.sh --delete',
    ],
    [
      '(LocationNotAvailableForResourceType) The provided location',
      'list-flexconsumption-locations',
    ],
    [
      "(InvalidResourceLocation) The resource 'kv' already exists in location 'westeurope'",
      'in another region',
    ],
    ['(SubscriptionIsOverQuotaForSku)', 'no quota left'],
    [
      '(DeploymentActive) The deployment cannot be saved, because this would overwrite an existing deployment which is still active.',
      'az deployment group wait',
    ],
    ['AADSTS50076: you must use multi-factor authentication', 'az login'],
    ['az did not come back within 90 minutes.', 'may still be at work'],
    ['(SomethingElse) Who knows.', 'Azure refused, and why is not known here.'],
  ])('what Azure says is explained: %s', async (stderr, text) => {
    expect(await run.deploy([refused(stderr)])).toBe(1);
    expect(tries()).toBe(1);
    expect(run.said).toContain(stderr);
    expect(run.said).toContain('\nNot deployed in full: ');
    expect(run.said).toContain(text);
    expect(run.said).toContain('It is safe to deploy again');
  });

  it('that would take away an app role which somebody added says where to name it, and is not sent again as it is', async () => {
    const stderr =
      '{"code":"BadRequest","message":"Permission (scope or role) cannot be deleted or updated unless disabled first."}';
    expect(await run.deploy([refused(stderr)])).toBe(1);
    expect(tries()).toBe(1);
    expect(run.said).toContain('Add it to infra/app-roles.json');
    expect(run.said).not.toContain('safe to deploy again');
  });

  describe('that is not taken with these parameters', () => {
    const guard =
      "InvalidTemplate - Unable to process template language expressions for resource '/subscriptions/s/resourceGroups/rg-1/providers/Microsoft.Resources/deployments/identity-x' at line '1' and column '1'. 'customDomain needs frontDoorSku'";

    it.each([
      [
        'a parameter that there is not',
        'main.bicepparam(1,1) : Error BCP259: The parameter "nodeVersoin" is assigned in the params file without being declared in the Bicep file.',
      ],
      [
        'a value that is not allowed',
        '{"code":"InvalidTemplate","message":"Deployment template validation failed: \'The provided value for the template parameter \'nodeVersion\' is not valid.\'"}',
      ],
      ['parameters that contradict each other', guard],
      [
        'a resource that is not right',
        "The template resource 'x' at line '1' is not valid: a language expression",
      ],
    ])('made nothing, and will be refused again: %s', async (_case, stderr) => {
      expect(await run.deploy([refused(stderr)])).toBe(1);
      expect(tries()).toBe(1);
      expect(run.said).toContain(stderr);
      expect(run.said).toContain(
        '\nNot deployed: Azure or Bicep does not take the template with these parameters.\n  The reason stands above. Mend it',
      );
      expect(run.said).not.toContain('safe to deploy again');
    });

    it('may have been begun, and then "Not deployed" would be a lie', async () => {
      const done = [operation('identity-abcdefghijklm', 'Succeeded', '2026-11-21T10:00:00Z')];
      expect(await run.deploy([listed([], 1), listed(done), refused(guard)])).toBe(1);
      expect(run.said).toContain('\nNot deployed in full: Azure or Bicep does not take');
    });

    it('made nothing where its parts only failed', async () => {
      const failed = [operation('identity-abcdefghijklm', 'Failed', '2026-11-21T10:00:00Z')];
      await run.deploy([listed([], 1), listed(failed), refused(guard)]);
      expect(run.said).toContain('\nNot deployed: Azure or Bicep does not take');
    });

    it('is not blamed for what Azure says inside', async () => {
      await run.deploy([refused('(InvalidTemplateDeployment) See inner errors. (QuotaExceeded)')]);
      expect(run.said).toContain('\nNot deployed in full: The subscription has no quota left');
    });
  });

  it('cannot convert storage, and says how that is done', async () => {
    const stderr =
      '(StorageAccountTypeConversionNotAllowed) Storage account type cannot be changed.';
    expect(await run.deploy([refused(stderr)])).toBe(1);
    expect(run.said).toContain('\nNot deployed in full: zoneRedundant was changed');
    expect(run.said).toContain('az storage account migration start');
    expect(run.said).not.toContain('safe to deploy again');
  });

  it('prints no command that would leave out what was given before', async () => {
    await run.deploy([refused('Authorization_RequestDenied')], ['-p', 'privateNetwork=false']);
    expect(run.said).toContain('run the same command as before, with: --parameters deployEntra');
    expect(run.said).not.toContain('npm run deploy --');
  });

  it('is refused for left-over roles, which are looked for as az takes it', async () => {
    await run.deploy([refused('RoleAssignmentUpdateNotPermitted')]);
    const command = /az role assignment list .*/.exec(run.said)?.[0];
    // az: "group or scope are not required when --all is used".
    expect(command).toBe(
      `az role assignment list --all --query "[?principalName=='' && contains(scope, '/resourceGroups/NAME/')]"`,
    );
  });

  it('prints commands that can be pasted, whatever the group is called', async () => {
    const running = run.deploy([{ ...run.template(), waitMs: 20_000 }], [], ['-g', 'rg (1)']);
    while (tries() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    run.interrupt();
    expect(await running).toBe(130);
    expect(run.said).toContain('cancel --name anteroom --resource-group "rg (1)"');
  });

  it('when it is stopped with Ctrl-C, says that Azure goes on', async () => {
    const running = run.deploy([{ ...run.template(), waitMs: 20_000 }]);
    while (tries() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    run.interrupt();
    expect(await running).toBe(130);
    expect(run.said).toContain('a deployment that has begun goes on in Azure');
    expect(run.said).toContain('az deployment group wait --name anteroom --resource-group rg-1');
    expect(run.said).not.toContain('Not deployed');
  });
});
