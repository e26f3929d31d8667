import type { HttpHandler, HttpResponseInit } from '@azure/functions';
import {
  answerOf,
  type CallerHandler,
  type CallerWithToken,
  type HandlerSession,
  type SignedIn,
  type SignedInHandler,
} from './handler';
import type { Handler } from './http/context';
import type { EndpointOptions } from './http/endpoint';
import { sessionOrToken, type TokenContext } from './sign-in/bearer-guard';
import {
  sameOrigin,
  type SessionContext,
  signedIn,
  type SignedInOptions,
  withRole,
} from './sign-in/guards';
import { checkDemand, type StepUpDemand } from './sign-in/step-up';

/**
 * The guards of an app: each lets only some callers call a handler of a team's own.
 * @typeParam Api the names that `callApi` takes
 */
export interface Guards<Api extends string = string> {
  /**
   * Lets only signed-in people call a handler. A browser is sent to sign in and comes back. Another client gets 401
   * (ERR_SIGNED_OUT) with `login_url`. A request that may change something must come from the app's own pages; others get
   * 403 (ERR_CROSS_SITE). An error that the handler throws becomes an answer too.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('hello', {
   *   authLevel: 'anonymous',
   *   handler: auth.signedIn((_request, { user }) => ({ jsonBody: { hello: user.name } })),
   * });
   * ```
   */
  signedIn(handler: SignedInHandler<Api>, options?: GuardOptions): HttpHandler;
  /**
   * Lets only people with at least one of these app roles call a handler. Others get 403 (ERR_ROLE_MISSING) with the name
   * of the first role. They are not sent to sign in again, because that would not help them.
   * @param roles values of app roles, as the role claim of the ID token has them, or roles that `groupRoles` or `onSignIn` give
   * @see https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('groups', {
   *   authLevel: 'anonymous',
   *   handler: auth.withRole('reader', (_request, { callApi }) => callApi('graph', '/me/memberOf')),
   * });
   * ```
   */
  withRole(
    roles: string | readonly [string, ...string[]],
    handler: SignedInHandler<Api>,
    options?: GuardOptions & { readonly bearer?: false },
  ): HttpHandler;
  /**
   * The same for browsers, and for bearer tokens too. An app's own token needs one of the roles, as an application permission.
   * A person's token needs one of the roles and also `options.scope`: without `scope` no person's token is accepted. A token
   * without what it needs gets 403 (ERR_APP_ROLE_MISSING, ERR_SCOPE_MISSING, ERR_ROLE_MISSING). A token that fails a
   * check gets 401 (ERR_BEARER_TOKEN), as {@link Guards.withScope} says.
   * @see https://learn.microsoft.com/entra/identity-platform/scenario-protected-web-api-verification-scope-app-roles
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('nightly', {
   *   methods: ['POST'],
   *   authLevel: 'anonymous',
   *   handler: auth.withRole('Notes.Read.All', (_request, { client }) => ({ jsonBody: { app: client?.id } }), {
   *     bearer: true,
   *   }),
   * });
   * ```
   */
  withRole(
    roles: string | readonly [string, ...string[]],
    handler: CallerHandler<Api>,
    options: GuardOptions & RoleTokenOptions,
  ): HttpHandler;
  /**
   * Opens a function for three kinds of callers: a browser with a session, a person through another app, and (with
   * `options.appRole`) an app for itself. A session has every scope of this app, because it is this app's own. A person's bearer
   * token must have `scope`. Bearer tokens need the setting `API_AUDIENCE`; without it only sessions are accepted.
   *
   * A request without session and token gets 401 (ERR_SIGNED_OUT) with `login_url` and a challenge. A token that fails
   * a check gets 401 (ERR_BEARER_TOKEN), one without the scope 403 (ERR_SCOPE_MISSING), an app without the role 403
   * (ERR_APP_ROLE_MISSING). No session is made for a bearer token, and nothing is read from storage.
   * @param scope its own name, as the claim `scp` has it: `Notes.Read`, not `api://…/Notes.Read`
   * @see RFC 6750, RFC 9728, https://learn.microsoft.com/entra/identity-platform/quickstart-configure-app-expose-web-apis
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('notes', {
   *   authLevel: 'anonymous',
   *   handler: auth.withScope(
   *     'Notes.Read',
   *     (_request, { user, client }) => ({ jsonBody: { for: user?.name ?? client?.id } }),
   *     { appRole: 'Notes.Read.All' },
   *   ),
   * });
   * ```
   */
  withScope(
    scope: string,
    handler: CallerHandler<Api>,
    options?: GuardOptions & ScopeTokenOptions,
  ): HttpHandler;
  /**
   * Lets people call a handler only when their sign-in shows what is demanded: that they met an authentication context of Entra
   * ID (`acrs`), or that they were asked for credentials a short time ago (`maxAge`, in seconds). A browser is sent to the
   * sign-in service for it and comes back. Another client gets 401 (ERR_STEP_UP) with `login_url`. When the sign-in service
   * does not confirm it, the person gets a page that says so (ERR_STEP_UP_UNMET), and is not sent there again.
   *
   * The option `stepUp` does the same for every other guard: `auth.withRole('payer', handler, { stepUp: { acrs: 'c1' } })`.
   * There a person's bearer token must show it too. Otherwise the client gets 401 (ERR_CLAIMS_NEEDED). An app's own token, which has no
   * person, is not asked for it.
   * @throws TypeError (when the function is declared) for a demand that demands nothing, or that no sign-in can meet
   * @see https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
   * @see OpenID Connect Core 1.0 section 3.1.2.1 (`max_age`), RFC 9470
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('payout', {
   *   authLevel: 'anonymous',
   *   handler: auth.withStepUp({ maxAge: 300 }, (_request, { user }) => ({ jsonBody: { for: user.name } })),
   * });
   * ```
   */
  withStepUp(
    demand: StepUpDemand,
    handler: SignedInHandler<Api>,
    options?: GuardOptions,
  ): HttpHandler;
  /**
   * Lets only the app's own pages and scripts call a handler, signed in or not. Other sites get 403 (ERR_CROSS_SITE). A
   * request without a form in its body needs `X-CSRF: 1` (ERR_CSRF_HEADER), so links do not work with it.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { auth } from './auth.js';
   *
   * app.http('feedback', {
   *   methods: ['POST'],
   *   authLevel: 'anonymous',
   *   handler: auth.sameOrigin(async (request) => ({ jsonBody: { length: (await request.text()).length } })),
   * });
   * ```
   */
  sameOrigin(handler: HttpHandler, options?: Pick<GuardOptions, 'maxBodyBytes'>): HttpHandler;
}

