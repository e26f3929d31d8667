// One service of Azurite (`table` or `blob`, the first argument), as a process that ends when the one
// that started it lets go of it, or is gone. By itself Azurite would stay behind when its parent is killed.
// The layer that makes the tables answer as Table Storage does listens on the port that is the second argument.
import { startLiveTables } from './live-tables';

// What it keeps in a folder is for the owner of the folder only.
process.umask(0o077);

const [service, port] = process.argv.splice(2, 2);

/** Azurite's own option: where it listens. */
function azuritePort(): number {
  return Number(process.argv[process.argv.indexOf('--tablePort') + 1]);
}

// First, so that it listens when Azurite says that it has started.
const live =
  service === 'table'
    ? await startLiveTables({ port: Number(port), azuritePort: azuritePort() })
    : undefined;

// With --location rows are written at the end, which takes time on a busy machine.
const isKept = process.argv.includes('--location');

const shutDown = (): void => {
  void live?.stop();
  // What Azurite listens for: it writes its data and closes.
  process.emit('message', 'shutdown', undefined);
  setTimeout(() => process.exit(), isKept ? 10_000 : 500).unref();
};
process.once('disconnect', shutDown);

if (service === 'blob') {
  // @ts-expect-error -- Azurite publishes no types; importing its entry starts it
  await import('azurite/dist/src/blob/main.js');
} else {
  // @ts-expect-error -- as above
  await import('azurite/dist/src/table/main.js');
}
