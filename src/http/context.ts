import type { Cookie, HttpResponseInit, InvocationContext } from '@azure/functions';
import * as v from 'valibot';
import type { HostStreams } from '../bodies';
import type { AppTokens } from '../entra/app-tokens';
import type { RelyingParty } from '../entra/msal';
import type { TokenMemory } from '../entra/msal-cache';
import { AppError, SignInRefusedByAppError, StepUpError } from '../errors';
import type { Actor, EventLog, NewEvent } from '../events';
import type { StoredKeyRing } from '../keys/key-ring';
import type { Reader, Site } from '../pages/layout';
import type { ActivityLog } from '../sessions/activity';
import type { SignOutHints } from '../sessions/end-sessions';
import { parseSessionData, type SessionData, type User } from '../sessions/session';
import type { SessionStore } from '../sessions/session-store';
import type { SettingFault, Settings } from '../settings';
import type { Table } from '../storage/table';
import type { ApiCaller, Apis } from '../tokens/call-api';
import type { RolesOf } from '../tokens/graph';
import type { Revalidate } from '../tokens/revalidate';
import { abortable, type Clock, type SingleFlight, withTimeout } from '../waiting';
import type { RequestFacts } from './request';

/** One request, and what is needed to answer it. `endpoint` makes it, and every handler gets it. */
export interface RequestContext extends RequestFacts {
  readonly services: Services;
  /** Epoch seconds, the same for the whole request. */
  readonly now: number;
  /** Aborted when the request's deadline has passed. Every call that waits gets it. */
  readonly signal: AbortSignal;
  /** Starts the deadline again. For a long body: as long as parts of it come, the request may go on. */
  readonly extendDeadline: () => void;
  /** True when the host passes the answer on while it comes. False when it takes the whole answer into memory first. */
  readonly isStreamed: boolean;
  /** As the Functions host gave it. */
  readonly invocation: InvocationContext;
  /** The invocation id. Error pages show it, and an operator finds it in the log. */
  readonly correlationId: string;
  /** Cookies that every answer sets, an error's answer too. */
  readonly cookies: Cookie[];
  /** Filled while the request is handled. The page of an error names the user from it, without another read. */
  readonly visitor: Visitor;
  /** `WWW-Authenticate` of an answer that asks to sign in, if a bearer token would do too. */
  readonly challenge?: string;
  /** Writes an event to the invocation's log. Never give it a code, token, cookie value, secret or session id. */
  readonly tell: (event: NewEvent) => void;
}

/** A function inside Anteroom that answers a request. */
export type Handler = (context: RequestContext) => Promise<HttpResponseInit> | HttpResponseInit;

/** The person behind a request, as far as we know it. */
interface Visitor {
  /** A guard sets it when it has read the session. `undefined` before that, and for a person who is signed out. */
  user: Reader | undefined;
  /** For events: the user of the request's session, or who is signing in. It stays after that session has ended. */
  person?: Actor;
  /** The page to open after the sign-in: a checked local path. Error pages of the sign-in link to it. */
  returnPath?: string | undefined;
}

/** Everything that the requests of one Anteroom share. Two Anterooms share nothing. */
export interface Services {
  readonly site: Site;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly activity: ActivityLog;
  readonly table: Table;
  readonly keyRing: StoredKeyRing;
  readonly sessions: SessionStore;
  /** Code of the app's own, for sign-in and sign-out. */
  readonly hooks: Hooks;
  readonly relyingParty: RelyingParty;
  readonly rolesOf: RolesOf | undefined;
  readonly revalidate: Revalidate;
  /** Hints for the provider's sign-out. A second click on "Sign out" needs them, since the session is gone by then. */
  readonly signOutHints: SignOutHints;
  /** Lets requests of one session share one refresh of an access token. */
  readonly shareRefresh: SingleFlight<string>;
  readonly tokenMemory: TokenMemory;
  /** Names the sign-ins that are being finished. The same answer of the provider may come twice at the same moment. */
  readonly finishing: Set<string>;
  readonly apis: Apis;
  readonly hostStreams: HostStreams;
  /** Tokens of the app itself, and those by on-behalf-of. */
  readonly appTokens: AppTokens;
}

/** Takes the place of the services while settings have faults. */
export interface FaultySettings {
  readonly site: Site;
  readonly faults: readonly SettingFault[];
  /** Writes them to the log, at most once in ten seconds. */
  readonly tellFaults: (invocation: InvocationContext) => void;
}

/** Gives the services. The first call makes them. */
export type FindServices = () => Services | FaultySettings;

/** Code of the app's own that is called when a person signs in and out. */
export interface Hooks {
  readonly onSignIn?: OnSignIn | undefined;
  readonly onSignOut?: OnSignOut | undefined;
}

/** A sign-in that the provider has confirmed. Its session is not opened yet. */
export interface SignInContext {
  /** With the roles of the ID token and of its groups. */
  readonly user: User;
  /** All claims of the ID token, as the provider sent them. Check a claim before you use it. */
  readonly claims: Readonly<Record<string, unknown>>;
  /**
   * True for a step-up: this person is signed in already, and confirms or consents to more. False when a step-up ends with another
   * account, or after the session ended.
   */
  readonly isStepUp: boolean;
  /** At a step-up, the data of the session that goes on. Otherwise `{}`. */
  readonly data: SessionData;
  /**
   * Calls an API for this user, as a handler's `callApi` does. The tokens that it fetches stay in the session.
   * @throws ERR_STEP_UP when the user must consent first. Let it pass: the sign-in then begins again and asks for it
   */
  readonly callApi: ApiCaller['callApi'];
  /** An access token for an API, as a handler's `accessToken` gives it. Send it to no other API. */
  readonly accessToken: ApiCaller['accessToken'];
  /** Aborted after four seconds, and when the request's deadline has passed. Give it to every call that waits. */
  readonly signal: AbortSignal;
}

