import { clientId, DeployRun, principalId } from './deploy-run';

const minute = 60_000;

describe('after the deployment', () => {
  let run: DeployRun;

  beforeEach(async () => {
    run = await new DeployRun().start();
  });

  afterEach(() => {
    run.stop();
  });

  describe('health', () => {
    it('may come late', async () => {
      const ill = { status: 503, body: 'failing: keys' };
      run.health = [ill, ill, { status: 200, body: 'ok' }];
      expect(await run.deploy()).toBe(0);
      expect(run.said.match(/failing: keys/g)).toHaveLength(1);
      expect(run.said).toContain(`asking ${run.appUrl}/health for up to 12 minutes`);
    });

    it('is waited for twelve minutes, by the clock, and then it is deployed but not healthy', async () => {
      run.health = [{ status: 503, body: 'failing: storage' }];
      expect(await run.deploy()).toBe(2);
      expect(run.waited).toBeGreaterThanOrEqual(12 * minute);
      expect(run.waited).toBeLessThan(14 * minute);
      expect(run.said).toContain(
        `\nDeployed, but not healthy yet: ${run.appUrl}/health does not say ok: 503 failing: storage`,
      );
      expect(run.said).toContain(`\n${run.appUrl}\nregistered redirect URI: `);
      expect(run.said).not.toContain('Not deployed');
    });

    it('that stays as it is is told of each minute, so that people see it goes on', async () => {
      run.health = [{ status: 503, body: 'failing: storage' }];
      await run.deploy();
      const told = run.said.match(/503 failing: storage \(\d+ s\)/g);
      expect(told).toHaveLength(13);
    });
  });

  describe('the registration', () => {
    const shown = 'ad app show';

    it('is read for the client id that was deployed', async () => {
      await run.deploy();
      expect(run.commands().join('\n')).toContain(
        `ad app show --id ${clientId} --query web.redirectUris`,
      );
    });

    it('that lacks the redirect URI is told of, with what mends it', async () => {
      const answer = { command: shown, stdout: ['https://old.example/auth/redirect'] };
      expect(await run.deploy([answer])).toBe(2);
      expect(run.said).toContain('\nDeployed, but nobody can sign in yet: ');
      expect(run.said).toContain(
        `infra/scripts/entra-app.sh --url ${run.appUrl} --identity ${principalId} --unique-name anteroom-anteroom-x1`,
      );
      expect(run.said).not.toContain('registered redirect URI');
    });

    it('may take a moment to show what was changed', async () => {
      expect(await run.deploy([{ command: shown, stdout: [], times: 2 }])).toBe(0);
      expect(run.said).toContain(`registered redirect URI: ${run.appUrl}/auth/redirect`);
    });

    it('that cannot be read is no failure, and nothing is claimed of it', async () => {
      const answer = { command: shown, code: 3, stderr: 'Insufficient privileges' };
      expect(await run.deploy([answer])).toBe(0);
      expect(run.said).toContain(
        `redirect URI to register: ${run.appUrl}/auth/redirect (the registration could not be read)`,
      );
      expect(run.said).not.toContain('registered redirect URI');
    });
  });
});
