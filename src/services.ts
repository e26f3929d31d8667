import type { AuthParts } from './auth/auth-parts';
import { createCredentialState } from './auth/credential-state';
import type { ManagedIdentity } from './auth/managed-identity';
import { createManagedIdentity } from './auth/managed-identity';
import { createPauseMemory } from './pause-memory';
import { createProvider } from './auth/provider';
import type { Revalidate } from './auth/revalidate-session';
import { createRevalidate } from './auth/revalidate-session';
import type { ShareWork } from './auth/share-work';
import { createShareWork } from './auth/share-work';
import type { Clock } from './clock';
import { systemClock } from './clock';
import { createKeyRing } from './keys/create-key-ring';
import { AppError } from './errors';
import type { KeyRing } from './keys/key-ring';
import { createKeyVaultWrapping } from './keys/key-vault-wrapping';
import type { KeyWrapping } from './keys/key-wrapping';
import { createSecretWrapping } from './keys/secret-wrapping';
import { clientAssertion, keyVaultAccess, tableCredential } from './services/identity-uses';
import { createSignOutHints, type SignOutHints } from './sessions/sign-out-hints';
import type { SessionStore } from './sessions/session-store';
import { createSessionStore } from './sessions/session-store';
import { settleProxy } from './proxy';
import { longestSessionSeconds } from './setting-values';
import type { Environment, SettingFault, Settings } from './settings';
import { readSettings } from './settings';
import { createAzureTable } from './storage/azure-table';
import type { TablePlace } from './storage/create-table-client';
import { createTableClient } from './storage/create-table-client';
import type { Table } from './storage/table';

/** Everything an instance shares between requests. */
export interface Services {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly table: Table;
  readonly keyRing: KeyRing;
  readonly sessions: SessionStore;
  readonly auth: AuthParts;
  readonly revalidate: Revalidate;
  /** For a second click on "Sign out". */
  readonly signOutHints: SignOutHints;
  /** Access tokens that requests of one session refresh together. */
  readonly shareRefresh: ShareWork<string>;
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
  const table = createAzureTable(createTableClient(tablePlace(settings, identity)));
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
      logOutsideRequests(`ERR_SESSION_UNREADABLE: ${what} of ${userKey.slice(0, 8)}`);
    },
  });
  const auth: AuthParts = {
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
    shareRefresh: createShareWork(),
    signOutHints: createSignOutHints(),
  };
}

/** Never asked for anything where the settings need no identity. */
function createIdentity({ managedIdentityClientId }: Settings, clock: Clock): ManagedIdentity {
  return createManagedIdentity({ clientId: managedIdentityClientId ?? '', clock });
}

function tablePlace({ tables, tableName }: Settings, identity: ManagedIdentity): TablePlace {
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
