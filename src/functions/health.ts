import type { HttpResponseInit } from '@azure/functions';
import { AppError, type ProviderRefusal } from '../errors';
import type { Handler, RequestContext, Services } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { eventOfError } from '../http/error-log';
import { json, withHeader } from '../http/responses';

const keptSeconds = 10;
const timeoutMs = 4_000;

type Part = 'settings' | 'storage' | 'keys' | 'provider' | 'clock' | 'credential';
type Check = (services: Services, signal: AbortSignal) => Promise<unknown>;

const checks: readonly (readonly [Part, Check])[] = [
  ['storage', ({ table }, signal) => table.check(signal)],
  ['keys', ({ keyRing }, signal) => keyRing.current(signal)],
  ['provider', ({ relyingParty }, signal) => relyingParty.provider.metadata(signal)],
  ['clock', ({ relyingParty }, signal) => relyingParty.provider.checkClock(signal)],
  // The answers to people's sign-ins show it. A request of our own would not show more.
  ['credential', ({ relyingParty }) => failOn(relyingParty.credential.lastRefusal())],
];

/**
 * GET health: `ok`, or 503 with the names of the failing parts. The log says why they fail. An instance checks them at most
 * once in ten seconds.
 */
export function createHealth(): Handler {
  let last: { readonly at: number; readonly failing: Promise<readonly Part[]> } | undefined;
  return async ({ services, now, tell }) => {
    if (last === undefined || isOver(last.at, now)) {
      last = { at: now, failing: failingParts(services, tell) };
    }
    return answerHealth(await last.failing);
  };
}

/** A clock that is set right may go back. The last answer must not stay until the clock is there again. */
function isOver(at: number, now: number): boolean {
  return now < at || now >= at + keptSeconds;
}

async function failingParts(
  services: Services,
  tell: RequestContext['tell'],
): Promise<readonly Part[]> {
  // The signal of one request must not end this, because other requests wait for the same result.
  const signal = AbortSignal.timeout(timeoutMs);
  const results = await Promise.all(
    checks.map(async ([part, check]) => {
      try {
        await check(services, signal);
        return [];
      } catch (error) {
        tell({ ...eventOfError(error), event: 'health failing', outcome: 'failed', what: part });
        return [part];
      }
    }),
  );
  return results.flat();
}

function failOn(refusal: ProviderRefusal | undefined): Promise<void> {
  if (refusal === undefined) return Promise.resolve();
  return Promise.reject(new AppError('ERR_PROVIDER_REFUSED', { refusal }));
}

function answerHealth(failing: readonly Part[]): HttpResponseInit {
  return failing.length === 0
    ? json({ status: 'ok' })
    : withHeader(json({ status: 'failing', failing }, 503), 'Retry-After', `${keptSeconds}`);
}

/** Each Anteroom needs its own, because it keeps its last result. */
export const createHealthFunction = (): HttpFunction => ({
  name: 'health',
  route: 'health',
  get: createHealth(),
  answerFaults: ({ tellFaults }, _request, invocation) => {
    tellFaults(invocation);
    return answerHealth(['settings']);
  },
});
