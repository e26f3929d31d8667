import * as v from 'valibot';
import { AppError, SignInRefusedByAppError, StepUpError } from '../errors';
import type { NewEvent } from '../events';
import type { SessionData, User } from '../sessions/session';
import { parseSessionData } from '../sessions/session-data';
import type { ApiCaller } from '../tokens/call-api';
import { abortable, withTimeout } from '../waiting';

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

/** @throws TypeError for a hook that is no function */
export function requireHooks({ onSignIn, onSignOut }: Hooks): void {
  for (const [name, hook] of Object.entries({ onSignIn, onSignOut })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`${name} must be a function`);
    }
  }
}

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
