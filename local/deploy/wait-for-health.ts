import type { DeployContext } from './deploy-context';
import { patienceMs } from './deploy-context';
import { DeployError } from './deploy-error';

const stillMs = 60_000;

/**
 * Asks /health until it says ok.
 * @throws DeployError with the last answer
 */
export async function waitForHealth(context: DeployContext, url: string): Promise<void> {
  const { clock, report, pauses } = context;
  const minutes = Math.round(patienceMs / 60_000);
  report(
    `  asking ${url}/health for up to ${minutes} minutes: the app starts, and its roles on vault`,
  );
  report('  and table take up to ten to come into force');
  const started = clock.now();
  let spoke = started;
  let last = '';
  for (;;) {
    const answer = await ask(`${url}/health`, context.interrupt);
    if (answer.isOk) return;
    const waited = clock.now() - started;
    if (answer.text !== last || clock.now() - spoke >= stillMs) {
      report(`  ${answer.text} (${Math.round(waited / 1000)} s)`);
      spoke = clock.now();
    }
    last = answer.text;
    if (waited >= patienceMs) break;
    await clock.pause(Math.min(pauses.healthMs, patienceMs - waited));
  }
  throw new DeployError(
    `${url}/health does not say ok: ${last}`,
    [
      'It names the part that fails. Log: Application Insights in the portal, table AppTraces.',
      'Roles may come into force later still: ask it again before changing anything.',
    ],
    'ill',
  );
}

async function ask(
  url: string,
  interrupt: AbortSignal,
): Promise<{ readonly isOk: boolean; readonly text: string }> {
  try {
    const signal = AbortSignal.any([interrupt, AbortSignal.timeout(20_000)]);
    const response = await fetch(url, { signal, redirect: 'manual' });
    const body = (await response.text()).slice(0, 300).replaceAll(/\s+/g, ' ');
    return { isOk: response.status === 200, text: `${response.status} ${body}` };
  } catch (error) {
    return { isOk: false, text: error instanceof Error ? error.message : 'no answer' };
  }
}
