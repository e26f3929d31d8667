import type { RequestContext } from '../http/context';
import { decideSignIn, type SignInContext } from '../http/hooks';
import type { SessionData, User } from '../sessions/session';
import { createRefreshFlight, createUserTokens, type TokenStore } from '../tokens/access-token';
import { apiCaller, findSession, findTicket } from './guards';

/** A sign-in that the provider has confirmed. */
export interface ConfirmedSignIn {
  readonly user: User;
  /** All claims of the ID token. */
  readonly claims: SignInContext['claims'];
  /** MSAL's serialized token cache, with the tokens of this user. Secret. */
  readonly tokenCache: string;
}

/** What the new session keeps of a person who may sign in. */
export interface Admission {
  /** With all roles. */
  readonly user: User;
  readonly addedRoles: readonly string[];
  readonly data: SessionData;
  readonly tokenCache: string;
}

/**
 * Lets a person in whom the provider has confirmed, if the app's own code agrees. Nothing is written.
 * @throws as `decideSignIn`; ERR_STORAGE_UNAVAILABLE and ERR_KEYS_UNAVAILABLE at a step-up, whose former session is read
 */
export async function admit(
  context: RequestContext,
  { user, claims, tokenCache }: ConfirmedSignIn,
  { isStepUp }: { readonly isStepUp: boolean },
): Promise<Admission> {
  // The log names the person too when the sign-in fails from here on.
  context.visitor.userKey = user.userKey;
  const former = isStepUp ? await formerData(context, user) : {};
  const tokens = keepTokens(tokenCache);
  const api = apiCaller(context, userTokenOf(context, user, tokens.store));
  const signIn = { user, claims, isStepUp, data: former, ...api };
  const { hooks } = context.services;
  const decided = await decideSignIn(hooks.onSignIn, signIn, context.signal);
  const roles = [...new Set([...user.roles, ...decided.roles])];
  return {
    user: { ...user, roles },
    addedRoles: decided.roles,
    data: decided.data ?? former,
    tokenCache: tokens.latest(),
  };
}

/** A step-up opens a new session, but for the person it is the same one. Another person gets nothing of it. */
async function formerData(context: RequestContext, { userKey }: User): Promise<SessionData> {
  const ticket = await findTicket(context);
  if (ticket?.userKey !== userKey) return {};
  const found = await findSession(context);
  return found?.session.data ?? {};
}

function userTokenOf({ services, now, signal }: RequestContext, user: User, store: TokenStore) {
  // The session has no key yet, and nobody else can ask for its tokens.
  const owner = { user, sessionKey: 'new', store, now, signal };
  return createUserTokens(services.relyingParty, createRefreshFlight(), owner);
}

/** The tokens of a session that is not stored yet. What a hook fetches is stored with it. */
function keepTokens(tokenCache: string): { store: TokenStore; latest: () => string } {
  let tokens = { tokenCache, etag: '0' };
  return {
    latest: () => tokens.tokenCache,
    store: {
      readTokens: () => Promise.resolve(tokens),
      writeTokens: (written) => {
        if (written.etag !== tokens.etag) return Promise.resolve('conflict');
        tokens = { ...written, etag: String(Number(written.etag) + 1) };
        return Promise.resolve('written');
      },
    },
  };
}
