import type { app as functionsApp } from '@azure/functions';
import { type HostStreams, watchHostStreams } from './bodies';
import { createAppTokens } from './entra/app-tokens';
import {
  clientAssertion,
  createManagedIdentity,
  keyVaultAccess,
  type ManagedIdentity,
  tableCredential,
} from './entra/managed-identity';
import { createCredentialState, type RelyingParty } from './entra/msal';
import { createTokenMemory } from './entra/msal-cache';
import { createProvider } from './entra/provider';
import { AppError } from './errors';
import { createEventLog, type EventLog } from './events';
import { activityFunction } from './functions/activity';
import { adminFunctions } from './functions/admin';
import { createProxyFunctions } from './functions/api-proxy';
import { type Api, declareApis, graphApi } from './tokens/apis';
import { createApis } from './tokens/call-api';
import { createBrandFunction, createClientFunctions } from './functions/assets';
import { createFrontEndFunction, lastFunctionName, notFoundFunction } from './functions/front-end';
import { createHealthFunction } from './functions/health';
import { loginFunction } from './functions/login';
import { frontChannelLogoutFunction, logoutFunctions } from './functions/logout';
import { meFunctions, sessionFunction } from './functions/me';
import { redirectFunction } from './functions/redirect';
import { sessionsFunctions } from './functions/sessions';
import { createSweep, sweepSchedule } from './functions/sweep';
import { createGuards, type Guards } from './guards';
import { type FaultySettings, type FindServices, type Hooks, type Services } from './http/context';
import { endpoint, type HttpFunction, serve } from './http/endpoint';
import { createFaultTeller, eventOfError } from './http/error-log';
import { createKeyRing, type StoredKeyRing } from './keys/key-ring';
import { createKeyVaultWrapping, createSecretWrapping, type KeyWrapping } from './keys/wrapping';
import { type AnteroomOptions, readFunctionTimeout, requireOptions, siteOf } from './options';
import type { MenuPage, Site } from './pages/layout';
import { type ActivityLog, createActivityLog } from './sessions/activity';
import { createSignOutHints } from './sessions/end-sessions';
import { createSessionStore } from './sessions/session-store';
import { connectionStringFault, maxSessionSeconds } from './setting-values';
import {
  type Environment,
  readSettings,
  settleProcess,
  type SettingFault,
  type Settings,
} from './settings';
import { createProtectedResourceFunction } from './sign-in/bearer-guard';
import { createAzureTable } from './storage/azure-table';
import type { Table } from './storage/table';
import { createTableClient, type TableConnection } from './storage/table-client';
import { createRefreshFlight } from './tokens/access-token';
import { createRolesOf, type GroupRoleMap, readGroupRoles } from './tokens/graph';
import { createRevalidate } from './tokens/revalidate';
import { type Clock, createPauseMemory, once, systemClock } from './waiting';

/** The part of `app` from `@azure/functions` that registers functions, and a hook for an orderly end of the process. */
export type FunctionsApp = Pick<typeof functionsApp, 'http' | 'timer'> &
  Partial<Pick<typeof functionsApp, 'hook'>>;

/**
 * Sign-in for one Functions app. Two of them in one process share nothing.
 * @typeParam Api the names that `callApi` takes
 */
export interface Anteroom<Api extends string = string> extends Guards<Api> {
  /**
   * Registers our functions: sign-in, sign-out, session, pages, health check, and the timer that removes expired rows.
   * @example
   * ```ts
   * import { app } from '@azure/functions';
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom();
   * auth.register(app);
   * ```
   */
  register(app: FunctionsApp): void;
}

/**
 * Sign-in with Microsoft Entra ID for an app on Azure Functions. It connects to nothing before the first request. With
 * faulty settings it does not throw: every function then answers 503 and names them.
 * @throws TypeError for a route that the Functions host would refuse, a home page that is no page of the app, an API that
 *   is declared wrongly, a group that is no GUID, a hook that is no function, a front end without `index.html`, a
 *   faulty brand, or a `host.json` that cannot be read
 * @see https://learn.microsoft.com/azure/azure-functions/functions-reference-node
 * @example
 * ```ts
 * import { app } from '@azure/functions';
 * import { anteroom } from 'anteroom';
 *
 * export const auth = anteroom({ homePath: '/api/hello', omit: ['admin'] });
 * auth.register(app);
 * ```
 */
export function anteroom<Api extends string = never>(
  options: AnteroomOptions<Api> = {},
): Anteroom<Api | 'graph'> {
  return compose(options);
}

/**
 * The same as {@link anteroom}, for this repository's own app.
 * @param more functions that only this app has
 */
