import * as v from 'valibot';
import { isLoopback, settleProxy } from './proxy';
import {
  environmentSchema,
  guidForm,
  personalTenantId,
  policyIn,
  sharedAuthorities,
  tenantPlaceholder,
} from './setting-values';

/** Every setting, checked. Read once; the table in docs/settings.md says what each means. */
export interface Settings {
  /** APP_BASE_URL: an origin. Every URL is built from it, never from request headers. */
  readonly baseUrl: string;
  readonly isHttps: boolean;
  /** The port of `baseUrl` if its host is this machine: cookies carry it in their names. */
  readonly loopbackPort: number | undefined;
  /** ENTRA_TENANT_ID, lower case: a GUID, a domain name, `organizations`, `common` or `consumers`. */
  readonly tenantId: string;
  /** If accounts of several tenants can sign in: the tenants that may. `undefined` if there is one tenant only. */
  readonly allowedTenants: ReadonlySet<string> | 'any' | undefined;
  readonly clientId: string;
  /** OpenID Connect base, no trailing slash. */
  readonly authority: string;
  /** Has `{tenantid}` in the place of the tenant's GUID when the settings do not name that GUID. */
  readonly issuer: string;
  /** Azure AD B2C: the user flows that change an account. */
  readonly policies: Policies;
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
  /** Empty: sign-in without any API. */
  readonly graphScopes: readonly string[];
  readonly adminRole: string;
  /** If several tenants can sign in: the only one whose accounts can have `adminRole`. `undefined`: nobody has it then. */
  readonly adminTenantId: string | undefined;
  /** API_AUDIENCE: bearer tokens for this app are made for it. No trailing slash. Without it no bearer token is accepted. */
  readonly apiAudience: string | undefined;
  readonly idleSeconds: number;
  readonly lifetimeSeconds: number;
  readonly revalidateSeconds: number;
  /** Whose session cookie outlives the browser: nobody's, everybody's, or that of people whose link said `keep=true`. */
  readonly persistent: 'never' | 'always' | 'link';
  /** How many live sessions a user may have at most. */
  readonly sessionLimit: number | undefined;
}

/** User flows or custom policies of Azure AD B2C, by what a person does there. `undefined` if there is none. */
export interface Policies {
  readonly 'reset-password': string | undefined;
  readonly 'edit-profile': string | undefined;
}

/** How the app proves itself to the provider. */
type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: string }
  | {
      readonly kind: 'certificate';
      readonly privateKeyPem: string;
      readonly certificatePem: string;
    }
  | { readonly kind: 'managed-identity' };

/** What is wrong with a setting: its name and a sentence, never its value. */
export interface SettingFault {
  /** A setting of the app, or one of Node that the app follows, or Node itself. */
  readonly name: SettingName | 'HTTPS_PROXY' | 'Node.js';
  readonly fault: string;
}

/** The oldest version of Node that has all that the code uses: `engines` of package.json. */
const oldestNode = 22;

/**
 * Makes the process ready for all calls that leave it: see {@link settleProxy}.
 * @returns what is wrong with the process. Azure also runs an app on a Node that is too old, where any call may fail
 */
export function settleProcess(environment: Environment): SettingFault | undefined {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < oldestNode) {
    const fault = `is ${node}, and the app needs ${oldestNode} or newer`;
    return { name: 'Node.js', fault };
  }
  try {
    settleProxy(environment);
    return undefined;
  } catch {
    const fault = 'must be the http or https URL of a proxy';
    return { name: 'HTTPS_PROXY', fault };
  }
}

/** Every setting's name and default; `undefined` if there is none. A test holds docs/settings.md and the example to this list. */
export const settingDefaults = {
  APP_BASE_URL: undefined,
  ENTRA_TENANT_ID: undefined,
  ENTRA_ALLOWED_TENANTS: undefined,
  ENTRA_CLIENT_ID: undefined,
  ENTRA_AUTHORITY: undefined,
  ENTRA_ISSUER: undefined,
  B2C_RESET_POLICY: undefined,
  B2C_EDIT_POLICY: undefined,
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
  ADMIN_TENANT_ID: undefined,
  API_AUDIENCE: undefined,
  SESSION_IDLE_SECONDS: '3600',
  SESSION_LIFETIME_SECONDS: '43200',
  SESSION_REVALIDATE_SECONDS: '900',
  SESSION_PERSISTENT: 'never',
  SESSION_LIMIT: undefined,
} as const satisfies Record<SettingName, string | undefined>;

export type SettingName = keyof v.InferInput<typeof environmentSchema>;

/**
 * Values by name, as `process.env` gives them. An empty value counts as unset, as the Azure portal leaves it.
 * @example
 * ```ts
 * import { anteroom } from 'anteroom';
 *
 * export const auth = anteroom({ environment: { ...process.env, SESSION_IDLE_SECONDS: '600' } });
 * ```
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks all settings together.
 * @returns the settings, or all faults at once, so that an operator corrects them together
 */
