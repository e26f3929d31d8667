import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import type {
  ConfidentialClientApplication,
  INetworkModule,
  NetworkRequestOptions,
  NetworkResponse,
  NodeAuthOptions,
} from '@azure/msal-node';
import { SignJWT } from 'jose';
import * as v from 'valibot';
import { fetchWhole, isObject, parseJson } from '../bodies';
import { AppError, type ProviderRefusal } from '../errors';
import type { EventLog } from '../events';
import type { Settings } from '../settings';
import {
  AskedToWaitError,
  type Clock,
  noLog,
  once,
  type OutgoingLog,
  type PauseMemory,
  readRetryAfter,
} from '../waiting';
import type { Provider } from './provider';
import { meaningOf } from './refusal-table';
import { readTokenRefusal, type TokenAnswer, type TokenRefusal } from './refusals';
import { endpointOfTenant } from './tenants';

/** The settings that sign-in needs. */
export type RelyingPartySettings = Pick<
  Settings,
  | 'baseUrl'
  | 'tenantId'
  | 'allowedTenants'
  | 'adminRole'
  | 'adminTenantId'
  | 'clientId'
  | 'authority'
  | 'issuer'
  | 'policies'
  | 'credential'
  | 'graphScopes'
>;

/** This app as the provider knows it, and what one instance has learned of the provider. */
export interface RelyingParty {
  readonly settings: RelyingPartySettings;
  /** As it is registered: absolute. */
  readonly redirectUri: string;
  readonly provider: Provider;
  readonly credential: CredentialState;
  /** Scopes of declared APIs for which each sign-in asks consent, besides `GRAPH_SCOPES`. */
  readonly consentScopes?: readonly string[];
  /** Requests for which the token endpoint named a time to wait. They are not sent again before. */
  readonly tokenPauses: PauseMemory;
  readonly events?: Pick<EventLog, 'tell'> & OutgoingLog;
  /**
   * Gives a JWT by which the app proves itself (RFC 7523 section 2.2); called when a token is asked for. Needed with the
   * credential `managed-identity` only.
   */
  readonly clientAssertion?: (signal: AbortSignal) => Promise<string>;
}

/**
 * More tries would make a busy token endpoint busier (RFC 6585 section 4).
 * @param question what is asked for, and for whom
 * @throws ERR_PROVIDER_UNAVAILABLE while the token endpoint has asked to wait before this question
 */
export function requireNoPause({ tokenPauses }: RelyingParty, question: string, now: number): void {
  const left = tokenPauses.left(question, now);
  if (left === 0) return;
  const note = 'the token endpoint asked to wait before the next question';
  throw new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', left, { note });
}

/**
 * Loads MSAL when it is first needed. It is a third of what an instance would load at its start, and most requests need no
 * token.
 */
export const loadMsal = once(() => import('@azure/msal-node'));

/** MSAL for one request. It holds that user's tokens, so it is never shared and never kept. */
interface MsalClient {
  readonly msal: ConfidentialClientApplication;
  /** What the token endpoint said last. */
  readonly answer: () => TokenAnswer;
}

/**
 * An MSAL client that knows the provider's metadata and so asks for none.
 * @param tenantId the tenant whose tokens are wanted, if it is known. It counts only if several tenants sign in
 * @throws ERR_PROVIDER_UNAVAILABLE or ERR_PROVIDER_MISMATCH when there is no metadata to give it
 */
export async function createMsalClient(
  parts: RelyingParty,
  signal: AbortSignal,
  tenantId?: string,
): Promise<MsalClient> {
  const { settings, provider, credential } = parts;
  const stated = await provider.metadata(signal);
  const library = await loadMsal();
  const tokenEndpoint = endpointOfTenant(stated.tokenEndpoint, tenantId);
  const listeners = { credential, time: provider.time, log: parts.events };
  const networkClient = createTokenNetworkClient(tokenEndpoint, listeners, signal);
  // MSAL takes https authorities only, and needs this one only for names in its cache. Every address that it uses comes
  // from the metadata, whose endpoints may be http on loopback. For a token of the app itself, MSAL refuses the authorities
  // `organizations` and `common`.
  const authority = endpointOfTenant(settings.authority, tenantId).replace(/^http:/, 'https:');
  const msal = new library.ConfidentialClientApplication({
    auth: {
      clientId: settings.clientId,
      authority,
      // Without it MSAL would send a request for instance discovery.
      knownAuthorities: [new URL(authority).host],
      authorityMetadata: JSON.stringify({
        issuer: stated.issuer,
        authorization_endpoint: stated.authorizationEndpoint,
        token_endpoint: tokenEndpoint,
        jwks_uri: stated.keysUri,
        end_session_endpoint: stated.endSessionEndpoint,
      }),
      // Tells Entra ID and Graph that we handle claims challenges (continuous access evaluation).
      clientCapabilities: ['cp1'],
      ...clientCredential(parts, tokenEndpoint, signal),
    },
    system: {
      networkClient,
      // The mode `AAD` would replace parts of the endpoints' paths if the authority's path has only one part.
      protocolMode: library.ProtocolMode.OIDC,
      loggerOptions: {
        loggerCallback: () => undefined,
        piiLoggingEnabled: false,
        logLevel: library.LogLevel.Error,
      },
    },
  });
  return { msal, answer: networkClient.answer };
}

