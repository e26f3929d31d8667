import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalStack } from '../../src/testing/local-stack';

/** Says that it is ready, and ends when its parent lets go of it. It stands for the program of `anteroom-local`. */
const program = `
const facts = { url: '', authPath: '', entraUrl: '', graphUrl: '', ordersUrl: '', tablesUrl: '', accounts: [] };
process.send({ type: 'ready', ...facts });
process.on('disconnect', () => process.exit(0));`;

describe('startLocalStack', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'anteroom-local-stack-'));
    const installed = join(folder, 'node_modules/anteroom-local');
    mkdirSync(installed, { recursive: true });
    const bin = { 'anteroom-local': 'program.js' };
    writeFileSync(join(installed, 'package.json'), JSON.stringify({ bin }));
    writeFileSync(join(installed, 'program.js'), program);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is ended once, however often stop is called', async () => {
    const stack = await startLocalStack({ folder });
    await Promise.all([stack.stop(), stack.stop()]);
    await stack.stop();
  });

  it('refuses a folder that is not there, and names it', async () => {
    const missing = join(folder, 'missing');
    await expect(startLocalStack({ folder: missing })).rejects.toThrow(
      `There is no folder ${missing}`,
    );
  });
});
