import type { ServerResponse } from 'node:http';
import { spend } from '../loopback/control';
import type { EntraFaults } from './faults';
import { readOrder } from './ordered-refusal';
import type { Refusals } from './refusals';
import type { RegisteredClients } from './registered-clients';

/**
 * Sends the browser back with the refusal that is ordered for authorization requests.
 * @returns false when there is none, or no registered address to send it to
 */
export function answerSignInFault(
  parts: {
    readonly faults: EntraFaults;
    readonly clients: RegisteredClients;
    readonly refusals: Refusals;
  },
  response: ServerResponse,
  { searchParams }: URL,
): boolean {
  const refusal = readOrder(parts.faults.signInError.value);
  const redirectUri = searchParams.get('redirect_uri') ?? '';
  const client = parts.clients.find(searchParams.get('client_id'));
  const isRegistered = client?.redirectUris.includes(redirectUri) === true;
  if (refusal === undefined || !isRegistered || !spend(parts.faults.signInTimes)) return false;
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parts.refusals.atRedirect(refusal))) {
    url.searchParams.set(name, value);
  }
  const state = searchParams.get('state');
  if (state !== null) url.searchParams.set('state', state);
  response.writeHead(302, { Location: url.href, 'Cache-Control': 'no-store' }).end();
  return true;
}
