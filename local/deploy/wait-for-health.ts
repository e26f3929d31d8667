import { DeployError } from './deploy-error';

const tries = 20;

/**
 * Asks /health until it says ok.
 * @throws DeployError with the last answer
 */
export async function waitForHealth(
  url: string,
  report: (line: string) => void,
  pauseMs: number,
): Promise<void> {
  let last = '';
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const answer = await ask(`${url}/health`);
    if (answer.isOk) return;
    if (answer.text !== last) report(`  ${answer.text}`);
    last = answer.text;
    if (attempt < tries) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new DeployError(`${url}/health does not say ok: ${last}`, [
    'It names the part that fails. Log: Application Insights in the portal, table AppTraces.',
    'Vault and table roles can take ten minutes to take effect: ask again before changing anything.',
  ]);
}

async function ask(url: string): Promise<{ readonly isOk: boolean; readonly text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000), redirect: 'manual' });
    const body = (await response.text()).slice(0, 300).replaceAll(/\s+/g, ' ');
    return { isOk: response.status === 200, text: `${response.status} ${body}` };
  } catch (error) {
    return { isOk: false, text: error instanceof Error ? error.message : 'no answer' };
  }
}
