import { format } from 'node:util';
import { logCategory, type Log } from './log';

/**
 * Sends what the app writes to the console to the log. The real host puts all of it, `console.error`
 * too, at the level information, in a category of its own that `default: Warning` leaves out.
 */
export function captureConsole(log: Log): void {
  for (const name of ['debug', 'error', 'info', 'log', 'warn'] as const) {
    console[name] = (...args: unknown[]) => {
      log('information', logCategory.console, format(...args));
    };
  }
}
