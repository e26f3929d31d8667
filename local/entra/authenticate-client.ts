import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../loopback/read-body';
import { replayBody } from '../loopback/replay-body';
import { respondJson } from '../loopback/respond';
import { clientRequestIdOf } from './client-request-id';
import { tokenErrorOf, type EntraErrorNumber } from './entra-error';
import type { RegisteredClients } from './registered-clients';
import { verifyClientAssertion } from './verify-client-assertion';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Checks how the app of a token request proves itself, as far as oidc-provider does not: it knows one
 * way for each app, Microsoft Entra ID takes any that is registered.
 * @returns the request for oidc-provider; undefined when it was refused, and answered
 */
export async function authenticateClient(
  clients: RegisteredClients,
  tokenEndpoint: string,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<IncomingMessage | undefined> {
  if (request.method !== 'POST') return request;
  const form = new URLSearchParams(await readBody(request));
  const refusal = await judge(clients, tokenEndpoint, request, form);
  if (refusal === undefined) return replayBody(request, form.toString());
  const correlationId = clientRequestIdOf(request.headers, url);
  const { status, body } = tokenErrorOf(refusal, {
    ...(correlationId === undefined ? {} : { correlationId }),
  });
  respondJson(response, status, body);
  return undefined;
}

/** Puts the app's secret in the place of an assertion that proves it. */
async function judge(
  clients: RegisteredClients,
  tokenEndpoint: string,
  request: IncomingMessage,
  form: URLSearchParams,
): Promise<EntraErrorNumber | undefined> {
  const assertion = form.get('client_assertion');
  if (assertion === null) {
    const isProven = form.has('client_secret') || request.headers.authorization !== undefined;
    return isProven ? undefined : 7000218;
  }
  const client = clients.find(form.get('client_id'));
  if (client === undefined) return 700016;
  if (form.get('client_assertion_type') !== assertionType) return 90014;
  const refusal = await verifyClientAssertion(assertion, client, tokenEndpoint);
  if (refusal !== undefined) return refusal;
  form.delete('client_assertion');
  form.delete('client_assertion_type');
  form.set('client_secret', client.secret);
  return undefined;
}
