import type { AuthParts } from './auth/auth-parts';
import { createProvider } from './auth/provider';
import type { Revalidate } from './auth/revalidate-session';
import { createRevalidate } from './auth/revalidate-session';
import type { ShareWork } from './auth/share-work';
import { createShareWork } from './auth/share-work';
import type { Clock } from './clock';
import { systemClock } from './clock';
import type { KeyRing } from './keys/key-ring';
import { createStaticKeyRing } from './keys/static-key-ring';
import type { SessionStore } from './sessions/session-store';
import { createSessionStore } from './sessions/session-store';
import type { SettingFault, Settings } from './settings';
import { readSettings } from './settings';
import { createAzureTable } from './storage/azure-table';
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
  services ??= createServices(process.env);
  return services;
}

/** The one place where parts meet. */
function createServices(
  environment: Readonly<Record<string, string | undefined>>,
): Services | FaultySettings {
  const read = readSettings(environment);
  if ('faults' in read) return read;
  const { settings } = read;
  const { tables, keyWrapping } = settings;
  if (tables.kind !== 'connection-string' || keyWrapping.kind !== 'secret') {
    return { faults: unsupported(settings) };
  }
  if (settings.credential.kind === 'managed-identity') return { faults: unsupported(settings) };

  const table = createAzureTable(createTableClient({ ...tables, tableName: settings.tableName }));
  const keyRing = createStaticKeyRing(keyWrapping.secret);
  const { authority, issuer, revalidateSeconds } = settings;
  const sessions = createSessionStore({ table, keyRing, limits: settings });
  const auth = { settings, provider: createProvider({ authority, issuer, clock: systemClock }) };
  return {
    settings,
    clock: systemClock,
    table,
    keyRing,
    sessions,
    auth,
    revalidate: createRevalidate({ auth, sessions, revalidateSeconds }),
    shareRefresh: createShareWork(),
  };
}

/** What the settings may name and this version cannot do yet: refused plainly instead of failing at the first request. */
function unsupported(settings: Settings): readonly SettingFault[] {
  const faults: SettingFault[] = [];
  const refuse = (name: SettingFault['name'], instead: SettingFault['name']) => {
    faults.push({ name, fault: `is not supported by this version yet; set ${instead}` });
  };
  if (settings.tables.kind === 'endpoint') refuse('TABLES_ENDPOINT', 'TABLES_CONNECTION_STRING');
  if (settings.keyWrapping.kind === 'key-vault') refuse('KEY_VAULT_KEY_ID', 'KEY_RING_SECRET');
  if (settings.credential.kind === 'managed-identity') {
    refuse('MANAGED_IDENTITY_CLIENT_ID', 'ENTRA_CLIENT_SECRET');
  }
  return faults;
}
