import { createAppTokens } from './entra/app-tokens';
import {
  clientAssertion,
  createManagedIdentity,
  keyVaultAccess,
  type ManagedIdentity,
  tableCredential,
} from './entra/managed-identity';
import { createCredentialState, type RelyingParty } from './entra/msal';
import { createProvider } from './entra/provider';
import { AppError } from './errors';
import { createEventLog, type EventLog, type TraceHeaders } from './events';
import type { FaultySettings, Services } from './http/context';
import { eventOfError } from './http/error-log';
import type { Hooks } from './http/hooks';
import type { HostStreams } from './bodies';
import { createKeyRing, type StoredKeyRing } from './keys/key-ring';
import { createKeyVaultWrapping, createSecretWrapping, type KeyWrapping } from './keys/wrapping';
import type { Site } from './pages/layout';
import { settleProxy } from './proxy';
import { type ActivityLog, createActivityLog } from './sessions/activity';
import { createSignOutHints } from './sessions/end-sessions';
import { createSessionStore } from './sessions/session-store';
import { connectionStringFault, maxSessionSeconds } from './setting-values';
import { type Environment, readSettings, type SettingFault, type Settings } from './settings';
import { createAzureTable } from './storage/azure-table';
import { createTableClient, type TableConnection } from './storage/table-client';
import type { Table } from './storage/table';
import { createRefreshFlight } from './tokens/access-token';
import { type Api, graphApi } from './tokens/apis';
import { createRolesOf, type GroupRoleMap } from './tokens/group-roles';
import { createApis } from './tokens/call-api';
import { createRevalidate } from './tokens/revalidate';
import { type Clock, createPauseMemory, systemClock } from './waiting';

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
  const events = createEventLog(options.clock ?? systemClock);
  const faulty = (...faults: readonly SettingFault[]): FaultySettings => ({
    site,
    events,
    faults,
  });
  try {
    settleProxy(environment);
  } catch {
    return faulty({ name: 'HTTPS_PROXY', fault: 'must be the http or https URL of a proxy' });
  }
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
  const { traceHeaders } = events;
  const table = options.table ?? openTable(tableConnection(settings, identity), traceHeaders);
  const keyRing = options.keyRing ?? openKeyRing(settings, { table, identity, clock, events });
  const limits = settings;
  const onUnreadable = tellUnreadable(events);
  const sessions = createSessionStore({ table, keyRing, limits, onUnreadable });
  const { authority, issuer, clientId, revalidateSeconds } = settings;
  const apis = createApis([graphApi(settings), ...(options.apis ?? [])], clock);
  const relyingParty: RelyingParty = {
    settings,
    redirectUri: `${settings.baseUrl}${site.authPath}/redirect`,
    provider: createProvider({ authority, issuer, clientId, clock, traceHeaders }),
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
    shareRefresh: createRefreshFlight(),
    apis,
    hostStreams: options.hostStreams ?? { find: () => undefined },
    appTokens: createAppTokens(relyingParty, clock),
    signOutHints: createSignOutHints(),
  };
}

const openTable = (connection: TableConnection, traceHeaders: TraceHeaders): Table =>
  createAzureTable(createTableClient(connection, traceHeaders));

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

interface KeyRingServices {
  readonly table: Table;
  readonly identity: ManagedIdentity;
  readonly clock: Clock;
  readonly events: EventLog;
}

function openKeyRing(
  settings: Settings,
  { table, identity, clock, events }: KeyRingServices,
): StoredKeyRing {
  return createKeyRing({
    rows: table,
    wrapping: createWrapping(settings, identity),
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

function createWrapping({ keyWrapping }: Settings, identity: ManagedIdentity): KeyWrapping {
  return keyWrapping.kind === 'key-vault'
    ? createKeyVaultWrapping(keyVaultAccess(identity, keyWrapping.keyId))
    : createSecretWrapping(keyWrapping.secret);
}