export function compose(options: AnteroomOptions, more: readonly HttpFunction[] = []): Anteroom {
  requireOptions(options);
  const { basePath = 'auth', namePrefix = 'auth-', omit = [] } = options;
  const { healthRoute = `${basePath}/health` } = options;
  const { frontEnd, notFoundPage = false, onSignIn, onSignOut } = options;
  const hooks = { onSignIn, onSignOut };
  const groupRoles = readGroupRoles(options.groupRoles ?? {});
  const site = siteOf({ ...options, basePath });
  const apis = declareApis(options.apis ?? {});
  const proxies = createProxyFunctions(apis, site);
  const lastFunctions =
    frontEnd !== undefined
      ? [createFrontEndFunction(frontEnd, site)]
      : notFoundPage
        ? [notFoundFunction]
        : [];
  // The front end has a home page of its own.
  const others = more.filter(({ route }) => frontEnd === undefined || route !== '/');
  const given = { apis, hooks, groupRoles, hostStreams: watchHostStreams() };
  // eslint-disable-next-line no-restricted-properties -- the one place that reads the environment
  const { environment = process.env } = options;
  const findServices = once(() => servicesOrFaults(environment, site, given));
  // The scopes of the guards, for the metadata. The app makes its guards while it loads, before the first request.
  const scopes = new Set<string>();
  return {
    register: (app) => {
      for (const served of [
        ...functionsOf(omit, `/${healthRoute}`, site, scopes),
        ...proxies,
        ...others,
        ...lastFunctions,
      ]) {
        const { name, route } = served;
        const fullRoute = route === '/' ? route : routeBelow(basePath, route);
        app.http(name === lastFunctionName ? name : namePrefix + name, {
          route: fullRoute,
          ...serve(findServices, served),
        });
      }
      app.timer(`${namePrefix}sweep`, {
        schedule: sweepSchedule,
        handler: createSweep(findServices, readFunctionTimeout()),
      });
      app.hook?.appTerminate(() => flushActivity(findServices));
    },
    ...createGuards(
      (handler, { maxBodyBytes }) =>
        endpoint(findServices, handler, maxBodyBytes === undefined ? {} : { maxBodyBytes }),
      scopes,
    ),
  };
}

/** Before an instance is taken away. When the process is killed, nobody calls it. */
async function flushActivity(findServices: FindServices): Promise<void> {
  const services = findServices();
  if ('faults' in services) return;
  services.events.tellLatencies();
  await services.activity.flush();
}

function functionsOf(
  omit: readonly MenuPage[],
  healthRoute: string,
  site: Site,
  scopes: ReadonlySet<string>,
): readonly HttpFunction[] {
  return [
    loginFunction,
    redirectFunction,
    sessionFunction,
    ...logoutFunctions,
    frontChannelLogoutFunction,
    ...createClientFunctions(site),
    createBrandFunction(site),
    createProtectedResourceFunction(scopes),
    ...(omit.includes('me') ? [] : meFunctions),
    ...(omit.includes('sessions') ? [] : sessionsFunctions),
    ...(omit.includes('admin') ? [] : [...adminFunctions, activityFunction]),
    { ...createHealthFunction(), route: healthRoute },
  ];
}

const routeBelow = (basePath: string, route: string): string =>
  route.startsWith('/') ? route.slice(1) : `${basePath}/${route}`;

/** What does not come from settings. The clock, the table and the key ring are given by tests only. */
export interface ServiceOptions {
  readonly clock?: Clock;
  readonly events?: EventLog;
  readonly table?: Table;
  readonly keyRing?: StoredKeyRing;
  /** Those that the app declares, besides Graph. */
  readonly apis?: readonly Api[];
  readonly hooks?: Hooks;
  readonly groupRoles?: GroupRoleMap;
  /** Unless given, the host takes each answer in one piece. */
  readonly hostStreams?: HostStreams;
}

/**
 * The services that the settings name, or all faults of the settings. It connects to nothing.
 * @param environment settings by name, as in `process.env`
 */
export function servicesOrFaults(
  environment: Environment,
  site: Site,
  options: ServiceOptions = {},
): Services | FaultySettings {
  const { clock = systemClock } = options;
  const events = createEventLog(clock);
  const faulty = (...faults: readonly SettingFault[]): FaultySettings => ({
    site,
    faults,
    tellFaults: createFaultTeller(events, faults, clock),
  });
  const faultOfProcess = settleProcess(environment);
  if (faultOfProcess !== undefined) return faulty(faultOfProcess);
  const read = readSettings(environment);
  if ('faults' in read) return faulty(...read.faults);
  try {
    return createServices(read.settings, site, { ...options, events });
  } catch (error) {
    // Only the client of the table finds this fault, for example a connection string without its protocol.
    if (!(error instanceof AppError) || error.code !== 'ERR_SETTINGS') throw error;
    return faulty({ name: 'TABLES_CONNECTION_STRING', fault: connectionStringFault });
  }
}

