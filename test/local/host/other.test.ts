// Each `it` is a line of what was observed of the real host ("Other"), or of
// how `func start` differs from Azure.
import { join } from 'node:path';
import { send } from './support/send';
import { type HostProcess, startHost } from './support/start-host';

describe('other', () => {
  let host: HostProcess;

  beforeAll(async () => {
    host = await startHost('usual', { env: { 'AzureWebJobs.switchedOff.Disabled': 'true' } });
  });

  afterAll(async () => {
    await host.stop();
  });

  it('passes X-Forwarded-Proto and X-Forwarded-Host through: req.url is what the Host header says', async () => {
    const answer = await send(host.port, '/echo', {
      headers: [
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'evil.example'],
      ],
    });
    expect(answer.json()).toMatchObject({
      url: `http://127.0.0.1:${host.port}/echo`,
      headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
    });
  });

  it.each(['thrown', 'rejected'])(
    'tells of an error that is %s when nobody waits for it any more, and goes on',
    async (kind) => {
      expect((await send(host.port, `/later/${kind}`)).body.toString()).toBe('answered');
      await host.saw(`uncaught exception: Error: ${kind} after the answer`);
      expect(host.output()).toContain('In Azure the process ends here and a new one starts');
      expect((await send(host.port, '/folder')).status).toBe(200);
    },
  );

  it('runs the app in its own folder', async () => {
    const { body } = await send(host.port, '/folder');
    expect(body.toString()).toBe(join(__dirname, 'apps/usual'));
  });

  it('logs console.error at the level information', async () => {
    await send(host.port, '/logs');
    await host.saw('said by console.error');
    expect(host.output()).toMatch(/Z\] said by console\.error\n/);
  });

  it('lets req.user throw when x-ms-client-principal comes without the headers of an id: 500', async () => {
    const headers = [['x-ms-client-principal', 'e30=']] as const;
    expect((await send(host.port, '/respond/user', { headers })).status).toBe(500);
    await host.saw('failed. ');
    expect((await send(host.port, '/respond/user')).json()).toEqual({ user: null });
  });

  it('has HTTP and timers built in, and leaves out a function with another trigger', async () => {
    await host.saw('The app is ready');
    expect(host.output()).toContain(
      "'queued' function is in error: The binding type(s) 'queueTrigger'",
    );
    expect(host.output()).not.toContain('queued: ');
    expect(host.output()).toContain('tick: timerTrigger');
  });

  it('needs no extension bundle: one that is named is not fetched, and requests are answered', async () => {
    const other = await startHost('timeout');
    const answer = await send(other.port, '/quick');
    await other.stop();
    expect(answer.body.toString()).toBe('quick');
    expect(other.output()).toContain('The extension bundle of host.json is not fetched');
  });

  it('leaves out a function that AzureWebJobs.<name>.Disabled turns off', async () => {
    expect((await send(host.port, '/switched-off')).status).toBe(404);
    expect(host.output()).toContain('Function switchedOff is disabled');
  });

  it('answers 500, empty, when a function takes longer than functionTimeout', async () => {
    const other = await startHost('timeout');
    const answer = await send(other.port, '/forever');
    expect(answer.status).toBe(500);
    expect(answer.body).toHaveLength(0);
    await send(other.port, '/admin/functions/foreverTimer', {
      method: 'POST',
      headers: [['Content-Type', 'application/json']],
      body: '{}',
    });
    await other.saw('timer failed');
    await other.stop();
    expect(other.output()).toContain('Timeout value of 1 s (functionTimeout) was exceeded.');
  });
});