/** Which bearer tokens open a function behind {@link Guards.withRole}. */
export interface RoleTokenOptions {
  /** True takes bearer tokens beside sessions. */
  readonly bearer: true;
  /** The scope that a person's token must have beside the role. Unless given, no person's token is accepted. */
  readonly scope?: string;
}

/** Which bearer tokens open a function behind {@link Guards.withScope}, beside those with the scope. */
export interface ScopeTokenOptions {
  /**
   * The app role that opens the function to an app's own token, or a list of which one is enough. Unless given, no such
   * token is accepted.
   */
  readonly appRole?: string | readonly [string, ...string[]];
}

/**
 * Options of a guard, for one function.
 * @example
 * ```ts
 * import { app } from '@azure/functions';
 * import { auth } from './auth.js';
 *
 * app.http('ping', {
 *   authLevel: 'anonymous',
 *   // A script calls it every minute: that must not keep the person signed in.
 *   handler: auth.signedIn(() => ({ status: 204 }), { slides: false, maxBodyBytes: 1024 }),
 * });
 * ```
 */
export interface GuardOptions {
  /** A longer body is refused before it is read: 413 (ERR_BODY_TOO_LARGE). 1 MiB (1,048,576) unless given. */
  readonly maxBodyBytes?: number;
  /** False for a function that scripts call without a person: its requests do not extend the session. True unless given. */
  readonly slides?: boolean;
  /** True reads the tokens together with the session, for a handler that always calls an API. False unless given. */
  readonly withTokens?: boolean;
  /** What the sign-in must show, as for `withStepUp`. A missing role is told first. */
  readonly stepUp?: StepUpDemand;
}

/** Turns one of our handlers into one that the Functions host can call. */
export type MakeEndpoint = (handler: Handler, options: EndpointOptions) => HttpHandler;

