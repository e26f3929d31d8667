// Runs one service of Azurite (first argument: `table` or `blob`) until the parent disconnects or ends. Azurite alone
// would go on running after its parent was killed. The second argument is the port of the proxy that makes the tables
// answer as Table Storage does.
import { startLiveTables } from './live-tables';

// Only the owner may read the files of `--location`.
process.umask(0o077);

const [service, port] = process.argv.splice(2, 2);

/** The port of Azurite itself. */
function azuritePort(): number {
  return Number(process.argv[process.argv.indexOf('--tablePort') + 1]);
}

// Before Azurite: the proxy must listen when Azurite says that it has started.
const live =
  service === 'table'
    ? await startLiveTables({ port: Number(port), azuritePort: azuritePort() })
    : undefined;

// With --location, Azurite writes the rows when it ends. That takes time on a busy machine.
const isKept = process.argv.includes('--location');

const shutDown = (): void => {
  void live?.stop();
  // On this message Azurite writes its data and closes.
  process.emit('message', 'shutdown', undefined);
  setTimeout(() => process.exit(), isKept ? 10_000 : 500).unref();
};
process.once('disconnect', shutDown);
// The parent may have gone while the proxy was starting.
if (!process.connected) shutDown();

if (service === 'blob') {
  // @ts-expect-error -- Azurite publishes no types; importing its entry starts it
  await import('azurite/dist/src/blob/main.js');
} else {
  // @ts-expect-error -- as above
  await import('azurite/dist/src/table/main.js');
}