function clientCredential(
  parts: RelyingParty,
  tokenEndpoint: string,
  signal: AbortSignal,
): Pick<NodeAuthOptions, 'clientSecret' | 'clientAssertion'> {
  const { clientId, credential } = parts.settings;
  switch (credential.kind) {
    case 'secret':
      return { clientSecret: credential.secret };
    case 'certificate':
      return { clientAssertion: () => signAssertion(clientId, tokenEndpoint, credential) };
    case 'managed-identity':
      return {
        clientAssertion: () => {
          if (parts.clientAssertion !== undefined) return parts.clientAssertion(signal);
          const note = 'no client assertion was given for the managed identity';
          return Promise.reject(new AppError('ERR_INTERNAL', { note }));
        },
      };
  }
}

/**
 * A JWT by which the app proves that it has the certificate. MSAL could sign it too, with a library of its own that is as
 * long as all of jose.
 * @throws ERR_PROVIDER_MISMATCH
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
async function signAssertion(
  clientId: string,
  tokenEndpoint: string,
  { privateKeyPem, certificatePem }: Extract<Settings['credential'], { kind: 'certificate' }>,
): Promise<string> {
  try {
    const { raw } = new X509Certificate(certificatePem);
    const thumbprint = createHash('sha256').update(raw).digest('base64url');
    return await new SignJWT()
      .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(tokenEndpoint)
      .setJti(randomUUID())
      .setIssuedAt()
      .setNotBefore('0 seconds')
      // As long as MSAL's own assertion.
      .setExpirationTime('10 minutes')
      .sign(createPrivateKey(privateKeyPem));
  } catch {
    // No cause: it may quote the key.
    const note = 'ENTRA_CLIENT_CERTIFICATE holds no key and certificate that can be used';
    throw new AppError('ERR_PROVIDER_MISMATCH', { note });
  }
}

/** MSAL's way to the network, for one request of ours. */
type TokenNetworkClient = INetworkModule & Pick<MsalClient, 'answer'>;

interface TokenListeners extends Pick<RelyingParty, 'credential'>, Pick<Provider, 'time'> {
  readonly log: OutgoingLog | undefined;
}

const maxBytes = 512 * 1024;

/**
 * Lets MSAL post to the token endpoint and nowhere else, until `signal` aborts. MSAL has the metadata already, so it has no
 * reason for a GET.
 */
