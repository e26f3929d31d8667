import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { freePort } from '../../../local/loopback/processes';
import type { StackMessage } from '../../../local/stack/stack-process';
import { readSettings } from '../../../src/settings';
import { startStack, type TestStack } from '../../support/start-stack';
import { send, sendRaw } from '../host/support/send';

const scriptRoot = join(__dirname, 'app');

/** For stacks whose own tables no test looks at: an Azurite more costs half of a stack. */
const { TEST_TABLES_CONNECTION_STRING: tablesConnectionString = '' } = process.env;

async function settingsOf(port: number, ca?: string): Promise<Record<string, string>> {
  const answer = await send(port, '/settings', ca === undefined ? {} : { ca });
  return answer.json() as Record<string, string>;
}

describe('startStack with preferred ports', () => {
  it('puts the stand-ins there where they are free, and elsewhere where not; the provider stays', async () => {
    const preferredPorts = { entra: await freePort(), graph: await freePort() };
    const folder = mkdtempSync(join(tmpdir(), 'ports-'));
    const options = { scriptRoot, apps: 0, preferredPorts, tablesConnectionString };
    const first = await startStack({ ...options, dataDir: folder });
    const second = await startStack(options);
    await Promise.all([first.stop(), second.stop()]);
    const third = await startStack({ ...options, dataDir: folder });
    await third.stop();
    rmSync(folder, { recursive: true });
    const portsOf = ({ facts }: TestStack) => ({
      entra: Number(new URL(facts.entraUrl).port),
      graph: Number(new URL(facts.graphUrl).port),
    });
    expect(portsOf(first)).toEqual(preferredPorts);
    expect(portsOf(third)).toEqual(preferredPorts);
    expect(portsOf(second).entra).not.toBe(preferredPorts.entra);
    expect(portsOf(second).graph).not.toBe(preferredPorts.graph);
  });
});

