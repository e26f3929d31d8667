// One service of Azurite (`table` or `blob`, the first argument), as a process that ends when the one
// that started it lets go of it, or is gone. By itself Azurite would stay behind when its parent is killed.

// What it keeps in a folder is for the owner of the folder only.
process.umask(0o077);

const [service] = process.argv.splice(2, 1);

// Rows that are kept are written as it closes, which takes a busy machine a while.
const isKept = process.argv.includes('--location');

const shutDown = (): void => {
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

export {};
