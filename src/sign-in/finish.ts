import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import { readSessionCookie, readSignInCookie, signSessionCookie } from '../cookies';
import { idTokenDemands, type SignInDemands } from '../entra/claims-challenge';
import { verifyIdToken } from '../entra/id-token';
import { createMsalClient, type RelyingParty } from '../entra/msal';
import { redemptionError, redirectError } from '../entra/refusals';
import { keepAcquired, scopesOfSignIn } from '../entra/msal-cache';
import { couldIssue } from '../entra/tenants';
import { AppError } from '../errors';
import { decideSignIn, type RequestContext, type SignInContext } from '../http/context';
import { redirectTo } from '../http/responses';
import {
  type Session,
  type SessionData,
  sessionKeyOf,
  type SessionTicket,
  type User,
} from '../sessions/session';
import type { Settings } from '../settings';
import { holdTokens } from '../tokens/access-token';
import { withTimeout } from '../waiting';
import {
  type AskedMore,
  attemptSecrets,
  type AttemptSecrets,
  goToPage,
  isAttemptLive,
  isBegunBy,
  type OpenedAttempt,
  type ProviderAnswer,
  type SignInAttempt,
} from './attempt';
import { audited } from './ending';
import { answerFailure, answerLate, answerOtherBrowser, answerPolicy } from './start';
import { apiCaller, findSession, findTicket } from './guards';

/**
 * Ends a sign-in with the provider's answer: redeems the code, opens a new session and redirects to the wanted page.
 *
 * An answer that cannot be used is no dead end. A person who is signed in goes to the wanted page. For another person
 * the sign-in begins again without a click. When that does not help, the page of the error links to the wanted page.
 * @throws ERR_SIGN_IN_UNSOLICITED when this browser began no such attempt; ERR_SIGN_IN_LOST when a retry did not help;
 *   ERR_PAGE_LOST when the wanted page is lost; ERR_STORAGE_UNAVAILABLE, ERR_KEYS_UNAVAILABLE; and as {@link finishSignIn}
 *   and `admit`
 */
export async function completeSignIn(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt | undefined,
): Promise<HttpResponseInit> {
  const { requestCookies, services, query, now, signal } = context;
  if (attempt === undefined) {
    throw new AppError('ERR_SIGN_IN_UNSOLICITED', { note: 'state is missing or not ours' });
  }
  const browserSecret = readSignInCookie(requestCookies, services.settings);
  const state = query.get('state') ?? '';
  if (browserSecret === undefined || !isBegunBy(attempt, browserSecret)) {
    return answerOtherBrowser(context, answer, attempt, browserSecret !== undefined);
  }
  if (attempt.policy !== undefined) return answerPolicy(context, answer, attempt);
  const isUsable = isAttemptLive(attempt, now) && !attempt.isIncomplete;
  if (answer.kind === 'code' && !isUsable) return answerLate(context, attempt);
  const { keyRing, settings, finishing } = services;
  const ticket = await readSessionCookie(requestCookies, { keyRing, site: settings, now, signal });
  const name = hashOf(state);
  // Somebody went back, or opened the address again. The provider would end the tokens of a code that comes twice (RFC 6749 section 4.1.2).
  if (answer.kind === 'code' && ticket?.openedBy === name) return goOn(context, attempt, ticket);
  const secrets = await attemptSecrets(state, browserSecret, { keyRing, signal });
  if (finishing.has(name)) {
    const note = 'the same answer came twice at the same moment';
    return answerFailure(context, attempt, new AppError('ERR_SIGN_IN_EXPIRED', { note }));
  }
  finishing.add(name);
  try {
    return await finishAttempt(context, answer, attempt, secrets);
  } finally {
    finishing.delete(name);
  }
}

async function finishAttempt(
  context: RequestContext,
  answer: ProviderAnswer,
  attempt: OpenedAttempt,
  secrets: AttemptSecrets,
): Promise<HttpResponseInit> {
  const { services, now, signal } = context;
  let finished: AdmittedSignIn;
  try {
    const own = { ...attempt, ...secrets };
    const deadline = { now, signal };
    const { claims, ...kept } = await finishSignIn(services.relyingParty, own, answer, deadline);
    const stepUpOf = attempt.asked?.userKey;
    finished = { ...kept, ...(await admit(context, { ...kept, claims }, stepUpOf)) };
  } catch (error) {
    return answerFailure(context, attempt, error);
  }
  await openSession(context, finished, attempt);
  return goOn(context, attempt, finished.user);
}

/** To the wanted page. After a step-up that is the first user's page, so another user goes to the home page. */
function goOn(
  context: RequestContext,
  attempt: OpenedAttempt,
  { userKey }: Pick<User, 'userKey'>,
): HttpResponseInit {
  const { settings, site } = context.services;
  const stepUpOf = attempt.asked?.userKey;
  return stepUpOf === undefined || stepUpOf === userKey
    ? goToPage(context, attempt)
    : redirectTo(settings.baseUrl + site.homePath);
}

