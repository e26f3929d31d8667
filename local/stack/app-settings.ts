import { settingDefaults } from '../../src/settings';

/** The tenant and the registration that the stand-in plays. Made up. */
export const localTenantId = '5a7e1c7e-0000-4000-8000-00000a57e700';
export const localClientId = 'a9900000-0000-4000-8000-00000a57e700';

/** What the app must know of the stack. */
export interface AppSurroundings {
  readonly baseUrl: string;
  readonly authority: string;
  readonly issuer: string;
  readonly clientSecret: string;
  readonly tablesConnectionString: string;
  readonly tableName: string;
  readonly keyRingSecret: string;
  readonly graphBaseUrl: string;
  readonly graphScopes?: string;
}

/** The app's settings on the local stack, in the shape of `Values` in `local.settings.json`. */
export function appSettings(around: AppSurroundings): Readonly<Record<string, string>> {
  return {
    APP_BASE_URL: around.baseUrl,
    ENTRA_TENANT_ID: localTenantId,
    ENTRA_CLIENT_ID: localClientId,
    ENTRA_AUTHORITY: around.authority,
    ...(around.issuer !== around.authority && { ENTRA_ISSUER: around.issuer }),
    ENTRA_CLIENT_SECRET: around.clientSecret,
    TABLES_CONNECTION_STRING: around.tablesConnectionString,
    TABLES_NAME: around.tableName,
    KEY_RING_SECRET: around.keyRingSecret,
    GRAPH_BASE_URL: around.graphBaseUrl,
    ...(around.graphScopes !== undefined && { GRAPH_SCOPES: around.graphScopes }),
  };
}

/**
 * What the template sets in Azure for the Functions host itself. On the stack, `local.settings.json` and the
 * environment stand over it.
 */
export const hostSettings = {
  AzureWebJobsDisableHomepage: 'true',
  /**
   * Bytes. More than the 1 MiB that the app itself takes: a body that is a little too long gets the app's own
   * answer, which says so. The host's answer is an empty 500.
   */
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '2097152',
};

// What would contradict the settings above if it came from elsewhere.
const contradicting = [
  'ENTRA_ISSUER',
  'ENTRA_CLIENT_CERTIFICATE',
  'MANAGED_IDENTITY_CLIENT_ID',
  'TABLES_ENDPOINT',
  'KEY_VAULT_KEY_ID',
];

/** Names that `local.settings.json` cannot set on the stack: the stack gives them, or takes them away. */
export const stackSettingNames: readonly string[] = [
  ...contradicting,
  ...Object.keys(
    appSettings({
      ...{ baseUrl: '', authority: '', issuer: '', clientSecret: '' },
      ...{ tablesConnectionString: '', tableName: '', keyRingSecret: '', graphBaseUrl: '' },
    }),
  ),
];

/**
 * The environment of an app process: this process's, without settings of the app that would disturb
 * it. With `usesLocalSettings` only those that contradict the stack's go, else all of them.
 */
export function appEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  usesLocalSettings: boolean,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> {
  const blanked = usesLocalSettings ? contradicting : Object.keys(settingDefaults);
  return { ...own, ...Object.fromEntries(blanked.map((name) => [name, ''])), ...settings };
}
