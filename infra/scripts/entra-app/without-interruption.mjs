const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Finishes `action` although somebody presses Ctrl-C: ended in the middle, it would leave a valid secret that nobody
 * has. The Azure CLI hears Ctrl-C all the same, and its deadline holds, so nobody waits long.
 * @template T
 * @param {() => T} action that does not wait for anything asynchronous
 * @returns {T}
 */
export function withoutInterruption(action) {
  const ignore = () => {};
  for (const signal of signals) process.on(signal, ignore);
  try {
    return action();
  } finally {
    for (const signal of signals) process.off(signal, ignore);
  }
}