export function readSettings(
  environment: Environment,
): { readonly settings: Settings } | { readonly faults: readonly SettingFault[] } {
  const names = v.keyof(environmentSchema).options;
  const texts = Object.fromEntries(names.map((name) => [name, textOf(environment, name)]));
  const isSet = (name: SettingName): boolean => texts[name] !== undefined;
  const parsed = v.safeParse(checkedTogether, texts, { abortPipeEarly: true });
  const wrong = (parsed.issues ?? []).map(({ path, message }): Wrong => [path?.[0].key, message]);
  const found = [...wrong, ...wrongCombinations(isSet), ...wrongTenants(texts)];
  const faults = names.flatMap((name) =>
    isReference(texts[name])
      ? [{ name, fault: referenceFault }]
      : found.filter(([faulty]) => faulty === name).map(([, fault]) => ({ name, fault })),
  );
  return parsed.success && faults.length === 0
    ? { settings: settingsFrom(parsed.output) }
    : { faults };
}

function textOf(environment: Environment, name: SettingName): string | undefined {
  const text = environment[name]?.trim();
  return text === undefined || text === '' ? settingDefaults[name] : text;
}

/**
 * Azure leaves a reference as it is when it cannot resolve it. Without this check the app would send it to the provider as a secret.
 * @see https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#troubleshoot-key-vault-references
 */