/** What an app decides about a sign-in. */
export type SignInDecision =
  | {
      /** Refuses the sign-in. The person reads this text, at most 1,000 characters; the rest is cut off. No HTML. */
      readonly refuse: string;
    }
  | {
      /** Roles to add to those of the ID token, at most 100. They stay until this session ends. */
      readonly roles?: readonly string[];
      /** What the session keeps: a JSON object of at most 8,192 bytes. Left out, a step-up keeps the data as it is. */
      readonly data?: SessionData;
    };

/** See `AnteroomOptions.onSignIn`. */
export type OnSignIn = (
  context: SignInContext,
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a hook that has nothing to say returns nothing
) => SignInDecision | Promise<SignInDecision | void> | void;

/** A session that the person has just ended. */
export interface SignOutContext {
  readonly user: User;
  /** What the app kept in the session. */
  readonly data: SessionData;
  /** `sign-out-everywhere`: the person's sessions in other browsers ended too. Their data cannot be read. */
  readonly reason: 'sign-out' | 'sign-out-everywhere';
  /** Aborted after two seconds. Give it to every call that waits. */
  readonly signal: AbortSignal;
}

/** See `AnteroomOptions.onSignOut`. */
export type OnSignOut = (context: SignOutContext) => void | Promise<void>;

/** A sign-in that the app has accepted. */
interface AcceptedSignIn {
  readonly roles: readonly string[];
  /** `undefined` when the app says nothing about data. */
  readonly data: SessionData | undefined;
}

/** A part of the request's time: after it the session must still be stored. */
const signInTimeoutMs = 4_000;

/**
 * Asks the app whether this person may sign in.
 * @throws SignInRefusedByAppError with the app's text; ERR_SIGN_IN_CHECK_FAILED when the hook throws, takes too long, or
 *   returns something else than a decision; the StepUpError of `accessToken` and `callApi`
 */
export async function decideSignIn(
  onSignIn: OnSignIn,
  signIn: Omit<SignInContext, 'signal'>,
  signal: AbortSignal,
): Promise<AcceptedSignIn> {
  let decision: unknown;
  try {
    decision = await withTimeout(signal, signInTimeoutMs, (part) =>
      abortable(callHook(onSignIn, { ...signIn, signal: part }), 'ERR_SIGN_IN_CHECK_FAILED', part),
    );
  } catch (cause) {
    if (cause instanceof StepUpError) throw cause;
    throw new AppError('ERR_SIGN_IN_CHECK_FAILED', { note: 'onSignIn failed', cause });
  }
  return acceptedBy(decision);
}

/** @throws as {@link decideSignIn} */
function acceptedBy(decision: unknown): AcceptedSignIn {
  if (decision === undefined) return { roles: [], data: undefined };
  const read = v.safeParse(decisionSchema, decision);
  // The schema of an object takes a list too.
  if (!read.success || Array.isArray(decision)) {
    throw new AppError('ERR_SIGN_IN_CHECK_FAILED', { note: 'onSignIn returned no decision' });
  }
  if ('refuse' in read.output) throw new SignInRefusedByAppError(read.output.refuse);
  const { roles, data } = read.output;
  try {
    return { roles, data: data === undefined ? undefined : parseSessionData(data) };
  } catch (cause) {
    const note = 'onSignIn returned data that no session can keep';
    throw new AppError('ERR_SIGN_IN_CHECK_FAILED', { note, cause });
  }
}

const maxReasonLength = 1_000;

// A misspelled `refuse` would refuse nobody, so unknown members fail.
const decisionSchema = v.union([
  v.strictObject({
    refuse: v.pipe(
      v.string(),
      v.trim(),
      v.minLength(1),
      v.transform((text) => text.slice(0, maxReasonLength)),
    ),
  }),
  v.strictObject({
    roles: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
        v.maxLength(100),
        v.readonly(),
      ),
      () => [],
    ),
    data: v.optional(v.unknown()),
  }),
]);

/** Nobody should wait long for a sign-out. */
const signOutTimeoutMs = 2_000;

/** Tells the app that a session has ended. It never fails: what the hook throws is an event. */
export async function tellSignOut(
  onSignOut: OnSignOut | undefined,
  signOut: Omit<SignOutContext, 'signal'>,
  signal: AbortSignal,
  tell: (event: NewEvent) => void,
): Promise<void> {
  if (onSignOut === undefined) return;
  try {
    await withTimeout(signal, signOutTimeoutMs, (part) =>
      abortable(callHook(onSignOut, { ...signOut, signal: part }), 'ERR_DEADLINE', part),
    );
  } catch (error) {
    // Its message may quote what the app keeps to itself.
    const note = error instanceof AppError ? error.code : error instanceof Error ? error.name : '';
    const by = signOut.user.userKey;
    tell({ event: 'hook failed', outcome: 'failed', what: 'onSignOut', by, note });
  }
}

/** Asynchronous, so that what a hook throws at once becomes a rejection too. */
// eslint-disable-next-line @typescript-eslint/require-await -- see above
async function callHook<Context>(
  hook: (context: Context) => unknown,
  context: Context,
): Promise<unknown> {
  return hook(context);
}
