import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type ProtectedHeaderParameters,
} from 'jose';
import { spend, suffer } from '../loopback/control';
import { readBody, replayBody, respond, respondJson } from '../loopback/server';
import { readScopes, refusalOfScopes, sortScopes } from './scopes';
import { type EntraFaults, type OrderedRefusal, readOrder, registrationFaults } from './faults';
import type { EntraErrorNumber } from './error-numbers';
import { errorPage, pageHeaders } from './pages';
import { correlationIdOf, type Refusals } from './refusals';
import type { AppRegistration, ExposedApi, RegisteredClients } from './registrations';
import { type EntraShape, notForConsumers, refusalOfAudience, type Tenants } from './tenants';

interface Context {
  readonly faults: EntraFaults;
  readonly clients: RegisteredClients;
  readonly refusals: Refusals;
  readonly shape: EntraShape;
  readonly apis: readonly ExposedApi[];
  readonly tenants: Tenants;
}

/**
 * Refuses an authorization request for what oidc-provider does not check: its length and its scopes. Also gives the refusal
 * that is set.
 * @returns true when it was answered
 */
export function refuseAuthorization(
  standIn: Context,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): boolean {
  const { faults, refusals, tenants } = standIn;
  if (url.search.length - 1 > faults.longestQuery.value) {
    // On a page: a query that is too long is not read, so the redirect URI is not known.
    respond(response, 400, errorPage(refusals.text(90015)), pageHeaders([]));
    return true;
  }
  const wrong = registrationFaults[faults.registration.value];
  if ('onPage' in wrong) {
    respond(response, 400, errorPage(refusals.text(wrong.onPage)), pageHeaders([]));
    return true;
  }
  const redirectUri = url.searchParams.get('redirect_uri') ?? '';
  const client = standIn.clients.find(url.searchParams.get('client_id'));
  if (client?.redirectUris.includes(redirectUri) !== true) return false;
  const unfit = refusalOfAudience(tenants, tenants.of(request), client);
  if (unfit === 'consumers' || unfit === 700016) {
    // On a page: the tenant does not know the app, and so not its redirect URIs.
    const text = unfit === 'consumers' ? notForConsumers : refusals.text(unfit);
    respond(response, 400, errorPage(text), pageHeaders([]));
    return true;
  }
  const ofAudience = unfit === undefined ? undefined : { code: unfit };
  const refusal = orderedRefusal(faults) ?? ofAudience ?? unknownScopes(standIn, url);
  if (refusal === undefined) return false;
  sendBack(refusals, response, { refusal, redirectUri, state: url.searchParams.get('state') });
  return true;
}

function orderedRefusal({ signInError, signInTimes }: EntraFaults): OrderedRefusal | undefined {
  const order = readOrder(signInError.value);
  return order !== undefined && spend(signInTimes) ? order : undefined;
}

