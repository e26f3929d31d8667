import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';

/** Ends Azurite with its parent, also when that is killed and never gets to the teardown. */
const endWithParent = 'data:text/javascript,process.on("disconnect",()=>process.exit())';

/** The well-known account of the emulator, no secret. */
const account = 'devstoreaccount1';
const accountKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** jest's globalSetup: one Azurite, in memory, for all test files. Each makes a table of its own. */
export default async function startAzurite(): Promise<void> {
  // The free port could be taken by somebody else before Azurite has it.
  for (let tries = 3; ; tries -= 1) {
    const port = await freePort();
    const child = spawnAzurite(port);
    try {
      await untilStarted(child);
      leaveRunning(child, port);
      return;
    } catch (error) {
      child.kill();
      if (tries === 1) throw error;
    }
  }
}

function spawnAzurite(port: number): ChildProcess {
  const args = ['--inMemoryPersistence', '--disableTelemetry', '--silent', '--tablePort'];
  const entry = require.resolve('azurite/dist/src/table/main.js');
  return spawn(process.execPath, ['--import', endWithParent, entry, ...args, `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    cwd: tmpdir(),
  });
}

async function untilStarted(child: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes('successfully started')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`Azurite did not start:\n${output}`));
    });
  });
}

/** The jest process must be able to end while Azurite runs. */
function leaveRunning(child: ChildProcess, port: number): void {
  child.unref();
  child.channel?.unref();
  child.stdout?.destroy();
  process.env['TEST_AZURITE_PID'] = `${child.pid ?? ''}`;
  process.env['TEST_TABLES_CONNECTION_STRING'] =
    `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};` +
    `TableEndpoint=http://127.0.0.1:${port}/${account};`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}
