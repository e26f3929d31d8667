import { askHealth } from './ask-health';
import { type DeployContext, patienceMs } from './deploy-context';
import { DeployError } from './deploy-error';
import type { TemplateOutputs } from './deploy-template';
import { healthRemedy } from './health-remedy';

const stillMs = 60_000;

/**
 * Asks /health until it says ok.
 * @throws DeployError with the last answer, and what to do about it
 */
export async function waitForHealth(
  context: DeployContext,
  outputs: TemplateOutputs,
): Promise<void> {
  const { clock, report, pauses } = context;
  const { url = '' } = outputs;
  const minutes = Math.round(patienceMs / 60_000);
  report(
    `  asking ${url}/health for up to ${minutes} minutes: the app starts, and its roles on vault`,
  );
  report('  and table take up to ten to come into force');
  const started = clock.now();
  let spoke = started;
  let last = '';
  for (;;) {
    const answer = await askHealth(url, context.interrupt);
    if (answer.isOk) return;
    // Otherwise it would be told as an answer of nobody.
    context.interrupt.throwIfAborted();
    const waited = clock.now() - started;
    if (answer.text !== last || clock.now() - spoke >= stillMs) {
      report(`  ${answer.text} (${Math.round(waited / 1000)} s)`);
      spoke = clock.now();
    }
    last = answer.text;
    if (waited >= patienceMs) {
      const message = `${url}/health does not say ok: ${last}`;
      throw new DeployError(message, healthRemedy(answer.from, outputs), 'ill');
    }
    await clock.pause(Math.min(pauses.healthMs, patienceMs - waited));
  }
}