function unknownScopes(standIn: Context, url: URL): OrderedRefusal | undefined {
  const asked = sortScopes(readScopes(url.searchParams.get('scope')));
  const code = refusalOfScopes(standIn, asked);
  return code === undefined ? undefined : { code };
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

interface TokenRequestContext extends Context {
  /** What `aud` of an assertion must be. */
  readonly tokenEndpoint: string;
}

type HttpExchange = readonly [request: IncomingMessage, response: ServerResponse, url: URL];

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * What happens before oidc-provider gets a token request: the faults that are set, and the authentication of the app.
 * oidc-provider knows one way for each app; Microsoft Entra ID takes each way that is registered.
 * @returns the request for oidc-provider; undefined when it was answered already
 */
export async function answerTokenRequest(
  standIn: TokenRequestContext,
  ...http: HttpExchange
): Promise<IncomingMessage | undefined> {
  const [request, response, url] = http;
  if (await answerFault(standIn, http)) return undefined;
  if (request.method !== 'POST') return request;
  const form = new URLSearchParams(await readBody(request));
  const wrong = registrationFaults[standIn.faults.registration.value];
  const refusal =
    'atToken' in wrong
      ? wrong.atToken
      : ((await judge(standIn, request, form)) ?? judgeScopes(standIn, form));
  if (form.has('code')) form.set('code', shortenCode(form.get('code') ?? ''));
  if (refusal === undefined) {
    const replay = replayBody(request, form.toString());
    standIn.tenants.note(replay, standIn.tenants.of(request));
    return replay;
  }
  refuse(standIn, response, { code: refusal }, correlationIdOf(request.headers, url));
  return undefined;
}

/** Applies the faults of the token endpoint. True when one of them has answered. */
async function answerFault(
  standIn: TokenRequestContext,
  [request, response, url]: HttpExchange,
): Promise<boolean> {
  const { tokenDelayMs, tokenOutage, tokenError, tokenErrorClaims, tokenTimes } = standIn.faults;
  const order = readOrder(tokenError.value);
  const isFaulty = tokenDelayMs.value > 0 || tokenOutage.value !== 'none' || order !== undefined;
  if (!isFaulty || !spend(tokenTimes)) return false;
  await delay(tokenDelayMs.value);
  if (suffer(tokenOutage.value, response)) return true;
  if (order === undefined) return false;
  const claims = tokenErrorClaims.value;
  const refusal = claims === '' ? order : { ...order, claims };
  refuse(standIn, response, refusal, correlationIdOf(request.headers, url));
  return true;
}

/** Replaces an assertion that proves the app by the app's secret. */
async function judge(
  { clients, tokenEndpoint }: TokenRequestContext,
  request: IncomingMessage,
  form: URLSearchParams,
): Promise<EntraErrorNumber | undefined> {
  const assertion = form.get('client_assertion');
  const client = clients.find(form.get('client_id'));
  if (client?.isPublic === true) {
    return assertion === null && !form.has('client_secret') ? undefined : 700025;
  }
  if (assertion === null) {
    const isProven = form.has('client_secret') || request.headers.authorization !== undefined;
    return isProven ? undefined : 7000218;
  }
  if (client === undefined) return 700016;
  if (form.get('client_assertion_type') !== assertionType) return 90014;
  const refusal = await verifyClientAssertion(assertion, client, tokenEndpoint);
  if (refusal !== undefined) return refusal;
  form.delete('client_assertion');
  form.delete('client_assertion_type');
  form.set('client_secret', client.secret);
  return undefined;
}

/** A token is for one API. Azure AD B2C gives none for Microsoft Graph. */
function judgeScopes(
  standIn: TokenRequestContext,
  form: URLSearchParams,
): EntraErrorNumber | undefined {
  const asked = sortScopes(readScopes(form.get('scope')));
  return refusalOfScopes(standIn, asked) ?? (asked.resources.length > 1 ? 28000 : undefined);
}

function refuse(
  { refusals }: TokenRequestContext,
  response: ServerResponse,
  refusal: OrderedRefusal,
  correlationId: string | undefined,
): void {
  const { status, headers, body } = refusals.atToken(refusal, correlationId);
  respondJson(response, status, body, headers);
}

const skewSeconds = 300;

/**
 * Checks an assertion that an app sends instead of a secret: signed with a registered certificate, or a token of an issuer
 * that is registered as a federated credential.
 * @see RFC 7523 section 3, https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 * @param tokenEndpoint what `aud` of a certificate's assertion must be
 * @returns undefined when it proves the app, else the number of the refusal
 */
async function verifyClientAssertion(
  assertion: string,
  client: AppRegistration,
  tokenEndpoint: string,
): Promise<EntraErrorNumber | undefined> {
  const read = decode(assertion);
  if (read === undefined) return 50027;
  const { claims, header } = read;
  try {
    return claims.iss === client.id
      ? await verifyOwn(assertion, client, tokenEndpoint, claims, header)
      : await verifyFederated(assertion, client, claims);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 700024;
    if (error instanceof errors.JWTClaimValidationFailed) {
      return error.claim === 'aud' ? 700023 : 700024;
    }
    return 700027;
  }
}

async function verifyOwn(
  assertion: string,
  client: AppRegistration,
  tokenEndpoint: string,
  claims: JWTPayload,
  header: ProtectedHeaderParameters,
): Promise<EntraErrorNumber | undefined> {
  if (claims.sub !== client.id) return 700021;
  const thumbprint = header['x5t#S256'];
  const certificate = (client.certificates ?? [])
    .map((pem) => new X509Certificate(pem))
    .find((each) => thumbprintOf(each) === thumbprint);
  if (certificate === undefined) return 700027;
  await jwtVerify(assertion, certificate.publicKey, {
    algorithms: ['PS256', 'RS256'],
    audience: tokenEndpoint,
    clockTolerance: skewSeconds,
    requiredClaims: ['exp', 'nbf', 'jti'],
  });
  return undefined;
}

/** Compares issuer, subject and audience first, since their refusals say what to correct. */
async function verifyFederated(
  assertion: string,
  client: AppRegistration,
  claims: JWTPayload,
): Promise<EntraErrorNumber | undefined> {
  const ofIssuer = (client.federatedCredentials ?? []).filter(
    ({ issuer }) => issuer === claims.iss,
  );
  if (ofIssuer.length === 0) return 700211;
  const ofSubject = ofIssuer.filter(({ subject }) => subject === claims.sub);
  if (ofSubject.length === 0) return 700213;
  const found = ofSubject.find(({ audience }) => audience === claims.aud);
  if (found === undefined) return 700212;
  const keys: JWTVerifyGetKey = createLocalJWKSet({ keys: [...found.keys] });
  await jwtVerify(assertion, keys, {
    algorithms: ['RS256'],
    clockTolerance: skewSeconds,
    requiredClaims: ['exp'],
  });
  return undefined;
}

function decode(assertion: string) {
  try {
    return { claims: decodeJwt(assertion), header: decodeProtectedHeader(assertion) };
  } catch {
    return undefined;
  }
}

function thumbprintOf(certificate: X509Certificate): string {
  return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}

const ofOrganisation = '1.';
const ofPersonal = 'M.C557_SN1.2.U.';

/**
 * The code that the browser gets. Codes of Microsoft Entra ID have about 1,000 to 2,400 characters; those of guests and of
 * Azure AD B2C are longer. Those of personal accounts contain `!`, `*` and `$`.
 * @param length null: a usual length
 */
export function lengthenCode(code: string, length: number | null, isPersonal: boolean): string {
  const wanted = length ?? usualLength(code);
  const prefix = isPersonal ? ofPersonal : ofOrganisation;
  const padding = paddingOf(code, Math.max(0, wanted - code.length - prefix.length - 1));
  return `${prefix}${code}.${isPersonal ? withSigns(padding) : padding}`;
}

function withSigns(padding: string): string {
  return padding.replaceAll('A', '!').replaceAll('B', '*').replaceAll('C', '$');
}

/** Undoes `lengthenCode`. For any other text it gives a code that nobody has. */
function shortenCode(long: string): string {
  const [, prefix = '', code = '', padding = ''] =
    /^(1\.|M\.C557_SN1\.2\.U\.)([^.]+)\.(.*)$/.exec(long) ?? [];
  const expected = paddingOf(code, padding.length);
  const isWhole = padding === (prefix === ofPersonal ? withSigns(expected) : expected);
  return code !== '' && padding !== '' && isWhole ? code : '-';
}

function usualLength(code: string): number {
  return 1000 + (createHash('sha256').update(`length|${code}`).digest().readUInt16BE() % 1400);
}

function paddingOf(code: string, length: number): string {
  let padding = '';
  for (let part = 0; padding.length < length; part += 1) {
    padding += createHash('sha512').update(`${part}|${code}`).digest('base64url');
  }
  return padding.slice(0, length);
}
