import type { HttpFunction } from './create-routes';
import type { TimerFunction } from './timers';

/** The list of functions and their URLs, as `func start` shows it. */
export function listFunctions(
  url: string,
  routes: readonly HttpFunction[],
  timers: readonly TimerFunction[],
): string {
  const lines = [
    ...routes.map((each) => `\t${each.name}: [${each.methods.join(',')}] ${url}/${each.route}`),
    ...timers.map((each) => `\t${each.name}: timerTrigger`),
  ];
  return lines.length === 0 ? 'No functions were found.' : `Functions:\n\n${lines.join('\n')}\n`;
}
