import { AzFailure } from '../../local/deploy/az';
import { exitCodes, headlines } from '../../local/deploy/deploy-error';
import { deployPackage } from '../../local/deploy/deploy-package';
import { DeployRun } from './deploy-run';
import type { AzAnswer } from './scripted-az';

const minute = 60_000;
const storage =
  'ERROR: Zip deployment failed. These are the deployment logs: [StorageAccessibleCheck] BlobUploadFailedException: Response status code does not indicate success: 403 (This request is not authorized to perform this operation using this permission.)';

describe('the package', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  function refused(stderr: string, times?: number): AzAnswer {
    const answer = { command: 'config-zip', code: 1, stderr };
    return times === undefined ? answer : { ...answer, times };
  }

  function uploads(): number {
    return run.commands().filter((line) => line.includes('config-zip')).length;
  }

  it.each([
    ['storage that refuses the app', storage, 'may not write to the host storage yet'],
    ['another deployment', 'There may be an ongoing deployment.', 'another deployment of code'],
    [
      'a service that is not ready',
      'An error occured during deployment. Status Code: 503, Details: x',
      'not ready',
    ],
    ['no answer', 'HTTPSConnectionPool: Max retries exceeded with url', 'did not answer'],
  ])('is tried again after %s', async (_case, stderr, says) => {
    expect(await run.deploy([refused(stderr, 2)])).toBe(0);
    expect(uploads()).toBe(3);
    expect(run.said.split(stderr)).toHaveLength(2);
    expect(run.said).toContain(says);
  });

  it('is tried for twelve minutes, by the clock, and then all but the code is deployed', async () => {
    expect(await run.deploy([refused(storage)])).toBe(1);
    expect(run.waited).toBeGreaterThanOrEqual(12 * minute);
    expect(run.waited).toBeLessThan(14 * minute);
    expect(run.said).toContain(
      '\nDeployed, except the code: The package was refused for 12 minutes.',
    );
    expect(run.said).toContain(`\n${run.appUrl}\nregistered redirect URI: `);
    expect(run.said).not.toContain('Not deployed');
  });

  it.each([
    [
      'a site that is not there',
      '(ResourceNotFound) The Resource Microsoft.Web/sites/f was not found.',
    ],
    ['a person who may not', '(AuthorizationFailed) The client does not have authorization'],
    [
      'a person whom the site refuses',
      'An error occured during deployment. Status Code: 403, Details: Ip Forbidden',
    ],
    [
      'a person whom the site does not know',
      'An error occured during deployment. Status Code: 401, Details: ',
    ],
    ['a file that is not there', "[Errno 2] No such file or directory: 'anteroom.zip'"],
  ])('is not tried again after %s', async (_case, stderr) => {
    expect(await run.deploy([refused(stderr)])).toBe(1);
    expect(uploads()).toBe(1);
    expect(run.said).toContain('\nDeployed, except the code: The package was refused.');
    expect(run.said).not.toContain('5/5');
  });

  it.each([
    'Deployment was successful but the app appears to be unhealthy. Please check the app logs.',
    'Failed to fetch host key to check for function app status',
  ])('counts as uploaded when only the check of az after it fails: %s', async (stderr) => {
    expect(await run.deploy([refused(stderr)])).toBe(0);
    expect(uploads()).toBe(1);
  });

  it('may have arrived or not when az does not come back: an older version may answer /health', async () => {
    const az = () => Promise.reject(new AzFailure(['functionapp'], 'az did not come back', true));
    const context = {
      az,
      clock: { now: () => 0, pause: () => Promise.reject(new Error('no second try')) },
      pauses: { pollMs: 1, retryMs: 1, healthMs: 1, registrationMs: 1 },
      report: (text: string) => (run.said += text),
      interrupt: new AbortController().signal,
    };
    const failure = deployPackage(context, { resourceGroup: 'rg-1', name: 'f', zip: run.zip });
    await expect(failure).rejects.toMatchObject({ outcome: 'unknownCode' });
    expect(run.said).not.toContain('uploaded;');
    expect(headlines.unknownCode).toBe('Deployed, but whether the code arrived is not known');
    expect(exitCodes.unknownCode).toBe(1);
  });

  it('when it is stopped with Ctrl-C, says that the rest is deployed, and of the code no more than is known', async () => {
    const running = run.deploy([{ command: 'config-zip', waitMs: 20_000 }]);
    while (uploads() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    run.interrupt();
    expect(await running).toBe(130);
    expect(run.said).toContain('Everything is deployed, except perhaps the code');
  });
});