describe('startStack', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await startStack({ scriptRoot, appEnv: { ADMIN_ROLE: 'boss' } });
  });

  afterAll(async () => {
    await stack.stop();
  });

  it('gives the app settings without a fault', async () => {
    const settings = await settingsOf(stack.apps[0]?.port ?? 0);
    expect(readSettings(settings)).toMatchObject({
      settings: {
        baseUrl: stack.apps[0]?.url,
        tenantId: stack.facts.tenantId,
        clientId: stack.facts.client.id,
        authority: stack.facts.authority,
        graphBaseUrl: stack.facts.graphBaseUrl,
        tableName: 'anteroom',
        adminRole: 'boss',
      },
    });
  });

  it('gives the host what the template gives it: no page of its own at /, bodies up to 2 MiB', async () => {
    const port = stack.apps[0]?.port ?? 0;
    expect((await send(port, '/', { method: 'PUT' })).status).toBe(204);
    const head = (bytes: number) =>
      `POST /say HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`;
    expect(await sendRaw(port, head(2_097_153))).toMatch(/^HTTP\/1\.1 500 /);
    expect(await sendRaw(port, head(2_097_152) + 'x'.repeat(2_097_152))).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });

  it('puts the app on localhost and the provider on 127.0.0.1: two sites', () => {
    expect(new URL(stack.apps[0]?.url ?? '').hostname).toBe('localhost');
    expect(new URL(stack.facts.entraUrl).hostname).toBe('127.0.0.1');
  });

  it('serves the metadata of the provider the app is told of', async () => {
    const { authority } = stack.facts;
    const { port, pathname } = new URL(authority);
    const answer = await send(Number(port), `${pathname}/.well-known/openid-configuration`);
    expect(answer.json()).toMatchObject({ issuer: authority });
  });

  it('creates the table', async () => {
    const client = TableClient.fromConnectionString(
      stack.facts.tablesConnectionString,
      'anteroom',
      { allowInsecureConnection: true },
    );
    await client.createEntity({ partitionKey: 'p', rowKey: 'r' });
    await expect(client.getEntity('p', 'r')).resolves.toMatchObject({ rowKey: 'r' });
  });

  it('tells what an app has logged', async () => {
    const [app] = stack.apps;
    if (app === undefined) throw new Error('no app');
    await send(app.port, '/say');
    expect(await stack.output(app)).toContain('something to be found');
  });

  it('starts one more instance with settings of its own, and ends it', async () => {
    const env = {
      APP_BASE_URL: stack.apps[0]?.url ?? '',
      GRAPH_BASE_URL: 'http://127.0.0.1:9/v1.0',
    };
    const second = await stack.startApp({ env });
    expect(await settingsOf(second.port)).toMatchObject({
      ...env,
      TABLES_CONNECTION_STRING: stack.facts.tablesConnectionString,
      KEY_RING_SECRET: stack.facts.keyRingSecret,
    });
    await stack.stopApp(second);
    await expect(send(second.port, '/settings')).rejects.toThrow('ECONNREFUSED');
  });

  it('serves an app over https with a certificate that a client can be given', async () => {
    const app = await stack.startApp({ https: true });
    expect(await settingsOf(app.port, app.certificate)).toMatchObject({
      APP_BASE_URL: `https://localhost:${app.port}`,
    });
  });

  it('uses tables that are there already, under a table of its own', async () => {
    const { tablesConnectionString } = stack.facts;
    const other = await startStack({ apps: 0, tablesConnectionString, tableName: 'another' });
    try {
      expect(other.facts).toMatchObject({ tablesConnectionString, tableName: 'another' });
      const client = TableClient.fromConnectionString(tablesConnectionString, 'another', {
        allowInsecureConnection: true,
      });
      await client.createEntity({ partitionKey: 'p', rowKey: 'r' });
    } finally {
      await other.stop();
    }
  });

  it('fails when the app cannot be loaded, and leaves nothing behind', async () => {
    const broken = join(__dirname, '../host/apps/broken');
    await expect(startStack({ scriptRoot: broken, tablesConnectionString })).rejects.toThrow(
      'this file breaks',
    );
  });
});

describe('stop', () => {
  it('ends the apps, the provider, Graph and the tables', async () => {
    const stack = await startStack({ scriptRoot });
    await stack.stop();
    const ports = [
      stack.apps[0]?.port,
      new URL(stack.facts.entraUrl).port,
      new URL(stack.facts.graphUrl).port,
      /TableEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(stack.facts.tablesConnectionString)?.[1],
    ].map(Number);
    for (const port of ports) {
      await expect(send(port, '/')).rejects.toThrow('ECONNREFUSED');
    }
  });
});

describe('a stack process', () => {
  it.each([
    ['killed', (child: ChildProcess) => child.kill('SIGKILL')],
    [
      'left by its parent',
      (child: ChildProcess) => {
        child.disconnect();
      },
    ],
  ])('leaves no process behind when it is %s', async (_, end) => {
    const child = fork(
      join(__dirname, '../../../local/dist/stack-process.mjs'),
      [JSON.stringify({ scriptRoot })],
      { silent: true },
    );
    const exit = new Promise((resolve) => child.once('exit', resolve));
    const ready = await new Promise<StackMessage>((resolve) => {
      child.once('message', (message) => {
        resolve(message as StackMessage);
      });
    });
    if (ready.type !== 'ready') throw new Error('The stack did not start.');
    end(child);
    await exit;
    const tables = /TableEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(
      ready.facts.tablesConnectionString,
    )?.[1];
    for (const port of [ready.apps[0]?.port, Number(tables)]) {
      await isClosed(port ?? 0);
    }
  });
});

// Polls: how soon a process notices its parent's end is the system's business.
async function isClosed(port: number): Promise<void> {
  for (;;) {
    const isOpen = await send(port, '/').then(
      () => true,
      () => false,
    );
    if (!isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
