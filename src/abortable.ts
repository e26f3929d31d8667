import type { ErrorCode } from './error-facts';
import { AppError } from './errors';

/**
 * Waits for work that other requests may wait for too: this request's deadline ends its own
 * waiting, not the work.
 * @throws `late` once `signal` is aborted, or what the work throws
 */
export async function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: ErrorCode,
): Promise<T> {
  // When nobody waits any longer, a late failure must not end the process.
  work.catch(() => undefined);
  const deadline = Promise.withResolvers<never>();
  const giveUp = (): void => {
    deadline.reject(new AppError(late, { note: 'the deadline of the request passed' }));
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
