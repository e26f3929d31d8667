import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { spend } from '../loopback/control';
import { suffer } from '../loopback/outage';
import { readBody } from '../loopback/read-body';
import { replayBody } from '../loopback/replay-body';
import { respondJson } from '../loopback/respond';
import { shortenCode } from './authorization-codes';
import type { EntraErrorNumber } from './entra-error';
import type { EntraShape } from './entra-shape';
import type { EntraFaults } from './faults';
import { readOrder, type OrderedRefusal } from './ordered-refusal';
import { correlationIdOf, type Refusals } from './refusals';
import type { RegisteredClients } from './registered-clients';
import { knowsScopes, readScopes, sortScopes } from './resources';
import { verifyClientAssertion } from './verify-client-assertion';

interface TokenRequestParts {
  readonly faults: EntraFaults;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
  /** What `aud` of an assertion must be. */
  readonly tokenEndpoint: string;
}

type Exchange = readonly [request: IncomingMessage, response: ServerResponse, url: URL];

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * What comes before oidc-provider sees a token request: the faults that are ordered, and how the app
 * proves itself, as far as oidc-provider does not check it. oidc-provider knows one way for each app, Microsoft Entra
 * ID takes any that is registered.
 * @returns the request for oidc-provider; undefined when it was answered already
 */
export async function answerTokenRequest(
  parts: TokenRequestParts,
  ...exchange: Exchange
): Promise<IncomingMessage | undefined> {
  const [request, response, url] = exchange;
  if (await answerFault(parts, exchange)) return undefined;
  if (request.method !== 'POST') return request;
  const form = new URLSearchParams(await readBody(request));
  const refusal = (await judge(parts, request, form)) ?? judgeScopes(parts, form);
  if (form.has('code')) form.set('code', shortenCode(form.get('code') ?? ''));
  if (refusal === undefined) return replayBody(request, form.toString());
  refuse(parts, response, { code: refusal }, correlationIdOf(request.headers, url));
  return undefined;
}

/** Carries out the faults that are set for the token endpoint; true when one of them was the answer. */
async function answerFault(
  parts: TokenRequestParts,
  [request, response, url]: Exchange,
): Promise<boolean> {
  const { tokenDelayMs, tokenOutage, tokenError, tokenErrorClaims, tokenTimes } = parts.faults;
  const order = readOrder(tokenError.value);
  const isFaulty = tokenDelayMs.value > 0 || tokenOutage.value !== 'none' || order !== undefined;
  if (!isFaulty || !spend(tokenTimes)) return false;
  await delay(tokenDelayMs.value);
  if (suffer(tokenOutage.value, response)) return true;
  if (order === undefined) return false;
  const claims = tokenErrorClaims.value;
  const refusal = claims === '' ? order : { ...order, claims };
  refuse(parts, response, refusal, correlationIdOf(request.headers, url));
  return true;
}

/** Puts the app's secret in the place of an assertion that proves it. */
async function judge(
  { clients, tokenEndpoint }: TokenRequestParts,
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

/** A token is for one API, and Azure AD B2C's never for Microsoft Graph. */
function judgeScopes(
  { shape }: TokenRequestParts,
  form: URLSearchParams,
): EntraErrorNumber | undefined {
  const asked = sortScopes(readScopes(form.get('scope')));
  if (!knowsScopes(shape, asked)) return 70011;
  return asked.resources.length > 1 ? 28000 : undefined;
}

function refuse(
  { refusals }: TokenRequestParts,
  response: ServerResponse,
  refusal: OrderedRefusal,
  correlationId: string | undefined,
): void {
  const { status, headers, body } = refusals.atToken(refusal, correlationId);
  respondJson(response, status, body, headers);
}