/** The guards for people and for bearer tokens. The scopes that they ask for are added to `scopes`. */
export function createGuards(makeEndpoint: MakeEndpoint, scopes: Set<string>): Guards {
  return {
    signedIn: (handler, options = {}) => {
      requireKnown('signedIn', options);
      return makeEndpoint(signedIn(withPublicContext(handler), sessionOptions(options)), options);
    },
    withRole: (
      roles: string | readonly [string, ...string[]],
      handler: SignedInHandler,
      options: GuardOptions & { readonly bearer?: boolean; readonly scope?: string } = {},
    ) => {
      requireKnown('withRole', options, ['bearer', 'scope']);
      requireRoles(roles);
      const bySession = withRole(roles, withPublicContext(handler), sessionOptions(options));
      if (!takesTokens(handler, options)) return makeEndpoint(bySession, options);
      const { scope, stepUp } = options;
      if (scope !== undefined) scopes.add(requireScope(scope));
      const named = [roles].flat();
      const demands = { scope, userRoles: named, appRoles: named, stepUp };
      return makeEndpoint(sessionOrToken(bySession, withTokenContext(handler), demands), options);
    },
    withScope: (scope, handler, options = {}) => {
      requireKnown('withScope', options, ['appRole']);
      scopes.add(requireScope(scope));
      const { appRole, stepUp } = options;
      if (appRole !== undefined) requireRoles(appRole);
      const bySession = signedIn(withPublicContext(handler), sessionOptions(options));
      const demands = { scope, userRoles: [], appRoles: [appRole ?? []].flat(), stepUp };
      return makeEndpoint(sessionOrToken(bySession, withTokenContext(handler), demands), options);
    },
    withStepUp: (stepUp, handler, options = {}) => {
      requireKnown('withStepUp', options);
      if (options.stepUp !== undefined) throw new TypeError('withStepUp has its demand already');
      // A misspelled variable is `undefined`, which would demand nothing.
      checkDemand(stepUp);
      const demanding = sessionOptions({ ...options, stepUp });
      return makeEndpoint(signedIn(withPublicContext(handler), demanding), options);
    },
    sameOrigin: (handler, options = {}) => {
      // It knows nobody, so it could not keep what the other options promise.
      requireOnly('sameOrigin', options, ['maxBodyBytes']);
      const open = sameOrigin(async ({ request, invocation }) =>
        answerOf(await handler(request, invocation)),
      );
      return makeEndpoint(open, options);
    },
  };
}

/**
 * Refuses an option that the guard does not have. In JavaScript nobody else does, and a misspelled `stepUp` would let
 * everybody in.
 */
function requireKnown(guard: string, options: object, more: readonly string[] = []): void {
  requireOnly(guard, options, ['maxBodyBytes', 'slides', 'withTokens', 'stepUp', ...more]);
}

function requireOnly(guard: string, options: object, known: readonly string[]): void {
  const other = Object.keys(options).find((name) => !known.includes(name));
  if (other !== undefined) throw new TypeError(`${guard} has no option ${other}`);
}

/** With `bearer: true` the type of `withRole` asks for a handler that knows callers without a session. */
function takesTokens(
  _handler: SignedInHandler,
  { bearer = false }: { readonly bearer?: boolean },
): _handler is CallerHandler {
  return bearer;
}

/** Nobody has a role of an empty list, and the answer could not name a missing role. */
function requireRoles(roles: string | readonly string[]): void {
  const named = [roles].flat();
  if (named.length > 0 && named.every((role) => typeof role === 'string' && role !== '')) return;
  throw new TypeError('withRole needs the name of a role, or a list of them');
}

/** The name of the scope alone, without App ID URI: clients ask for `<API_AUDIENCE>/<scope>`. */
function requireScope(scope: string): string {
  if (typeof scope === 'string' && /^[A-Za-z0-9_.:-]{1,120}$/.test(scope)) return scope;
  throw new TypeError(
    'a scope must be named as the claim scp has it, for example Notes.Read, without the App ID URI',
  );
}

function sessionOptions({ slides, withTokens, stepUp }: GuardOptions): SignedInOptions {
  if (stepUp !== undefined) checkDemand(stepUp);
  return {
    ...(stepUp === undefined ? {} : { stepUp }),
    ...(slides === undefined ? {} : { slides }),
    ...(withTokens === undefined ? {} : { withTokens }),
  };
}

/** Calls a team's handler for callers with the context of its invocation, to which it adds {@link CallerWithToken}. */
function withTokenContext(handler: CallerHandler) {
  return async (context: TokenContext): Promise<HttpResponseInit> => {
    const { request, invocation, token, api, signal } = context;
    const { user, client } = token;
    const { callApi, accessToken } = api;
    const known: CallerWithToken = { client, session: undefined, callApi, accessToken, signal };
    return answerOf(await handler(request, Object.assign(invocation, { ...known, user })));
  };
}

/** Calls a team's handler with the context of its invocation, to which it adds {@link SignedIn}. */
function withPublicContext(handler: SignedInHandler) {
  return async (context: SessionContext): Promise<HttpResponseInit> => {
    const { request, invocation, user, api, signal } = context;
    const known: SignedIn = {
      user,
      session: handlerSession(context),
      callApi: api.callApi,
      accessToken: api.accessToken,
      signal,
    };
    return answerOf(await handler(request, Object.assign(invocation, known)));
  };
}

function handlerSession({ session, changeData }: SessionContext): HandlerSession {
  const { createdAt, expiresAt, idleExpiresAt, authTime, acrs } = session;
  let { data } = session;
  return {
    ...{ createdAt, expiresAt, idleExpiresAt, authTime, acrs },
    get data() {
      return data;
    },
    update: async (change) => (data = await changeData(change)),
  };
}
