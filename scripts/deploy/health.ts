import { isObject, parseJson, readBounded } from '../../src/bodies';
import { Stop } from './az.mjs';

/** Time, so that tests need none: milliseconds since some moment, and a pause that an interrupt ends. */
export interface Clock {
  now(): number;
  pause(milliseconds: number): Promise<unknown>;
}

/** How long is waited for what passes: new roles can take ten minutes to come into force. */
export const timeoutMs = 12 * 60_000;
const pauseMs = 15_000;
const deadlineMs = 20_000;
/** Ours has a hundred bytes; another site may send without end. */
const maxBytes = 64 * 1024;

/** One answer: from whom, and how it begins. */
type Answer = readonly [from: 'ok' | 'app' | 'other' | 'nobody', text: string];

/**
 * Asks /health until it says ok, for twelve minutes.
 * @throws Stop with exit code 2, the last answer, and what to do about it
 */
export async function waitForHealth(
  url: string,
  clock: Clock,
  interrupt: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  say(`  asking ${url}/health for up to ${timeoutMs / 60_000} minutes: roles take up to ten`);
  const started = clock.now();
  for (let last = ''; ; await clock.pause(pauseMs)) {
    const [from, text] = await askHealth(url, interrupt);
    interrupt.throwIfAborted();
    if (from === 'ok') return;
    const waited = clock.now() - started;
    if (text !== last) say(`  ${text} (${Math.round(waited / 1000)} s)`);
    last = text;
    if (waited >= timeoutMs) {
      throw new Stop(`Deployed, but /health does not say ok: ${text}\n${remedies[from]}`, 2);
    }
  }
}

const log = 'Log: Application Insights in the portal, table AppTraces.';
const remedies: Readonly<Record<Exclude<Answer[0], 'ok'>, string>> = {
  app: `It names the part that fails. ${log}`,
  other: `That is not the answer of the app: the Functions host could not start it, or another site has the name. ${log} Front Door takes up to 45 minutes until a new profile is everywhere, and answers 404 until then.`,
  nobody:
    'Nobody answers at that name, or its certificate is not there yet. Look at the DNS records; ask it again in some minutes, before changing anything.',
};

async function askHealth(url: string, interrupt: AbortSignal): Promise<Answer> {
  try {
    const signal = AbortSignal.any([interrupt, AbortSignal.timeout(deadlineMs)]);
    const response = await fetch(`${url}/health`, { signal, redirect: 'manual' });
    const body = Buffer.from(await readBounded(response, maxBytes)).toString();
    const parsed = parseJson(body);
    const said = isObject(parsed) ? parsed['status'] : undefined;
    const text = `${response.status} ${body.slice(0, 300).replaceAll(/\s+/g, ' ')}`;
    // Another site may answer 200 to anything.
    if (said === 'ok' && response.status === 200) return ['ok', text];
    return [said === 'ok' || said === 'failing' ? 'app' : 'other', text];
  } catch (error) {
    const from = error instanceof RangeError ? 'other' : 'nobody';
    // "fetch failed" alone tells nobody whether it was the name or the certificate: its cause does.
    const { cause, message } = isObject(error) ? error : {};
    const { code, message: why } = isObject(cause) ? cause : {};
    return [from, `no answer: ${String(why ?? code ?? message)}`];
  }
}
