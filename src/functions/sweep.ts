import { app, type InvocationContext, type Timer } from '@azure/functions';
import { getServices } from '../anteroom';
import { sweepExpiredRows } from '../sessions/sweep';

/** Below the host's `functionTimeout`, so that the place is kept for the next run. */
const maxPages = 10;
const deadlineMs = 50_000;

/** Every quarter of an hour: removes rows that have expired, goes on where the last run stopped, logs counts. */
export async function sweep(_timer: Timer, context: InvocationContext): Promise<void> {
  const services = getServices();
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
}

app.timer('sweep', { schedule: '0 */15 * * * *', handler: sweep });
