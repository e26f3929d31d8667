import { isObject, readBounded } from '../../src/json';

/** Who answered: the app itself, somebody before it (Front Door, the Functions host), nobody. */
export type HealthSource = 'app' | 'other' | 'nobody';

/** One answer to GET /health. */
export interface HealthAnswer {
  readonly isOk: boolean;
  readonly from: HealthSource;
  /** Status and the beginning of the body, in one line; why there is none where nobody answered. */
  readonly text: string;
}

const deadlineMs = 20_000;
/** Ours has a hundred bytes; another site may send without end. */
const maxBytes = 64 * 1024;

/** @param interrupt ends the wait, as an answer of nobody */
export async function askHealth(url: string, interrupt: AbortSignal): Promise<HealthAnswer> {
  try {
    const signal = AbortSignal.any([interrupt, AbortSignal.timeout(deadlineMs)]);
    const response = await fetch(`${url}/health`, { signal, redirect: 'manual' });
    const body = await bodyOf(response);
    const said = statusIn(body);
    return {
      // An own domain may still lead to another site, which may answer 200 to anything.
      isOk: response.status === 200 && said === 'ok',
      from: said === undefined ? 'other' : 'app',
      text: `${response.status} ${body.slice(0, 300).replaceAll(/\s+/g, ' ')}`,
    };
  } catch (error) {
    return { isOk: false, from: 'nobody', text: reasonIn(error) };
  }
}

/** @returns the bound in words where it is longer: that is an answer, though of somebody else */
async function bodyOf(response: Response): Promise<string> {
  try {
    return Buffer.from(await readBounded(response, maxBytes)).toString();
  } catch (error) {
    if (error instanceof RangeError) return `(${error.message})`;
    throw error;
  }
}

/** What src/functions/health.ts says; `undefined` where it was not that. */
function statusIn(body: string): 'ok' | 'failing' | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const status = isObject(parsed) ? parsed['status'] : undefined;
    return status === 'ok' || status === 'failing' ? status : undefined;
  } catch {
    return undefined;
  }
}

/** `fetch failed` alone tells nobody whether it was the name or the certificate: its cause does. */
function reasonIn(error: unknown): string {
  const cause = isObject(error) ? error['cause'] : undefined;
  const texts = [cause, error].filter(isObject).flatMap(({ message, code }) => [message, code]);
  const reason = texts.find((text): text is string => typeof text === 'string' && text !== '');
  return `no answer: ${reason ?? 'no reason is known'}`;
}
