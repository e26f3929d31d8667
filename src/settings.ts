import * as parse from './setting-values';

/** Every setting, checked. Read once; see the README's table for what each means. */
export interface Settings {
  /** APP_BASE_URL: an origin. Every URL is built from it, never from request headers. */
  readonly baseUrl: string;
  readonly isHttps: boolean;
  /** The port of `baseUrl` where its host is this machine: cookies carry it in their names. */
  readonly loopbackPort: number | undefined;
  readonly tenantId: string;
  readonly clientId: string;
  /** OpenID Connect base, no trailing slash. */
  readonly authority: string;
  readonly issuer: string;
  readonly credential: ClientCredential;
  readonly managedIdentityClientId: string | undefined;
  readonly tables:
    | { readonly kind: 'endpoint'; readonly endpoint: string }
    | { readonly kind: 'connection-string'; readonly connectionString: string };
  readonly tableName: string;
  readonly keyWrapping:
    | { readonly kind: 'key-vault'; readonly keyId: string }
    | { readonly kind: 'secret'; readonly secret: Uint8Array };
  /** No trailing slash. */
  readonly graphBaseUrl: string;
  readonly graphScopes: readonly string[];
  readonly adminRole: string;
  readonly idleSeconds: number;
  readonly lifetimeSeconds: number;
  readonly revalidateSeconds: number;
}

/** How the app proves itself to the provider. */
export type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: string }
  | ({ readonly kind: 'certificate' } & parse.ClientCertificate)
  | { readonly kind: 'managed-identity' };

/** What is wrong with a setting: its name and a sentence, never its value. */
export interface SettingFault {
  /** A setting of the app, or one of Node that the app follows. */
  readonly name: SettingName | 'HTTPS_PROXY';
  readonly fault: string;
}

/** Every setting's name and default; `undefined` where there is none. A test holds README and example to this list. */
export const settingDefaults = {
  APP_BASE_URL: undefined,
  ENTRA_TENANT_ID: undefined,
  ENTRA_CLIENT_ID: undefined,
  ENTRA_AUTHORITY: undefined,
  ENTRA_ISSUER: undefined,
  ENTRA_CLIENT_SECRET: undefined,
  ENTRA_CLIENT_CERTIFICATE: undefined,
  MANAGED_IDENTITY_CLIENT_ID: undefined,
  TABLES_ENDPOINT: undefined,
  TABLES_CONNECTION_STRING: undefined,
  TABLES_NAME: 'anteroom',
  KEY_VAULT_KEY_ID: undefined,
  KEY_RING_SECRET: undefined,
  GRAPH_BASE_URL: 'https://graph.microsoft.com/v1.0',
  GRAPH_SCOPES: 'User.Read',
  ADMIN_ROLE: 'admin',
  SESSION_IDLE_SECONDS: '3600',
  SESSION_LIFETIME_SECONDS: '43200',
  SESSION_REVALIDATE_SECONDS: '900',
} as const satisfies Record<string, string | undefined>;

export type SettingName = keyof typeof settingDefaults;

/** Values by name, as `process.env` gives them. An empty value counts as unset, as the Azure portal leaves it. */
export type Environment = Readonly<Record<string, string | undefined>>;

class SettingReader {
  readonly faults: SettingFault[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  fault(name: SettingName, fault: string): void {
    this.faults.push({ name, fault });
  }

  has(name: SettingName): boolean {
    return this.#text(name) !== undefined;
  }

  optional<T>(name: SettingName, parseValue: parse.Parse<T>): T | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    const parsed = parseValue(text);
    if ('value' in parsed) return parsed.value;
    this.fault(name, parsed.fault);
    return undefined;
  }

  /** The value, or `stand` where the setting is missing or faulty: the fault is noted, so `stand` is never used. */
  required<T>(name: SettingName, parseValue: parse.Parse<T>, stand: T): T {
    if (!this.has(name)) this.fault(name, 'is required');
    return this.optional(name, parseValue) ?? stand;
  }

  #text(name: SettingName): string | undefined {
    const text = this.#environment[name]?.trim();
    return text === undefined || text === '' ? settingDefaults[name] : text;
  }
}

/**
 * Reads and checks all settings together.
 * @returns the settings, or every fault at once so that an operator mends them in one go
 */
export function readSettings(
  environment: Environment,
): { readonly settings: Settings } | { readonly faults: readonly SettingFault[] } {
  const reader = new SettingReader(environment);
  const baseUrl = reader.required('APP_BASE_URL', parse.parseOrigin, '');
  const settings: Settings = {
    baseUrl,
    isHttps: baseUrl.startsWith('https:'),
    loopbackPort: parse.loopbackPort(baseUrl),
    ...readProvider(reader),
    ...readStorageAndKeys(reader),
    graphBaseUrl: reader.required('GRAPH_BASE_URL', parse.parseBaseUrl, ''),
    graphScopes: reader.required('GRAPH_SCOPES', parse.parseScopes, []),
    adminRole: reader.required('ADMIN_ROLE', parse.parseRole, ''),
    ...readSessionLimits(reader),
    managedIdentityClientId: readManagedIdentity(reader),
  };
  return reader.faults.length === 0 ? { settings } : { faults: reader.faults };
}

