import type { TimerHandler } from '@azure/functions';
import type { FindServices } from '../http/context';
import { sweepExpiredRows } from '../sessions/sweep';

/** Every quarter of an hour. */
export const sweepSchedule = '0 */15 * * * *';

/** The default `functionTimeout` of the Consumption plan. On other plans it is 30 minutes. */
const maxRunSeconds = 300;

/** A run begins no page after this part of its time, so that it can save its position. */
const stopAt = 0.8;
/** After this part of its time a run ends even in the middle of a page. */
const endAt = 0.95;

/**
 * A timer that removes expired rows. A run works until no expired row is left or its time is used up, at most five minutes.
 * The next run continues where it stopped. Each run logs counts.
 * @param timeoutSeconds the app's `functionTimeout`. The host restarts the worker, with all its requests, when a function
 *   takes longer
 * @see https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
 */
export function createSweep(findServices: FindServices, timeoutSeconds: number): TimerHandler {
  const runMs = Math.min(timeoutSeconds, maxRunSeconds) * 1000;
  return async (_timer, context) => {
    const services = findServices();
    if ('faults' in services) {
      context.error('ERR_SETTINGS: nothing is swept while settings have faults');
      return;
    }
    const { pages, rows, isFinished } = await sweepExpiredRows(services.table, {
      now: services.clock(),
      stopSignal: AbortSignal.timeout(runMs * stopAt),
      signal: AbortSignal.timeout(runMs * endAt),
    });
    context.info(
      `swept ${rows} expired rows on ${pages} pages, ${isFinished ? 'to the end' : 'to be continued'}`,
    );
  };
}