/** Makes all services and connects them with each other. No other code does this. */
export function createServices(
  settings: Settings,
  site: Site,
  options: ServiceOptions = {},
): Services {
  const { clock = systemClock, events = createEventLog(clock) } = options;
  const identity = createManagedIdentity({
    // When the settings need no identity, nobody asks it for a token.
    clientId: settings.managedIdentityClientId ?? '',
    clock,
  });
  const connection = tableConnection(settings, identity);
  const table = options.table ?? createAzureTable(createTableClient(connection, events));
  const keyRing = options.keyRing ?? openKeyRing(settings, { table, identity, clock, events });
  const onUnreadable = tellUnreadable(events);
  const sessions = createSessionStore({ table, keyRing, limits: settings, onUnreadable });
  const { authority, issuer, clientId, revalidateSeconds } = settings;
  const apis = createApis([graphApi(settings), ...(options.apis ?? [])], clock, events);
  const relyingParty: RelyingParty = {
    settings,
    redirectUri: `${settings.baseUrl}${site.authPath}/redirect`,
    provider: createProvider({ authority, issuer, clientId, clock, log: events }),
    credential: createCredentialState(clock),
    tokenPauses: createPauseMemory(),
    events,
    consentScopes: apis.consentScopes,
    clientAssertion: clientAssertion(identity, authority),
  };
  const { groupRoles = new Map(), hooks = {} } = options;
  const rolesOf = createRolesOf({ relyingParty, apis, groupRoles });
  return {
    site: { ...site, adminRole: settings.adminRole },
    settings,
    clock,
    events,
    activity: openActivity(events, { table, keyRing, clock }),
    table,
    keyRing,
    sessions,
    hooks,
    relyingParty,
    rolesOf,
    revalidate: createRevalidate({ relyingParty, sessions, revalidateSeconds, rolesOf }),
    ...{ shareRefresh: createRefreshFlight(), finishing: new Set<string>() },
    tokenMemory: createTokenMemory(clock),
    apis,
    hostStreams: options.hostStreams ?? { find: () => undefined },
    appTokens: createAppTokens(relyingParty, clock),
    signOutHints: createSignOutHints(),
  };
}

/** Every event is kept for the console too. */
function openActivity(
  events: EventLog,
  parts: Pick<Services, 'table' | 'keyRing' | 'clock'>,
): ActivityLog {
  const report = (error: unknown): void => {
    events.tell({ ...eventOfError(error), event: 'activity trouble', outcome: 'failed' });
  };
  const activity = createActivityLog({ ...parts, report });
  events.listen(activity.record);
  return activity;
}

const tellUnreadable =
  (events: EventLog) =>
  (what: string, of: string): void => {
    const code = 'ERR_SESSION_UNREADABLE';
    events.tell({ event: 'session unreadable', outcome: 'failed', of, what, code });
  };

type KeyRingServices = Pick<Services, 'table' | 'clock' | 'events'> & {
  readonly identity: ManagedIdentity;
};

function openKeyRing(
  settings: Settings,
  { table, identity, clock, events }: KeyRingServices,
): StoredKeyRing {
  return createKeyRing({
    rows: table,
    wrapping: createWrapping(settings, identity, events),
    clock,
    retainSeconds: maxSessionSeconds,
    onMade: (period) => {
      events.tell({ event: 'key made', outcome: 'done', what: `period ${period}` });
    },
    report: (error) => {
      events.tell({ ...eventOfError(error), event: 'keys trouble', outcome: 'failed' });
    },
  });
}

function tableConnection(
  { tables, tableName }: Settings,
  identity: ManagedIdentity,
): TableConnection {
  return tables.kind === 'endpoint'
    ? { endpoint: tables.endpoint, credential: tableCredential(identity), tableName }
    : { connectionString: tables.connectionString, tableName };
}

function createWrapping(
  { keyWrapping }: Settings,
  identity: ManagedIdentity,
  log: EventLog,
): KeyWrapping {
  return keyWrapping.kind === 'key-vault'
    ? createKeyVaultWrapping({ ...keyVaultAccess(identity, keyWrapping.keyId), log })
    : createSecretWrapping(keyWrapping.secret);
}