function readProvider(
  reader: SettingReader,
): Pick<Settings, 'tenantId' | 'clientId' | 'authority' | 'issuer' | 'credential'> {
  const tenantId = reader.required('ENTRA_TENANT_ID', parse.parseGuid, '');
  const authority =
    reader.optional('ENTRA_AUTHORITY', parse.parseBaseUrl) ??
    `https://login.microsoftonline.com/${tenantId}/v2.0`;
  return {
    tenantId,
    clientId: reader.required('ENTRA_CLIENT_ID', parse.parseGuid, ''),
    authority,
    issuer: reader.optional('ENTRA_ISSUER', parse.parseIssuer) ?? authority,
    credential: readCredential(reader),
  };
}

function readCredential(reader: SettingReader): ClientCredential {
  if (reader.has('ENTRA_CLIENT_SECRET') && reader.has('ENTRA_CLIENT_CERTIFICATE')) {
    reader.fault('ENTRA_CLIENT_CERTIFICATE', 'must not be set together with ENTRA_CLIENT_SECRET');
  }
  const secret = reader.optional('ENTRA_CLIENT_SECRET', parse.parseSecretText);
  const certificate = reader.optional('ENTRA_CLIENT_CERTIFICATE', parse.parseCertificate);
  if (secret !== undefined) return { kind: 'secret', secret };
  return certificate === undefined
    ? { kind: 'managed-identity' }
    : { kind: 'certificate', ...certificate };
}

function readStorageAndKeys(
  reader: SettingReader,
): Pick<Settings, 'tables' | 'tableName' | 'keyWrapping'> {
  exactlyOne(reader, 'TABLES_ENDPOINT', 'TABLES_CONNECTION_STRING');
  exactlyOne(reader, 'KEY_VAULT_KEY_ID', 'KEY_RING_SECRET');
  const endpoint = reader.optional('TABLES_ENDPOINT', parse.parseTablesEndpoint);
  const connectionString =
    reader.optional('TABLES_CONNECTION_STRING', parse.parseConnectionString) ?? '';
  const keyId = reader.optional('KEY_VAULT_KEY_ID', parse.parseKeyVaultKeyId);
  const secret = reader.optional('KEY_RING_SECRET', parse.parseKeyRingSecret) ?? new Uint8Array();
  return {
    tables:
      endpoint === undefined
        ? { kind: 'connection-string', connectionString }
        : { kind: 'endpoint', endpoint },
    tableName: reader.required('TABLES_NAME', parse.parseTableName, ''),
    keyWrapping: keyId === undefined ? { kind: 'secret', secret } : { kind: 'key-vault', keyId },
  };
}

function exactlyOne(reader: SettingReader, first: SettingName, second: SettingName): void {
  if (reader.has(first) === reader.has(second)) {
    reader.fault(first, `or ${second} must be set, exactly one of the two`);
  }
}

function readSessionLimits(
  reader: SettingReader,
): Pick<Settings, 'idleSeconds' | 'lifetimeSeconds' | 'revalidateSeconds'> {
  const idleSeconds = reader.required('SESSION_IDLE_SECONDS', parse.parseSeconds, 0);
  const lifetimeSeconds = reader.required('SESSION_LIFETIME_SECONDS', parse.parseSeconds, 0);
  if (lifetimeSeconds > 0 && idleSeconds > lifetimeSeconds) {
    reader.fault('SESSION_IDLE_SECONDS', 'must not exceed SESSION_LIFETIME_SECONDS');
  }
  const revalidateSeconds = reader.required('SESSION_REVALIDATE_SECONDS', parse.parseSeconds, 0);
  return { idleSeconds, lifetimeSeconds, revalidateSeconds };
}

function readManagedIdentity(reader: SettingReader): string | undefined {
  const users = [
    ...(reader.has('TABLES_ENDPOINT') ? ['TABLES_ENDPOINT'] : []),
    ...(reader.has('KEY_VAULT_KEY_ID') ? ['KEY_VAULT_KEY_ID'] : []),
    ...(reader.has('ENTRA_CLIENT_SECRET') || reader.has('ENTRA_CLIENT_CERTIFICATE')
      ? []
      : ['the federated credential (no ENTRA_CLIENT_SECRET or ENTRA_CLIENT_CERTIFICATE is set)']),
  ];
  if (users.length > 0 && !reader.has('MANAGED_IDENTITY_CLIENT_ID')) {
    reader.fault('MANAGED_IDENTITY_CLIENT_ID', `is required by ${users.join(' and ')}`);
  }
  return reader.optional('MANAGED_IDENTITY_CLIENT_ID', parse.parseGuid);
}
