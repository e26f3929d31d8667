import { createHash } from 'node:crypto';
import type { AuthenticationResult, ConfidentialClientApplication } from '@azure/msal-node';
import { AppError } from '../errors';
import {
  AskedToWaitError,
  type Clock,
  createShortMemory,
  createSingleFlight,
  withTimeout,
} from '../waiting';
import { createMsalClient, type RelyingParty, requireNoPause } from './msal';
import { appTokenError, refreshError, type TokenAnswer } from './refusals';

/**
 * Access tokens that belong to no session, in the memory of one instance. Each is asked for once, however many requests
 * need it at the same time, and kept until shortly before it expires. They are never written to a user's token cache.
 */
export interface AppTokens {
  /**
   * The app's own token, by client credentials.
   * @throws ERR_PROVIDER_REFUSED, ERR_PROVIDER_UNAVAILABLE
   * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
   */
  ofApp(question: AppQuestion, signal: AbortSignal): Promise<string>;
  /**
   * A token of the user of an access token for this app, for another API: on-behalf-of.
   * @throws a StepUpError when the user must consent or fulfil claims first; ERR_SIGNED_OUT when the assertion is no
   *   longer accepted; ERR_PROVIDER_REFUSED, ERR_PROVIDER_UNAVAILABLE
   * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
   */
  onBehalfOf(of: Assertion, scopes: readonly string[], signal: AbortSignal): Promise<string>;
}

/** Which of the app's own tokens is wanted. */
interface AppQuestion {
  /** `<resource>/.default` */
  readonly scope: string;
  /** If several tenants sign in: the tenant whose permissions the token has. */
  readonly tenantId?: string | undefined;
  /** Of a claims challenge. The kept token did not fulfil them, so a new one is asked for. */
  readonly claims?: string | undefined;
}

/** An access token for this app, verified already. */
interface Assertion {
  readonly assertion: string;
  /** The user's tenant. It counts only where several tenants sign in: the token comes from that one. */
  readonly tenantId: string | undefined;
}

/** More would be a leak. Most are tokens of users who call with a bearer token. */
const maxTokens = 1_000;

/** As for a user's tokens: a token must outlive the call it is used for. */
const marginSeconds = 300;

export function createAppTokens(parts: RelyingParty, clock: Clock): AppTokens {
  const kept = createShortMemory<string>(maxTokens);
  const flight = createSingleFlight<string>('ERR_PROVIDER_UNAVAILABLE');
  const acquire = async (
    key: string,
    ask: Ask,
    failed: Failed,
    tenantId?: string,
  ): Promise<string> => {
    const now = clock();
    const { token, expiresAt } = await acquireToken(parts, { key, ask, failed, now, tenantId });
    if (expiresAt > now + marginSeconds) kept.keep(key, token, expiresAt - marginSeconds, now);
    return token;
  };
  return {
    ofApp: async ({ scope, tenantId, claims }, signal) => {
      const key = `app ${tenantId ?? ''} ${scope}`;
      const found = claims === undefined ? kept.find(key, clock()) : undefined;
      if (found !== undefined) return found;
      const more = claims === undefined ? {} : { claims };
      const ask: Ask = (msal) =>
        msal.acquireTokenByClientCredential({ scopes: [scope], skipCache: true, ...more });
      const work = (): Promise<string> => acquire(key, ask, appTokenError, tenantId);
      return flight.run(`${key} ${claims ?? ''}`, work, signal);
    },
    onBehalfOf: async ({ assertion, tenantId }, scopes, signal) => {
      // The assertion is a token. Only its hash stays in memory.
      const hash = createHash('sha256').update(assertion).digest('base64url');
      const key = `on behalf of ${hash} ${[...scopes].sort().join(' ')}`;
      const found = kept.find(key, clock());
      if (found !== undefined) return found;
      const request = { oboAssertion: assertion, scopes: [...scopes], skipCache: true };
      const ask: Ask = (msal) => msal.acquireTokenOnBehalfOf(request);
      const failed: Failed = (error, answer) => refreshError(error, answer, scopes);
      return flight.run(key, () => acquire(key, ask, failed, tenantId), signal);
    },
  };
}

type Ask = (msal: ConfidentialClientApplication) => Promise<AuthenticationResult | null>;

type Failed = (error: unknown, answer: TokenAnswer) => AppError;

interface TokenQuestion {
  /** What is asked for, and for whom. */
  readonly key: string;
  readonly ask: Ask;
  readonly failed: Failed;
  readonly now: number;
  readonly tenantId: string | undefined;
}

/** The work is shared, so no single request's deadline may end it. */
const workMs = 8_500;

/** A new token, and when it expires in epoch seconds. */
async function acquireToken(
  parts: RelyingParty,
  { key, ask, failed, now, tenantId }: TokenQuestion,
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  requireNoPause(parts, key, now);
  return withTimeout(new AbortController().signal, workMs, async (signal) => {
    const { msal, answer } = await createMsalClient(parts, signal, tenantId);
    try {
      const result = await ask(msal);
      if (result !== null && result.accessToken !== '') {
        const expiresAt = Math.floor((result.expiresOn?.getTime() ?? 0) / 1000);
        return { token: result.accessToken, expiresAt };
      }
    } catch (error) {
      const failure = failed(error, answer());
      if (failure instanceof AskedToWaitError) {
        parts.tokenPauses.pause(key, now + failure.waitSeconds, now);
      }
      throw failure;
    }
    throw new AppError('ERR_PROVIDER_UNAVAILABLE', { note: 'the token answer lacks a token' });
  });
}