function isReference(text: string | undefined): boolean {
  return /^@Microsoft\.(KeyVault|AppConfiguration)\(/i.test(text ?? '');
}

const referenceFault =
  'is a reference that Azure could not resolve: see its status under "Environment variables" of the app in the portal';

/** The name of a setting, and what is wrong with it. */
type Wrong = readonly [name: unknown, fault: string];

/** What depends on which settings are there, whatever they hold. */
function wrongCombinations(isSet: (name: SettingName) => boolean): readonly Wrong[] {
  const exactlyOne = (first: SettingName, second: SettingName): Wrong[] =>
    isSet(first) === isSet(second)
      ? [[first, `or ${second} must be set, exactly one of the two`]]
      : [];
  const hasSecret = isSet('ENTRA_CLIENT_SECRET');
  const hasCertificate = isSet('ENTRA_CLIENT_CERTIFICATE');
  const needIdentity = [
    ...(isSet('TABLES_ENDPOINT') ? ['TABLES_ENDPOINT'] : []),
    ...(isSet('KEY_VAULT_KEY_ID') ? ['KEY_VAULT_KEY_ID'] : []),
    ...(hasSecret || hasCertificate
      ? []
      : ['the federated credential (no ENTRA_CLIENT_SECRET or ENTRA_CLIENT_CERTIFICATE is set)']),
  ];
  return [
    ...exactlyOne('TABLES_ENDPOINT', 'TABLES_CONNECTION_STRING'),
    ...exactlyOne('KEY_VAULT_KEY_ID', 'KEY_RING_SECRET'),
    ...(hasSecret && hasCertificate
      ? [['ENTRA_CLIENT_CERTIFICATE', 'must not be set together with ENTRA_CLIENT_SECRET'] as const]
      : []),
    ...(needIdentity.length > 0 && !isSet('MANAGED_IDENTITY_CLIENT_ID')
      ? [['MANAGED_IDENTITY_CLIENT_ID', `is required by ${needIdentity.join(' and ')}`] as const]
      : []),
  ];
}

/** Settings of the tenant that contradict each other. */
function wrongTenants(texts: Environment): readonly Wrong[] {
  const text = (name: SettingName): string | undefined => texts[name]?.toLowerCase();
  const tenant = text('ENTRA_TENANT_ID') ?? '';
  const allowed = text('ENTRA_ALLOWED_TENANTS');
  const authority = text('ENTRA_AUTHORITY');
  const issuer = text('ENTRA_ISSUER');
  const isShared = sharedAuthorities.has(tenant);
  const wrong: Wrong[] = [];
  if (isShared && allowed === undefined) {
    wrong.push([
      'ENTRA_ALLOWED_TENANTS',
      `is required with ${tenant}: the GUIDs of the tenants that may sign in, or * for any`,
    ]);
  }
  for (const name of ['ENTRA_ALLOWED_TENANTS', 'ADMIN_TENANT_ID'] as const) {
    if (isShared || texts[name] === undefined) continue;
    wrong.push([name, 'must be set only if ENTRA_TENANT_ID is organizations or common']);
  }
  if (tenant === 'organizations' && allowed?.includes(personalTenantId) === true) {
    wrong.push([
      'ENTRA_ALLOWED_TENANTS',
      'must not name the tenant of personal accounts if ENTRA_TENANT_ID is organizations: they sign in at common',
    ]);
  }
  if (authority !== undefined && wordIn(tenant) !== wordIn(tenantOf(authority))) {
    wrong.push([
      'ENTRA_AUTHORITY',
      'must name the same tenant as ENTRA_TENANT_ID if one of them has organizations, common or consumers',
    ]);
  }
  if (issuer !== undefined && issuer.includes(tenantPlaceholder) !== isShared) {
    wrong.push([
      'ENTRA_ISSUER',
      `must have ${tenantPlaceholder} in the place of the tenant if ENTRA_TENANT_ID is organizations or common, and must not have it otherwise`,
    ]);
  }
  const isB2c = policyIn(texts['ENTRA_AUTHORITY'] ?? '') !== undefined;
  for (const name of ['B2C_RESET_POLICY', 'B2C_EDIT_POLICY'] as const) {
    if (texts[name] === undefined || isB2c) continue;
    wrong.push([name, 'needs ENTRA_AUTHORITY with the sign-in policy of Azure AD B2C in its path']);
  }
  return wrong;
}

/** The tenant in the path of an authority; empty for what is no URL. */
function tenantOf(authority: string): string {
  return URL.parse(authority)?.pathname.split('/')[1] ?? '';
}

function wordIn(tenant: string): string | undefined {
  return sharedAuthorities.has(tenant) || tenant === 'consumers' ? tenant : undefined;
}

const checkedTogether = v.pipe(
  environmentSchema,
  v.forward(
    v.partialCheck(
      [['SESSION_IDLE_SECONDS'], ['SESSION_LIFETIME_SECONDS']],
      (values) => values.SESSION_IDLE_SECONDS <= values.SESSION_LIFETIME_SECONDS,
      'must not exceed SESSION_LIFETIME_SECONDS',
    ),
    ['SESSION_IDLE_SECONDS'],
  ),
);

function settingsFrom(values: v.InferOutput<typeof environmentSchema>): Settings {
  const authority =
    values.ENTRA_AUTHORITY ?? `https://login.microsoftonline.com/${values.ENTRA_TENANT_ID}/v2.0`;
  const { APP_BASE_URL, TABLES_ENDPOINT: endpoint, KEY_VAULT_KEY_ID: keyId } = values;
  return {
    baseUrl: APP_BASE_URL,
    isHttps: APP_BASE_URL.startsWith('https:'),
    loopbackPort: loopbackPort(new URL(APP_BASE_URL)),
    tenantId: values.ENTRA_TENANT_ID,
    allowedTenants: values.ENTRA_ALLOWED_TENANTS,
    clientId: values.ENTRA_CLIENT_ID,
    authority,
    issuer: values.ENTRA_ISSUER ?? issuerAt(authority, values.ENTRA_TENANT_ID),
    policies: {
      'reset-password': values.B2C_RESET_POLICY,
      'edit-profile': values.B2C_EDIT_POLICY,
    },
    credential: credentialFrom(values),
    managedIdentityClientId: values.MANAGED_IDENTITY_CLIENT_ID,
    tables:
      endpoint === undefined
        ? { kind: 'connection-string', connectionString: values.TABLES_CONNECTION_STRING ?? '' }
        : { kind: 'endpoint', endpoint },
    tableName: values.TABLES_NAME,
    keyWrapping:
      keyId === undefined
        ? { kind: 'secret', secret: values.KEY_RING_SECRET ?? new Uint8Array() }
        : { kind: 'key-vault', keyId },
    graphBaseUrl: values.GRAPH_BASE_URL,
    graphScopes: values.GRAPH_SCOPES,
    adminRole: values.ADMIN_ROLE,
    adminTenantId: values.ADMIN_TENANT_ID,
    apiAudience: values.API_AUDIENCE,
    idleSeconds: values.SESSION_IDLE_SECONDS,
    lifetimeSeconds: values.SESSION_LIFETIME_SECONDS,
    revalidateSeconds: values.SESSION_REVALIDATE_SECONDS,
    persistent: values.SESSION_PERSISTENT,
    sessionLimit: values.SESSION_LIMIT,
  };
}

/**
 * The issuer of Entra ID is its authority with the GUID of the tenant. For a domain name and for several tenants nobody
 * knows that GUID yet.
 */
function issuerAt(authority: string, tenant: string): string {
  if (guidForm.test(tenant)) return authority;
  const { origin, pathname } = new URL(authority);
  const [, , ...rest] = pathname.split('/');
  const id = tenant === 'consumers' ? personalTenantId : tenantPlaceholder;
  return [origin, id, ...rest].join('/');
}

function credentialFrom({
  ENTRA_CLIENT_SECRET: secret,
  ENTRA_CLIENT_CERTIFICATE: pems,
}: v.InferOutput<typeof environmentSchema>): ClientCredential {
  if (secret !== undefined) return { kind: 'secret', secret };
  return pems === undefined ? { kind: 'managed-identity' } : { kind: 'certificate', ...pems };
}

/** `undefined` for an origin that is not on this machine. */
function loopbackPort({ hostname, port, protocol }: URL): number | undefined {
  if (!isLoopback(hostname)) return undefined;
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
