import { AppError } from '../errors';

/**
 * Waits for work that other requests may wait for too: this request's deadline ends its own
 * waiting, not the work.
 * @throws ERR_PROVIDER_UNAVAILABLE once `signal` is aborted
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // When nobody waits any longer, a late failure must not end the process.
  work.catch(() => undefined);
  const deadline = Promise.withResolvers<never>();
  const giveUp = (): void => {
    deadline.reject(
      new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the deadline of the request passed' }),
    );
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
