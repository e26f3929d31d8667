import { InvocationContext } from '@azure/functions';
import type {
  CallerContext,
  CallerWithToken,
  HandlerSession,
  SignedIn,
  SignedInContext,
} from './handler';
import { parseSessionData, type SessionData, type User } from './sessions/session';
import type { Client } from './tokens/bearer-token';

// The entry `anteroom/testing`: what tests of an app need. It is not for the app itself.
export {
  type LocalAccount,
  type LocalStack,
  type LocalStackOptions,
  type LocalTokenOptions,
  type SignedInFetch,
  startLocalStack,
} from './testing/local-stack';

/** Who is signed in, and what the APIs answer. What is left out has a value that fits most tests. */
export interface SignedInContextOptions {
  /** Members that differ from those of Ada Lovelace, `ada@contoso.example`. */
  readonly user?: Partial<User>;
  /** Her app roles: none unless given. They stand over `user.roles`. */
  readonly roles?: readonly string[];
  /** What the app keeps in the session. `session.update` changes it. `{}` unless given. */
  readonly data?: SessionData;
  /** When she was asked for credentials, epoch seconds: now unless given. */
  readonly authTime?: number;
  /** The authentication contexts that she has met: none unless given. */
  readonly acrs?: readonly string[];
  /** Answers the calls of the handler. A handler that calls an API without it fails, and so does its test. */
  readonly callApi?: SignedIn['callApi'];
  /** `test-access-token` unless given. */
  readonly accessToken?: SignedIn['accessToken'];
  /** One that is never aborted unless given. */
  readonly signal?: AbortSignal;
  /** Gets each line that the handler logs. Without it they are dropped. */
  readonly onLog?: (line: string) => void;
}

const hour = 3600;

/**
 * The context that a guard gives to a handler, for unit tests: no stack, no network, no settings. A guard itself is not
 * run. Tests of roles, step-ups and sign-in need the local stack: `startLocalStack`.
 * @returns an `InvocationContext` of `@azure/functions` with `user`, `session` (begun now, for an hour, with `data`), `callApi`,
 *   `accessToken` and `signal`
 * @example
 * ```ts
 * import { HttpRequest } from '@azure/functions';
 * import { createSignedInContext } from 'anteroom/testing';
 *
 * const context = createSignedInContext({
 *   roles: ['reader'],
 *   callApi: async () => Response.json({ value: [] }),
 * });
 * const request = new HttpRequest({ method: 'GET', url: 'http://localhost:7071/api/groups' });
 * const answer = await context.callApi('graph', '/me/memberOf');
 * console.log(request.method, context.user.name, answer.status);
 * ```
 */
export function createSignedInContext(options: SignedInContextOptions = {}): SignedInContext {
  const invocation = createInvocation(options);
  const signedIn: SignedIn = {
    user: { ...ada, ...options.user, ...(options.roles && { roles: options.roles }) },
    session: createSession(options),
    ...callsOf(options),
  };
  return Object.assign(invocation, signedIn);
}

/** Its data obeys the rules of a real session, so a test finds data that could not be stored. */
function createSession(options: SignedInContextOptions): HandlerSession {
  const now = Math.floor(Date.now() / 1000);
  const { authTime = now, acrs = [] } = options;
  let data = parseSessionData(options.data ?? {});
  return {
    createdAt: now,
    idleExpiresAt: now + hour,
    expiresAt: now + hour,
    authTime,
    acrs,
    get data() {
      return data;
    },
    update: (change) =>
      new Promise((resolve) => {
        data = parseSessionData(typeof change === 'function' ? change(data) : change);
        resolve(data);
      }),
  };
}

/** Who calls with a bearer token. */
export interface TokenContextOptions extends Pick<
  SignedInContextOptions,
  'callApi' | 'accessToken' | 'signal' | 'onLog'
> {
  /** Members that differ from those of Ada Lovelace. Without it an app calls for itself, without a person. */
  readonly user?: Partial<User>;
  /** The app that sent the token. It has no scopes and no roles unless given. */
  readonly client?: Partial<Client>;
}

/**
 * The context that `withScope` gives to a handler for a bearer token, for unit tests. The guard itself is not run.
 * @returns an `InvocationContext` of `@azure/functions` with `user` (undefined for an app), `client`, `callApi`,
 *   `accessToken` and `signal`; `session` is undefined
 * @example
 * ```ts
 * import { createTokenContext } from 'anteroom/testing';
 *
 * const daemon = createTokenContext({ client: { roles: ['Notes.Read.All'] } });
 * const commandLine = createTokenContext({ user: {}, client: { scopes: ['Notes.Read'] } });
 * console.log(daemon.user, commandLine.user?.name);
 * ```
 */
export function createTokenContext(options: TokenContextOptions = {}): CallerContext {
  const invocation = createInvocation(options);
  const user = options.user === undefined ? undefined : { ...ada, ...options.user };
  const tenantId = user === undefined ? ada.tenantId : undefined;
  const client = {
    id: 'client-id-of-a-caller',
    objectId: undefined,
    tenantId,
    scopes: [],
    roles: [],
  };
  const caller: CallerWithToken = {
    client: { ...client, ...options.client },
    session: undefined,
    ...callsOf(options),
  };
  return Object.assign(invocation, { ...caller, user });
}

function createInvocation({ onLog }: Pick<SignedInContextOptions, 'onLog'>): InvocationContext {
  return new InvocationContext({
    functionName: 'test',
    logHandler: (_level, ...args) => onLog?.(args.map(String).join(' ')),
  });
}

function callsOf(options: Pick<SignedInContextOptions, 'callApi' | 'accessToken' | 'signal'>) {
  return {
    callApi: options.callApi ?? noApi,
    accessToken: options.accessToken ?? (() => Promise.resolve('test-access-token')),
    signal: options.signal ?? new AbortController().signal,
  };
}

const ada: User = {
  userKey: 'user-key-of-ada',
  issuer: 'https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0',
  subject: 'subject-of-ada',
  objectId: '33333333-3333-4333-8333-333333333333',
  tenantId: '11111111-1111-4111-8111-111111111111',
  name: 'Ada Lovelace',
  username: 'ada@contoso.example',
  roles: [],
};

const noApi: SignedIn['callApi'] = (api, target) =>
  Promise.reject(
    new Error(
      `The handler calls ${api} ${typeof target === 'string' ? target : target.url}. Give createSignedInContext a callApi that answers.`,
    ),
  );
