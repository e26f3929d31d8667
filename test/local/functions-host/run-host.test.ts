import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createThrowawayCertificate } from '../../../local/https/create-throwaway-certificate';
import { send } from './support/send';
import { startHost } from './support/start-host';

describe('runHost', () => {
  it('takes settings from the environment over local.settings.json', async () => {
    const host = await startHost('usual', { env: { SHARED_SETTING: 'from the environment' } });
    const answer = await send(host.port, '/settings');
    await host.stop();
    expect(answer.json()).toEqual({ shared: 'from the environment', file: 'from the file' });
  });

  it('says so when the port is taken, and what to do', async () => {
    const first = await startHost('rooted');
    const second = await startHost('rooted', { args: ['--port', String(first.port)] });
    expect(second.message).toMatchObject({ type: 'failed', isPortTaken: true });
    expect(await second.exit).toBe(1);
    await first.stop();
    expect(second.output()).toBe(
      `Port ${first.port} is taken. Choose another one: npm run host -- --port ${first.port + 1}\n`,
    );
  });

  it('says so when the build is missing', async () => {
    const host = await startHost('unbuilt');
    expect(await host.exit).toBe(1);
    expect(host.output()).toMatch(/^There is no .*unbuilt\/dist\/main\.js\. .*npm run build\n$/);
  });

  it.each([
    ['--port', 'x'],
    ['--port', '70000'],
    ['--https-key', 'only-a-key'],
    ['--what', 'is-this'],
  ])('shows how it is used when it gets %s %s', async (...args) => {
    const host = await startHost('rooted', { args });
    expect(await host.exit).toBe(1);
    expect(host.output()).toContain('Usage: npm run host');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends by %s, after what still runs', async (signal) => {
    const host = await startHost('usual');
    const slow = send(host.port, '/slow');
    await send(host.port, '/settings');
    host.kill(signal);
    expect((await slow).body.toString()).toBe('done');
    expect(await host.exit).toBe(0);
  });

  it('ends when its parent lets go of it', async () => {
    const child = fork(
      join(__dirname, '../../../dist/local/host.mjs'),
      ['--port', '0', '--script-root', join(__dirname, 'apps/rooted')],
      { silent: true },
    );
    const exit = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.once('message', resolve));
    child.disconnect();
    expect(await exit).toBe(0);
  });

  it('serves https with a key and a certificate it is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'host-'));
    const { key, cert } = createThrowawayCertificate();
    writeFileSync(join(folder, 'key.pem'), key);
    writeFileSync(join(folder, 'cert.pem'), cert);
    const host = await startHost('usual', {
      args: ['--https-key', join(folder, 'key.pem'), '--https-cert', join(folder, 'cert.pem')],
    });
    const answer = await send(host.port, '/echo', { ca: cert, host: 'localhost' });
    await host.stop();
    rmSync(folder, { recursive: true });
    expect(answer.json()).toMatchObject({ url: `https://localhost:${host.port}/echo` });
  });
});
