import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createThrowawayCertificate } from '../../../local/loopback/server';
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

  describe('without its parent', () => {
    const children: ChildProcess[] = [];
    afterAll(() => {
      for (const child of children) child.kill('SIGKILL');
    });

    function forkHost(app: string) {
      const child = fork(
        join(__dirname, '../../../local/dist/host.mjs'),
        ['--port', '0', '--script-root', join(__dirname, 'apps', app)],
        { silent: true },
      );
      children.push(child);
      return { child, exit: new Promise((resolve) => child.once('exit', resolve)) };
    }

    it('ends when that lets go of it', async () => {
      const { child, exit } = forkHost('rooted');
      await once(child, 'message');
      child.disconnect();
      expect(await exit).toBe(0);
    });

    it('ends when that has gone while the app was still loading', async () => {
      const { child, exit } = forkHost('late');
      let output = '';
      for await (const chunk of child.stdout ?? []) {
        output += String(chunk);
        if (output.includes('still loading')) break;
      }
      child.disconnect();
      child.stdout?.destroy();
      child.stderr?.destroy();
      expect(await exit).toBe(0);
    });

    it('ends when nobody reads its log any more, and does not tell that in the log', async () => {
      const { child, exit } = forkHost('rooted');
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      child.stdout?.destroy();
      child.stderr?.destroy();
      await send(port, '/').catch(() => undefined);
      expect(await exit).toBe(1);
    });
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

  it('tells what does not answer yet, by setting and address without secrets, and then that it does', async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const tables = `http://127.0.0.1:${port}`;
    const host = await startHost('rooted', {
      env: {
        TABLES_CONNECTION_STRING: `AccountName=a;AccountKey=c2VjcmV0;TableEndpoint=${tables}/a?sig=secret;`,
        GRAPH_BASE_URL: `${tables}/v1.0`,
        // This host keeps nothing in host storage, and nobody connects to an issuer or to a scope.
        AzureWebJobsStorage: 'UseDevelopmentStorage=true',
        ENTRA_ISSUER: 'http://127.0.0.1:1/',
        GRAPH_SCOPES: 'http://127.0.0.1:1/User.Read',
        API_AUDIENCE: 'http://127.0.0.1:1/',
      },
    });
    await host.saw('Nothing answers at');
    // What does not need them is served meanwhile.
    expect((await send(host.port, '/')).body.toString()).toBe('home');
    server.listen(port, '127.0.0.1');
    await host.saw('answers now');
    await host.stop();
    server.close();
    const lines = host
      .output()
      .split('\n')
      .filter((line) => line.includes('answers'));
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      `warning: Nothing answers at ${tables} (TABLES_CONNECTION_STRING, GRAPH_BASE_URL) yet. Until it does, requests that need it fail. Start it; the parts of the local stack: npm start -- --no-app`,
      `warning: ${tables} (TABLES_CONNECTION_STRING, GRAPH_BASE_URL) answers now.`,
    ]);
    expect(host.output()).not.toMatch(/c2VjcmV0|sig=/);
  });

  it.each(['HTTPS_PROXY', 'http_proxy'])(
    'asks only this machine where calls go through the proxy in %s',
    async (name) => {
      const host = await startHost('rooted', {
        env: {
          NODE_USE_ENV_PROXY: '1',
          [name]: 'http://127.0.0.1:1',
          TABLES_ENDPOINT: 'https://nowhere.invalid/',
          GRAPH_BASE_URL: 'http://127.0.0.1:1/v1.0',
        },
      });
      await host.saw('Nothing answers at http://127.0.0.1:1');
      await host.stop();
      expect(host.output()).not.toContain('nowhere.invalid');
    },
  );

  it.each([
    ['no proxy is named', { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: '', http_proxy: '' }],
    ['nothing says to use it', { HTTPS_PROXY: 'http://127.0.0.1:1' }],
    ['it is not to be used', { NODE_USE_ENV_PROXY: '0', http_proxy: 'http://127.0.0.1:1' }],
  ])('says of another machine what to look at, where %s', async (_, env) => {
    const host = await startHost('rooted', {
      env: { TABLES_ENDPOINT: 'https://nowhere.invalid/', ...env },
    });
    await host.saw('Check the address, the network and the firewall.');
    await host.stop();
    expect(host.output()).toContain('Nothing answers at https://nowhere.invalid (TABLES_ENDPOINT)');
  });
});
