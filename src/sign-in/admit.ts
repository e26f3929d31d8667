import type { RequestContext } from '../http/context';
import { decideSignIn, type SignInContext } from '../http/hooks';
import type { SessionData, User } from '../sessions/session';
import { holdTokens } from '../tokens/access-token';
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
 * Adds the roles of the person's groups, then asks the app's own code whether this person may sign in. Nothing is written.
 * @throws as `RolesOf` and `decideSignIn`; ERR_STORAGE_UNAVAILABLE and ERR_KEYS_UNAVAILABLE at a step-up, whose former session is read
 */
export async function admit(
  context: RequestContext,
  confirmed: ConfirmedSignIn,
  { isStepUp }: { readonly isStepUp: boolean },
): Promise<Admission> {
  // The log names the person too when the sign-in fails from here on.
  context.visitor.userKey = confirmed.user.userKey;
  const { rolesOf, relyingParty, hooks } = context.services;
  const { now, signal } = context;
  const found = await rolesOf(confirmed, now, signal);
  const user = { ...confirmed.user, roles: found.roles };
  const former = isStepUp ? await formerData(context, user) : {};
  const { tokenCache } = found;
  const tokens = holdTokens(relyingParty, { user, tokenCache, now, signal });
  const api = apiCaller(context, tokens.userToken, user.tenantId);
  const signIn = { user, claims: confirmed.claims, isStepUp, data: former, ...api };
  const decided = await decideSignIn(hooks.onSignIn, signIn, signal);
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
