/** Ctrl-C, `kill`, and the end of the terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What both a process and its output are. */
interface Emitter {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/**
 * Listens for whatever asks this process to end, once; a second time it ends as if nobody listened.
 * @param output where nobody reads any more (`| head -1`) it fails, and that is the same
 * @returns what ends the listening to signals; a broken output stays harmless, since what is said last goes there too
 */
export function onInterrupt(
  listener: () => void,
  source: Emitter = process,
  output: Emitter = process.stdout,
): () => void {
  const ignore = (): void => {
    for (const signal of signals) source.off(signal, heard);
  };
  const heard = (): void => {
    ignore();
    listener();
  };
  for (const signal of signals) source.on(signal, heard);
  output.on('error', listener);
  return ignore;
}
