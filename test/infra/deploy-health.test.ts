import { clientId, DeployRun, type HealthAnswer, principalId } from './deploy-run';

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
      run.health = [failing('keys'), failing('keys'), { status: 200, body: '{"status":"ok"}' }];
      expect(await run.deploy()).toBe(0);
      expect(run.said.match(/"keys"/g)).toHaveLength(1);
      expect(run.said).toContain(`asking ${run.appUrl}/health for up to 12 minutes`);
    });

    it('is waited for twelve minutes, by the clock, and then it is deployed but not healthy', async () => {
      run.health = [failing('storage')];
      expect(await run.deploy()).toBe(2);
      expect(run.waited).toBeGreaterThanOrEqual(12 * minute);
      expect(run.waited).toBeLessThan(14 * minute);
      expect(run.said).toContain(
        `\nDeployed, but not healthy yet: ${run.appUrl}/health does not say ok: 503 {"status":"failing","failing":["storage"]}`,
      );
      expect(run.said).toContain(`\n${run.appUrl}\nregistered redirect URI: `);
      expect(run.said).not.toContain('Not deployed');
    });

    it('is asked no more after Ctrl-C, and that is not told as an answer', async () => {
      run.answersHealth = false;
      const running = run.deploy();
      while (!run.said.includes('5/5')) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 100));
      run.interrupt();
      expect(await running).toBe(130);
      expect(run.said).toContain('Everything is deployed; whether it is healthy was not seen.');
      expect(run.said).not.toMatch(/aborted|no answer/);
    });

    it('that has no end is not read to its end, and is not that of the app', async () => {
      run.health = [{ status: 200, body: `{"status":"ok"}${' '.repeat(70_000)}` }];
      expect(await run.deploy()).toBe(2);
      expect(run.said).toContain('200 (the answer is longer than 65536 bytes)');
      expect(run.said).toContain('That is not the answer of the app.');
    });

    it('is told without control characters', async () => {
      run.health = [{ status: 503, body: 'a\u001b[2Jb' }];
      await run.deploy();
      expect(run.said).toContain('503 a[2Jb');
      expect(run.said).not.toContain('\u001b');
    });

    it('that stays as it is is told of each minute, so that people see it goes on', async () => {
      run.health = [failing('storage')];
      await run.deploy();
      const told = run.said.match(/503 \{[^}]*"storage"\]\} \(\d+ s\)/g);
      expect(told).toHaveLength(13);
    });
  });

  describe('that does not come: the remedy is chosen by the last answer', () => {
    const frontDoor = { frontDoorHostName: 'anteroom-x1.z01.azurefd.net' };
    const page = { status: 404, body: '<h2>Our services are not available right now</h2>' };

    it('of the app itself, which names the part', async () => {
      run.health = [page, failing('storage')];
      expect(await run.deploy([run.template(frontDoor)])).toBe(2);
      expect(last()).toContain('It names the part that fails.');
      expect(last()).not.toContain('Front Door');
      expect(last()).toContain(`Ask it again before changing anything: ${run.appUrl}/health`);
    });

    it('of Front Door, which takes its time', async () => {
      run.health = [failing('storage'), page];
      expect(await run.deploy([run.template(frontDoor)])).toBe(2);
      expect(last()).toContain('That is not the answer of the app.');
      expect(last()).toContain('Front Door takes up to 45 minutes');
      expect(last()).toContain('CNAME 127.0.0.1 -> anteroom-x1.z01.azurefd.net');
      expect(last()).not.toContain('It names the part');
    });

    it('of the Functions host', async () => {
      run.health = [{ status: 503, body: 'Function host is not running.' }];
      expect(await run.deploy()).toBe(2);
      expect(last()).toContain('The Functions host could not start the app.');
      expect(last()).not.toMatch(/Front Door|DNS/);
    });

    it('of another site, to which the domain still leads and which says 200 to anything', async () => {
      run.health = [{ status: 200, body: '<p>Welcome</p>' }];
      expect(await run.deploy([run.template(frontDoor)])).toBe(2);
      expect(last()).toContain('CNAME 127.0.0.1 -> anteroom-x1.z01.azurefd.net');
    });

    it('of nobody: the name or the certificate', async () => {
      run.stopApp();
      const proof = { ...frontDoor, customDomainProof: 'proof-1' };
      expect(await run.deploy([run.template(proof)])).toBe(2);
      expect(last()).toMatch(/does not say ok: no answer: .*ECONNREFUSED/);
      expect(last()).toContain('Nobody answers at that name, or the certificate is not there yet.');
      expect(last()).toContain('TXT   _dnsauth.127.0.0.1 = proof-1');
      expect(last()).not.toContain('It names the part');
    });

    /** What a person reads at the end. */
    function last(): string {
      return run.said.slice(run.said.indexOf('\nDeployed, but not healthy yet'));
    }
  });

  describe('the DNS of an own domain', () => {
    const frontDoor = { frontDoorHostName: 'anteroom-x1.z01.azurefd.net' };

    it('is told of before health is waited for', async () => {
      const proof = { ...frontDoor, customDomainProof: 'proof-1' };
      expect(await run.deploy([run.template(proof)])).toBe(0);
      expect(run.said).toMatch(
        /CNAME 127\.0\.0\.1 -> anteroom-x1\.z01\.azurefd\.net\n *TXT   _dnsauth\.127\.0\.0\.1 = proof-1\n.*may take a while[^]*5\/5 Health/,
      );
    });

    it('needs no proof once it is approved', async () => {
      await run.deploy([run.template(frontDoor)]);
      expect(run.said).toContain('no TXT record: 127.0.0.1 is approved already');
      expect(run.said).not.toContain('_dnsauth');
    });

    it.each([
      ['the name is that of Front Door', { frontDoorHostName: '127.0.0.1' }],
      ['there is no Front Door', {}],
    ])('needs nothing where %s', async (_case, outputs) => {
      await run.deploy([run.template(outputs)]);
      expect(run.said).not.toMatch(/DNS|CNAME|TXT/);
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

/** As src/functions/health.ts says it. */
function failing(part: string): HealthAnswer {
  return { status: 503, body: `{"status":"failing","failing":["${part}"]}` };
}
