import { join } from 'node:path';
import { type Azurite, startAzurite as start } from '../../local/tables/azurite';

/** The well-known account of the emulator, no secret. */
const account = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
};

const script = join(__dirname, '../../local/dist/azurite-process.mjs');

/**
 * jest's globalSetup: one Azurite, in memory, for all test files, that answers as the live service does. Each file makes
 * a table of its own. `dist` must be built.
 */
export default async function startAzurite(): Promise<void> {
  const { pid, connectionString, azuritePort } = await startOnFreePort();
  process.env['TEST_AZURITE_PID'] = `${pid ?? ''}`;
  process.env['TEST_AZURITE_PORT'] = `${azuritePort}`;
  process.env['TEST_TABLES_CONNECTION_STRING'] = connectionString;
}

/** The free port could be taken by somebody else before Azurite has it. */
async function startOnFreePort(): Promise<Azurite> {
  for (let tries = 3; ; tries -= 1) {
    try {
      return await start('table', { account, script, isLeftRunning: true });
    } catch (error) {
      if (tries === 1) throw error;
    }
  }
}
