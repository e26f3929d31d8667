import type { ServerResponse } from 'node:http';
import { spend } from '../loopback/control';
import type { EntraShape } from './entra-shape';
import type { EntraFaults } from './faults';
import { readOrder, type OrderedRefusal } from './ordered-refusal';
import { errorPage } from './pages/notice-pages';
import { pageHeaders } from './pages/page';
import { respond } from '../loopback/respond';
import type { Refusals } from './refusals';
import type { RegisteredClients } from './registered-clients';
import { knowsScopes, readScopes, sortScopes } from './resources';

interface Parts {
  readonly faults: EntraFaults;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
}

/**
 * What is wrong with an authorization request, as far as oidc-provider does not see it: its length, its scopes, and the
 * refusal that is ordered.
 * @returns true when it was answered
 */
export function refuseAuthorization(parts: Parts, response: ServerResponse, url: URL): boolean {
  const { faults, refusals } = parts;
  if (url.search.length - 1 > faults.longestQuery.value) {
    // On a page: an address that is too long is not read, so its redirect URI is not known.
    respond(response, 400, errorPage(refusals.text(90015)), pageHeaders([]));
    return true;
  }
  const redirectUri = url.searchParams.get('redirect_uri') ?? '';
  const client = parts.clients.find(url.searchParams.get('client_id'));
  if (client?.redirectUris.includes(redirectUri) !== true) return false;
  const refusal = orderedRefusal(faults) ?? refusalOfScopes(parts, url);
  if (refusal === undefined) return false;
  sendBack(refusals, response, { refusal, redirectUri, state: url.searchParams.get('state') });
  return true;
}

function orderedRefusal({ signInError, signInTimes }: EntraFaults): OrderedRefusal | undefined {
  const order = readOrder(signInError.value);
  return order !== undefined && spend(signInTimes) ? order : undefined;
}

function refusalOfScopes({ shape }: Parts, url: URL): OrderedRefusal | undefined {
  const asked = sortScopes(readScopes(url.searchParams.get('scope')));
  return knowsScopes(shape, asked) ? undefined : { code: 70011 };
}

function sendBack(
  refusals: Refusals,
  response: ServerResponse,
  options: {
    readonly refusal: OrderedRefusal;
    readonly redirectUri: string;
    readonly state: string | null;
  },
): void {
  const url = new URL(options.redirectUri);
  for (const [name, value] of Object.entries(refusals.atRedirect(options.refusal))) {
    url.searchParams.set(name, value);
  }
  if (options.state !== null) url.searchParams.set('state', options.state);
  response.writeHead(302, { Location: url.href, 'Cache-Control': 'no-store' }).end();
}