/** An attempt that this browser began, and its secrets. */
export type OwnAttempt = Pick<SignInAttempt, 'startedAt' | 'asked'> & AttemptSecrets;

/**
 * Redeems the code and verifies the ID token. The caller checks that this browser began the attempt, and that the user of
 * a step-up is the right one.
 * @throws ERR_OTHER_ISSUER, ERR_SIGN_IN_EXPIRED, ERR_WRONG_TENANT, ERR_STEP_UP_UNMET, and as {@link redirectError} and {@link redemptionError}
 */
export async function finishSignIn(
  relyingParty: RelyingParty,
  attempt: OwnAttempt,
  answer: ProviderAnswer,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<FinishedSignIn> {
  await checkIssuer(relyingParty, answer, signal);
  // A late refusal is shown too. A new sign-in would only show the same page of the provider again.
  if (answer.kind === 'error') throw redirectError(answer.refusal);
  if (!isAttemptLive(attempt, now)) {
    throw new AppError('ERR_SIGN_IN_EXPIRED', { note: 'the attempt is too old' });
  }
  const { idToken, tokenCache } = await redeem(relyingParty, attempt, answer.code, { now, signal });
  const demands = attempt.asked && demandsOf(attempt.asked);
  const { nonce } = attempt;
  const verified = await verifyIdToken(relyingParty, idToken, { nonce, demands, now, signal });
  const { user, claims, sid, loginHint, acrs, authTime } = verified;
  // If several tenants can sign in, only the token says which of them answered.
  if (answer.issuer !== undefined && answer.issuer !== user.issuer) throw otherIssuer();
  return { user, claims, sid, loginHint, acrs, authTime, verifiedAt: now, tokenCache };
}

/** What the ID token must show, because the authorization request asked for it. */
function demandsOf({ claims, maxAgeSeconds }: AskedMore): SignInDemands {
  return {
    ...(claims === undefined ? {} : idTokenDemands(claims)),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  };
}

/** Refuses the answer of another provider, which may lack `iss` (RFC 9207 section 2.4). */
async function checkIssuer(
  { provider }: RelyingParty,
  { issuer }: ProviderAnswer,
  signal: AbortSignal,
): Promise<void> {
  const { issuer: stated, sendsIssuer } = await provider.metadata(signal);
  if (issuer !== undefined && !couldIssue(stated, issuer)) throw otherIssuer();
  if (issuer === undefined && sendsIssuer) {
    throw new AppError('ERR_OTHER_ISSUER', { note: 'the answer lacks iss' });
  }
}

function otherIssuer(): AppError {
  return new AppError('ERR_OTHER_ISSUER', { note: 'the answer has another iss' });
}

async function redeem(
  relyingParty: RelyingParty,
  { asked, nonce, codeVerifier }: OwnAttempt,
  code: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<{ idToken: string; tokenCache: string }> {
  const { msal, answer } = await createMsalClient(relyingParty, signal);
  // A token is for one resource, even when the person consented to more. A refresh gets tokens for the others.
  const scopes = scopesOfSignIn(relyingParty.settings.graphScopes, asked?.scopes);
  try {
    const { idToken } = await msal.acquireTokenByCode({
      code,
      codeVerifier,
      redirectUri: relyingParty.redirectUri,
      scopes: [...scopes],
      nonce,
      ...(asked?.claims === undefined ? {} : { claims: asked.claims }),
    });
    const after = msal.getTokenCache().serialize();
    return { idToken, tokenCache: keepAcquired({ after, scopes, now }) };
  } catch (error) {
    throw redemptionError(error, answer(), asked?.scopes ?? []);
  }
}

/** A sign-in that the provider has confirmed. */
interface ConfirmedSignIn {
  readonly user: User;
  /** All claims of the ID token. */
  readonly claims: SignInContext['claims'];
  /** MSAL's serialized token cache, with the tokens of this user. Secret. */
  readonly tokenCache: string;
}

/** What the new session keeps of a person who may sign in. */
interface Admission {
  /** With all roles. */
  readonly user: User;
  readonly addedRoles: readonly string[];
  readonly data: SessionData;
  readonly tokenCache: string;
}

/** The person whom the provider has signed in, and what the new session keeps. */
export interface FinishedSignIn extends ConfirmedSignIn {
  /** The provider's session id, for front-channel logout. */
  readonly sid: string | undefined;
  /** The claim `login_hint`, for the provider's sign-out. */
  readonly loginHint: string | undefined;
  readonly acrs: readonly string[] | undefined;
  readonly authTime: number | undefined;
  /** When the ID token was verified, epoch seconds. */
  readonly verifiedAt: number;
}

/** A finished sign-in whose session may be opened. */
type AdmittedSignIn = Omit<FinishedSignIn, 'claims'> & Admission;

/**
 * Adds the roles of the person's groups, then asks the app's own code, if there is any, whether this person may sign in. Nothing is
 * written.
 * @param stepUpOf user key of the person who needed a step-up
 * @throws as `RolesOf` and `decideSignIn`; ERR_STORAGE_UNAVAILABLE and ERR_KEYS_UNAVAILABLE at a step-up, whose former session is read
 */
async function admit(
  context: RequestContext,
  confirmed: ConfirmedSignIn,
  stepUpOf: string | undefined,
): Promise<Admission> {
  // The log names the person too when the sign-in fails from here on.
  context.visitor.person = confirmed.user;
  const { rolesOf, relyingParty, hooks } = context.services;
  const { now, signal } = context;
  const found =
    rolesOf === undefined
      ? { ...confirmed, roles: confirmed.user.roles }
      : await rolesOf(confirmed, now, signal);
  const user = { ...confirmed.user, roles: found.roles };
  const session = stepUpOf === user.userKey ? await formerSession(context, user) : undefined;
  // The app's code may check less at a step-up, because it let the person in before.
  const isStepUp = session !== undefined;
  const former = session?.data ?? {};
  const { tokenCache } = found;
  if (hooks.onSignIn === undefined) return { user, addedRoles: [], data: former, tokenCache };
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
async function formerSession(
  context: RequestContext,
  { userKey }: User,
): Promise<Session | undefined> {
  const ticket = await findTicket(context);
  if (ticket?.userKey !== userKey) return undefined;
  return (await findSession(context))?.session;
}

/**
 * Opens the session of a finished sign-in. When the user then has more sessions than SESSION_LIMIT allows, the oldest end.
 * Then the browser gets the cookie, and the session that it had before ends.
 * @throws as `SessionStore.open`. ERR_STORAGE_UNAVAILABLE also when sessions over the limit could not be ended. Nobody gets a
 *   cookie then
 */
async function openSession(
  context: RequestContext,
  { user, ...facts }: AdmittedSignIn,
  attempt: OpenedAttempt,
): Promise<void> {
  const { request, services, now, signal } = context;
  const { keyRing, settings, sessions } = services;
  const site = settings;
  const former = await readSessionCookie(context.requestCookies, { keyRing, site, now, signal });
  const isPersistent = isKept(settings, attempt);
  const { ticket } = await sessions.open({
    user,
    ...facts,
    isPersistent,
    isStepUp: attempt.asked?.userKey !== undefined,
    stepUps: attempt.asked?.names,
    userAgent: request.headers.get('user-agent') ?? '',
    now,
    signal,
  });
  await endOverLimit(context, user, former);
  const marked = { ...ticket, openedBy: hashOf(context.query.get('state') ?? '') };
  context.cookies.push(await signSessionCookie(marked, { keyRing, site, isPersistent, signal }));
  const session = sessionKeyOf(ticket.sessionId);
  context.tell({ event: 'sign-in', outcome: 'done', by: user.userKey, session });
  if (former !== undefined) await endFormer(context, former, user.userKey);
}

/** True when the cookie outlives the browser. */
function isKept({ persistent }: Settings, { keep }: OpenedAttempt): boolean {
  return persistent === 'always' || (persistent === 'link' && keep === true);
}

/**
 * Ends the user's oldest sessions, if there are more than SESSION_LIMIT. The former session of this browser does not
 * count, since it ends too.
 */
async function endOverLimit(
  context: RequestContext,
  { userKey }: User,
  former: SessionTicket | undefined,
): Promise<void> {
  const { services, now, signal } = context;
  const { sessions, settings } = services;
  const { sessionLimit: limit } = settings;
  if (limit === undefined) return;
  const exceptSessionKey = former && sessionKeyOf(former.sessionId);
  const keys = await sessions.findOverLimit({ userKey, limit, exceptSessionKey }, now, signal);
  if (keys.length === 0) return;
  const action = { why: 'end sessions over the limit', by: userKey, of: userKey } as const;
  await audited(context, action, async () => {
    const ended = await sessions.endMany(userKey, keys, signal);
    return ended.length;
  });
}

/** The person is already signed in, and must not wait until the former session has ended. */
const formerTimeoutMs = 2_000;

/** Ends the session that this browser had. If that fails, it ends by its idle limit: nobody has its cookie any more. */
async function endFormer(
  context: RequestContext,
  { userKey, sessionId }: SessionTicket,
  by: string,
): Promise<void> {
  const { services } = context;
  const name = { userKey, sessionKey: sessionKeyOf(sessionId) };
  const action = { why: 'replace session', by, of: userKey, session: name.sessionKey } as const;
  try {
    await withTimeout(context.signal, formerTimeoutMs, (signal) =>
      audited(context, action, async () =>
        (await services.sessions.endNamed(name, signal)) ? 1 : 0,
      ),
    );
  } catch (error) {
    // The event says so.
    if (!(error instanceof AppError)) throw error;
  }
}

/** Names the attempt in the session cookie. */
function hashOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 16);
}
