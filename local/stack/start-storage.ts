import { tellStep, type StackListener } from './stack-listener';
import type { StackOptions } from './stack-options';
import type { StackSecrets } from './stack-secrets';
import { createTable, startAzurite } from './start-azurite';
import type { StackFacts } from './start-stack';

/** Starts Azurite's tables, unless there are some already, makes the app's table, and blobs if asked for. */
export async function startStorage(parts: {
  readonly options: StackOptions;
  readonly secrets: StackSecrets;
  /** Gets what was started, to be ended. */
  readonly running: { stop(): Promise<void> }[];
  readonly listener: StackListener;
}): Promise<Pick<StackFacts, 'tablesConnectionString' | 'tableName'>> {
  const { options, secrets, running, listener } = parts;
  const { blobs, dataDir, tableName = 'anteroom' } = options;
  const kept = dataDir === undefined ? {} : { dataDir };
  const place = dataDir === undefined ? 'Azurite, in memory' : 'Azurite';

  const startTables = async (): Promise<string> => {
    let connectionString = options.tablesConnectionString;
    if (connectionString === undefined) {
      const { account, tablesPort } = secrets;
      const port = tablesPort === 0 ? {} : { port: tablesPort };
      const azurite = await startAzurite('table', {
        account,
        ...port,
        ...kept,
        onDeath: () => listener.onDeath?.('Table Storage'),
      });
      running.push(azurite);
      ({ connectionString } = azurite);
    }
    await createTable(connectionString, tableName);
    return connectionString;
  };
  const startBlobs = async (): Promise<void> => {
    if (blobs !== undefined) {
      await tellStep(listener, `Blob storage for func (${place})`, async () => {
        running.push(await startAzurite('blob', { ...blobs, ...kept }));
      });
    }
  };
  const both = [tellStep(listener, `Table Storage (${place})`, startTables), startBlobs()] as const;
  await Promise.allSettled(both);
  const [tablesConnectionString] = await Promise.all(both);
  return { tablesConnectionString, tableName };
}
