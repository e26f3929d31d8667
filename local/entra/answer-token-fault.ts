import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { spend } from '../loopback/control';
import { suffer } from '../loopback/outage';
import { respondJson } from '../loopback/respond';
import { clientRequestIdOf } from './client-request-id';
import { tokenErrorOf } from './entra-error';
import type { EntraFaults } from './faults';

/** Lives the faults set for the token endpoint; true when that was the answer. */
export async function answerTokenFault(
  faults: EntraFaults,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  const { tokenDelayMs, tokenOutage, tokenError, tokenErrorClaims } = faults;
  const isFaulty =
    tokenDelayMs.value > 0 || tokenOutage.value !== 'none' || tokenError.value !== null;
  if (!isFaulty || !spend(faults.tokenTimes)) return false;
  await delay(tokenDelayMs.value);
  if (suffer(tokenOutage.value, response)) return true;
  if (tokenError.value === null) return false;
  const correlationId = clientRequestIdOf(request.headers, url);
  const { status, body } = tokenErrorOf(tokenError.value, {
    claims: tokenErrorClaims.value,
    ...(correlationId === undefined ? {} : { correlationId }),
  });
  respondJson(response, status, body);
  return true;
}