function createTokenNetworkClient(
  tokenEndpoint: string,
  { credential, time, log = noLog }: TokenListeners,
  signal: AbortSignal,
): TokenNetworkClient {
  let answer: TokenAnswer = { kind: 'not-asked' };

  async function post<T>(
    url: string,
    options: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<T>> {
    try {
      requireSameEndpoint(url, tokenEndpoint);
      const request = { ...options, headers: { ...options.headers, ...log.traceHeaders() } };
      const { response, body } = await log.measure('provider', () => send(url, request, signal));
      time.note(response.headers);
      const refused = response.ok ? undefined : readTokenRefusal(body);
      // MSAL takes an answer without `error` for a success, so it must not see a strange failure.
      if (!response.ok && refused === undefined) throw unavailable(response);
      const read = refused === undefined ? readGrant(body) : body;
      const waitSeconds = readRetryAfter(response.headers);
      answer =
        refused === undefined ? { kind: 'granted' } : { kind: 'refused', refused, waitSeconds };
      noteCredential(credential, refused);
      const { status } = response;
      // MSAL's interface lets its caller choose the type; it checks the members it reads itself.
      return { headers: Object.fromEntries(response.headers), status, body: read as T };
    } catch (cause) {
      const error = failureOf(cause);
      answer = { kind: 'unavailable', error };
      throw error;
    }
  }

  return {
    answer: () => answer,
    sendPostRequestAsync: post,
    sendGetRequestAsync: () =>
      Promise.reject(new AppError('ERR_INTERNAL', { note: 'MSAL tried to send a GET request' })),
  };
}

const token = v.nullish(v.pipe(v.string(), v.regex(/^[ -~]*$/)));
const text = v.nullish(v.string());
const seconds = v.pipe(v.nullish(v.union([v.number(), v.string()])), v.transform(lifeOf));
const tokens = { access_token: token, refresh_token: token, id_token: token };
const about = { token_type: text, scope: text, client_info: text, expires_in: seconds };
const grant = v.looseObject({ ...tokens, ...about });

/** Those of Entra ID live for 28 hours at most. An absurd number must not keep one for ever. */
const maxTokenSeconds = 172_800;

/** Seconds; the v1.0 endpoints of Entra ID have a text. With 0 a token is used once and not kept. */
function lifeOf(stated: number | string | null | undefined): number {
  const life = typeof stated === 'string' && /^\d{1,9}$/.test(stated) ? Number(stated) : stated;
  return typeof life === 'number' && life > 0 ? Math.min(Math.floor(life), maxTokenSeconds) : 0;
}

/**
 * MSAL would keep a list or an object as a token, and send it as text.
 * @see RFC 6749 section 5.1 and appendix A
 */
function readGrant(body: unknown): object {
  const { success, output, issues } = v.safeParse(grant, body);
  if (success) return output;
  const note = `the token answer cannot be read (${v.getDotPath(issues[0]) ?? 'form'})`;
  throw new AppError('ERR_ID_TOKEN', { note });
}

function noteCredential(credential: CredentialState, refused: TokenRefusal | undefined): void {
  if (refused === undefined) credential.accepted();
  else if (meaningOf(refused.refusal).kind === 'app') credential.refused(refused.refusal);
}

function failureOf(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  // A new try would get the same answer.
  if (cause instanceof RangeError) return new AppError('ERR_TOKEN_SIZE', { note: cause.message });
  return new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'no answer to a token request', cause });
}

function requireSameEndpoint(url: string, tokenEndpoint: string): void {
  // MSAL appends a query of its own.
  const [asked, known] = [new URL(url), new URL(tokenEndpoint)];
  if (asked.origin !== known.origin || asked.pathname !== known.pathname) {
    throw new AppError('ERR_INTERNAL', { note: 'MSAL tried to post to another address' });
  }
}

async function send(
  url: string,
  options: NetworkRequestOptions,
  signal: AbortSignal,
): Promise<{ response: Response; body: unknown }> {
  const { headers = {}, body: form = '' } = options;
  const request = { method: 'POST' as const, headers, body: form, maxBytes };
  const { response, body: bytes } = await fetchWhole(url, request, signal);
  const body = parseJson(bytes);
  if (response.status >= 500 || response.status === 429) throw unavailable(response, body);
  if (!isObject(body)) throw unavailable(response);
  return { response, body };
}

/** For 429 without `Retry-After`. */
const usualWaitSeconds = 10;

/** The status says that such an answer is temporary, whatever its body says. Microsoft finds it by number and correlation id. */
function unavailable({ status, headers }: Response, body?: unknown): AppError {
  const refused = readTokenRefusal(body);
  const note = `the token endpoint answered ${status} without a usable answer`;
  const told = refused === undefined ? { note } : { refusal: refused.refusal };
  const wait = readRetryAfter(headers) ?? (status === 429 ? usualWaitSeconds : undefined);
  return wait === undefined
    ? new AppError('ERR_PROVIDER_UNAVAILABLE', told)
    : new AskedToWaitError('ERR_PROVIDER_UNAVAILABLE', wait, told);
}

/** Whether the provider accepts the app itself, by its last answers. One for each instance. It sends no request. */
export interface CredentialState {
  /** The provider refused the app: its secret has expired, or somebody disabled it. */
  refused(refusal: ProviderRefusal): void;
  /** The provider gave tokens to the app. */
  accepted(): void;
  /** The last refusal, for ten minutes or until the provider gives tokens again. */
  lastRefusal(): ProviderRefusal | undefined;
}

const refusalKeptSeconds = 600;

export function createCredentialState(clock: Clock): CredentialState {
  let last: { readonly refusal: ProviderRefusal; readonly at: number } | undefined;
  return {
    refused: (refusal) => {
      last = { refusal, at: clock() };
    },
    accepted: () => {
      last = undefined;
    },
    lastRefusal: () =>
      last !== undefined && clock() < last.at + refusalKeptSeconds ? last.refusal : undefined,
  };
}
