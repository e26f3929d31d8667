import type { TimerHandler } from '@azure/functions';
import type { FindServices } from '../http/context';
import { sweepExpiredRows } from '../sessions/sweep';

/** Every quarter of an hour. */
export const sweepSchedule = '0 */15 * * * *';

/** The limits of one run. It must end before the host's `functionTimeout`, so that it can save its position. */
const maxPages = 10;
const deadlineMs = 50_000;

/** A timer that removes expired rows. Each run continues where the last one stopped, and logs counts. */
export function createSweep(findServices: FindServices): TimerHandler {
  return async (_timer, context) => {
    const services = findServices();
    if ('faults' in services) {
      context.error('ERR_SETTINGS: nothing is swept while settings have faults');
      return;
    }
    const { pages, rows, isFinished } = await sweepExpiredRows(services.table, {
      now: services.clock(),
      maxPages,
      signal: AbortSignal.timeout(deadlineMs),
    });
    context.info(
      `swept ${rows} expired rows on ${pages} pages, ${isFinished ? 'to the end' : 'to be continued'}`,
    );
  };
}
