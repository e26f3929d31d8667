import { createVerifiedTexts, type VerifiedTexts } from './cookies/session-cookie';
import {
  clientAssertion,
  createManagedIdentity,
  keyVaultAccess,
  type ManagedIdentity,
  tableCredential,
} from './entra/managed-identity';
import { type RelyingParty, createCredentialState } from './entra/msal';
import { createProvider } from './entra/provider';
import { AppError } from './errors';
import type { KeyRing } from './keys/encryption';
import { createKeyRing } from './keys/key-ring';
import { createKeyVaultWrapping, createSecretWrapping, type KeyWrapping } from './keys/wrapping';
import { settleProxy } from './proxy';
import { keyForLogs } from './sessions/session';
import { createSessionStore, type SessionStore } from './sessions/session-store';
import { longestSessionSeconds } from './setting-values';
import { type Environment, readSettings, type SettingFault, type Settings } from './settings';
import { createSignOutHints, type SignOutHints } from './sign-in/sign-out';
import { createAzureTable, createTableClient, type TableConnection } from './storage/azure-table';
import type { Table } from './storage/table';
import { createRefreshFlight } from './tokens/access-token';
import { createGraph, type Graph } from './tokens/call-api';
import { createRevalidate, type Revalidate } from './tokens/revalidate';
import { type Clock, createPauseMemory, type SingleFlight, systemClock } from './waiting';

/** Everything an instance shares between requests. */
export interface Services {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly sessions: SessionStore;
  readonly auth: RelyingParty;
  readonly revalidate: Revalidate;
  /** For a second click on "Sign out". */
  readonly signOutHints: SignOutHints;
  /** Access tokens that requests of one session refresh together. */
  readonly shareRefresh: SingleFlight<string>;
  /** Session cookies whose signature was verified already. */
  readonly verifiedTexts: VerifiedTexts;
  readonly graph: Graph;
}

interface FaultySettings {
  readonly faults: readonly SettingFault[];
}

let services: Services | FaultySettings | undefined;

/** The instance's services, or the faults of its settings. Made when first asked for; nothing is connected yet. */
export function getServices(): Services | FaultySettings {
  // eslint-disable-next-line no-restricted-properties -- the one place that reads the environment
  services ??= servicesOrFaults(process.env);
  return services;
}

/** What only the parts themselves can find wrong with a setting is a fault of the settings, too. */
function servicesOrFaults(environment: Environment): Services | FaultySettings {
  try {
    settleProxy(environment);
  } catch {
    return { faults: [{ name: 'HTTPS_PROXY', fault: 'must be the http or https URL of a proxy' }] };
  }
  try {
    return createServices(environment);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ERR_SETTINGS') throw error;
    const fault = 'must be a place of Table Storage that can be understood';
    return { faults: [{ name: 'TABLES_CONNECTION_STRING', fault }] };
  }
}

/** The one place where parts meet. */
function createServices(environment: Environment): Services | FaultySettings {
  const read = readSettings(environment);
  if ('faults' in read) return read;
  const { settings } = read;
  const clock = systemClock;
  const identity = createIdentity(settings, clock);
  const table = createAzureTable(createTableClient(tableConnection(settings, identity)));
  const keyRing = createKeyRing({
    rows: table,
    wrapping: createWrapping(settings, identity),
    clock,
    retainSeconds: longestSessionSeconds,
    report: (error) => {
      logOutsideRequests(error instanceof AppError ? error.message : 'ERR_INTERNAL');
    },
  });
  const { authority, issuer, clientId, revalidateSeconds } = settings;
  const sessions = createSessionStore({
    table,
    keyRing,
    limits: settings,
    onUnreadable: (what, userKey) => {
      logOutsideRequests(`ERR_SESSION_UNREADABLE: ${what} of ${keyForLogs(userKey)}`);
    },
  });
  const auth: RelyingParty = {
    settings,
    provider: createProvider({ authority, issuer, clientId, clock }),
    credential: createCredentialState(clock),
    tokenPauses: createPauseMemory(),
    clientAssertion: clientAssertion(identity, authority),
  };
  return {
    settings,
    clock,
    table,
    keyRing,
    sessions,
    auth,
    revalidate: createRevalidate({ auth, sessions, revalidateSeconds }),
    shareRefresh: createRefreshFlight(),
    verifiedTexts: createVerifiedTexts(),
    graph: createGraph({ baseUrl: settings.graphBaseUrl, clock }),
    signOutHints: createSignOutHints(),
  };
}

/** Never asked for anything where the settings need no identity. */
function createIdentity({ managedIdentityClientId }: Settings, clock: Clock): ManagedIdentity {
  return createManagedIdentity({ clientId: managedIdentityClientId ?? '', clock });
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

/** For what no request is answered with. In Azure it stands in the log at level information, by its code. */
function logOutsideRequests(message: string): void {
  // eslint-disable-next-line no-console -- there is no invocation to log with
  console.error(message);
}
