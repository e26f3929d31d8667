/**
 * Work that may take only part of a request's time. The timer ends with the work: that of `AbortSignal.timeout` cannot
 * be taken back, and would keep each answered request in memory until its time is over.
 * @param signal the request's own deadline, which counts as well
 */
export async function withPatience<T>(
  signal: AbortSignal,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort(new DOMException('This part of the request took too long.', 'TimeoutError'));
  }, milliseconds);
  try {
    return await work(AbortSignal.any([signal, patience.signal]));
  } finally {
    clearTimeout(timer);
  }
}
