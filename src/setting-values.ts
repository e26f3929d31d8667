import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { isLoopback, parseUrl, webAddress } from './proxy';

/**
 * What the value of each setting must be, one by one. The sentence of a fault says what is right and never repeats the
 * value, since it may be a secret.
 */

/** Thirty days: no session, whatever the settings, lives longer. */
export const maxSessionSeconds = 30 * 24 * 3600;

/** The scopes of OpenID Connect itself. They are always asked for, and belong to no API. */
export const oidcScopes: readonly string[] = ['openid', 'profile', 'offline_access', 'email'];

const text = v.string('is required');

/** The address of `parseUrl()` that passes `isAllowed`. */
function url(fault: string, isAllowed: (url: URL) => boolean = () => true) {
  return v.check((address: string) => {
    const parsed = parseUrl(address);
    return parsed !== undefined && isAllowed(parsed);
  }, fault);
}

const withoutTrailingSlash = v.transform((address: string) => webAddress(address) ?? address);

const baseUrl = v.pipe(
  text,
  url('must be an https URL without query or fragment (http on loopback only)'),
  withoutTrailingSlash,
);

/** Metadata without `v2.0` has another issuer, and nobody could sign in. Other hosts are custom domains. */
const microsoftHosts =
  /\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|ciamlogin\.com|b2clogin\.com)$/;

const authority = v.pipe(
  baseUrl,
  // Some copy the whole address of the metadata.
  v.transform((address) => address.replace(/\/\.well-known\/openid-configuration$/, '')),
  v.check(
    (address) => !microsoftHosts.test(new URL(address).hostname) || address.endsWith('/v2.0'),
    'must end with /v2.0, as in https://login.microsoftonline.com/<tenant>/v2.0',
  ),
);

const origin = v.pipe(
  text,
  url(
    'must be an origin such as https://app.contoso.com, without path (http on loopback only)',
    ({ pathname }) => pathname === '/',
  ),
  v.transform((address) => new URL(address).origin),
);

/** Kept as it is written: an issuer is compared character by character (OpenID Connect Core 3.1.3.7). */
const issuer = v.pipe(text, url('must be the issuer URL exactly as the provider states it'));

/**
 * Where Azure has its tables: in the public cloud, in zones, and in the clouds of the US Government, China and sovereign
 * partners; also by private link and at the secondary location.
 * https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints
 */
const tableHosts =
  /^[a-z0-9-]{1,40}(\.z\d{1,3})?(\.privatelink)?\.table\.(core\.windows\.net|core\.usgovcloudapi\.net|core\.chinacloudapi\.cn|core\.sovcloud-api\.[a-z]{2}|storage\.azure\.net)$/;

/**
 * The host of a vault; its first group is the host without the vault's own name.
 * https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-base-url
 */
export const vaultHosts =
  /^[a-z0-9-]{1,127}\.((?:vault|managedhsm)\.(?:azure\.net|usgovcloudapi\.net|azure\.cn|sovcloud-api\.[a-z]{2}))$/;

/** A mistyped host would get tokens of the app's identity, and its owner could use them. */
function isAt({ hostname }: URL, hosts: RegExp): boolean {
  return hosts.test(hostname) || isLoopback(hostname);
}

/** https also on loopback: `@azure/data-tables` sends tokens of an identity over https alone. */
const tablesEndpoint = v.pipe(
  text,
  url(
    'must be the https address of Table Storage without table, query or fragment: https://<account>.table.core.windows.net',
    (address) =>
      address.protocol === 'https:' &&
      isAt(address, tableHosts) &&
      // The emulator has the account in the path.
      (address.pathname === '/' || isLoopback(address.hostname)),
  ),
  withoutTrailingSlash,
);

/** The fault of `TABLES_CONNECTION_STRING`, whoever finds it. */
export const connectionStringFault =
  'must be a whole connection string of Azure Storage, as the portal shows it, over https (http on loopback only)';

const connectionString = v.pipe(text, v.check(isConnectionString, connectionStringFault));

/**
 * Account name and key, or an endpoint with a shared access signature. The endpoint is at Azure's Table Storage over
 * https, or on loopback: a shared access signature would be sent to whatever host stands there.
 * @see https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
 */
function isConnectionString(value: string): boolean {
  const parts = new Map(
    value.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const;
    }),
  );
  const part = (name: string): string => parts.get(name) ?? '';
  const endpoint = parts.get('tableendpoint');
  const suffix = parts.get('endpointsuffix');
  const isHttp = part('defaultendpointsprotocol').toLowerCase() === 'http';
  const address = parseUrl(endpoint ?? '');
  const isReachable =
    endpoint === undefined
      ? !isHttp && (suffix === undefined || tableHosts.test(`account.table.${suffix}`))
      : address !== undefined && isAt(address, tableHosts);
  const hasKey =
    /^[a-z0-9]{3,24}$/.test(part('accountname')) &&
    /^[A-Za-z0-9+/]{20,}={0,2}$/.test(part('accountkey'));
  const hasSignature = endpoint !== undefined && part('sharedaccesssignature').includes('sig=');
  const isEmulator = part('usedevelopmentstorage').toLowerCase() === 'true';
  return isReachable && (hasKey || hasSignature || isEmulator);
}

/** PEM blocks of a private key and a certificate; `\n` may be written as two characters, as app settings often are. */
const certificate = v.pipe(
  text,
  v.transform((value) => {
    const find = (form: RegExp): string => form.exec(value.replaceAll('\\n', '\n'))?.[0] ?? '';
    return {
      privateKeyPem: find(/-----BEGIN ((?:RSA )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/),
      certificatePem: find(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/),
    };
  }),
  v.check(isPair, 'must hold a private key and the certificate that belongs to it, both in PEM'),
);

/** Read here once, or each sign-in would fail instead of the settings. */
function isPair(pems: Record<'privateKeyPem' | 'certificatePem', string>): boolean {
  try {
    const key = createPrivateKey(pems.privateKeyPem);
    return new X509Certificate(pems.certificatePem).checkPrivateKey(key);
  } catch {
    return false;
  }
}

/** The id of a key without its version, so that rotation in the vault needs no new setting. */
const keyVaultKeyId = v.pipe(
  text,
  url(
    'must be a key id in Azure Key Vault without version: https://<vault>.vault.azure.net/keys/<name>',
    (address) =>
      isAt(address, vaultHosts) && /^\/keys\/[A-Za-z0-9-]{1,127}$/.test(address.pathname),
  ),
  v.transform((address) => new URL(address).href),
);

const keyRingSecret = v.pipe(
  text,
  v.check(
    (value) => /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(value),
    'must be 32 random bytes in base64url (43 characters)',
  ),
  v.transform((value): Uint8Array => Buffer.from(value, 'base64url')),
);

/** A GUID in lower case. */
export const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const guid = v.pipe(text, v.toLowerCase(), v.regex(guidForm, 'must be a GUID'));

/** The tenant of all personal Microsoft accounts. https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
export const personalTenantId = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** Stands for the id of the tenant in an issuer. Entra ID writes it so in its metadata. */
export const tenantPlaceholder = '{tenantid}';

/** Authorities at which accounts of several tenants can sign in. */
export const sharedAuthorities: ReadonlySet<string> = new Set(['organizations', 'common']);

const domainName = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}$/;

/** https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#find-your-apps-openid-configuration-document-uri */
const tenant = v.pipe(
  text,
  v.toLowerCase(),
  v.check(
    (value) =>
      guidForm.test(value) ||
      domainName.test(value) ||
      value === 'consumers' ||
      sharedAuthorities.has(value),
    'must be the GUID of a tenant, one of its domain names, or organizations, common or consumers',
  ),
);

const maxAllowedTenants = 500;

const allowedTenants = v.pipe(
  text,
  v.toLowerCase(),
  v.transform((value) => (value === '*' ? ('any' as const) : new Set(value.split(/[\s,]+/)))),
  v.check(
    (value) =>
      value === 'any' ||
      (value.size <= maxAllowedTenants && [...value].every((one) => guidForm.test(one))),
    `must be tenant GUIDs separated by spaces, ${maxAllowedTenants} at most, or * for any tenant`,
  ),
);

/** The user flow or custom policy in the path of an authority, lower case; `undefined` if it is not one of Azure AD B2C. */
export function policyIn(authority: string): string | undefined {
  const policy = URL.parse(authority)?.pathname.split('/')[2] ?? '';
  return isPolicyName(policy) ? policy.toLowerCase() : undefined;
}

/**
 * True for the name of a user flow or custom policy of Azure AD B2C.
 * https://learn.microsoft.com/azure/active-directory-b2c/user-flow-overview and custom-policy-overview
 */
export function isPolicyName(name: string): boolean {
  return /^b2c_1a?_[a-z0-9_-]{1,120}$/i.test(name);
}

const b2cPolicy = v.pipe(
  text,
  v.check(
    isPolicyName,
    'must be the name of a user flow or custom policy of Azure AD B2C, such as B2C_1_reset',
  ),
);

/** True for a scope token of RFC 6749 section 3.3. */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(value);
}

/**
 * True for `.default` of an API beside any other scope of an API. Entra ID refuses such a request (AADSTS70011), even if the two scopes
 * are of two APIs.
 * @see https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/1718
 */
export function mixesDefault(scopes: readonly string[]): boolean {
  const ofApis = new Set(scopes.filter((scope) => !oidcScopes.includes(scope)));
  return ofApis.size > 1 && [...ofApis].some((scope) => /(?:^|\/)\.default$/i.test(scope));
}

/** Scopes stand in the address of each sign-in, which has 4,096 characters for everything. */
const maxScopesLength = 600;

/** The value that says: sign-in without any API. An empty value cannot say it, since the portal leaves such values behind. */
const noScopes = 'none';

const scopes = v.pipe(
  text,
  v.transform((value): readonly string[] =>
    value.toLowerCase() === noScopes ? [] : value.split(/ +/),
  ),
  v.check(
    (all) =>
      all.join(' ').length <= maxScopesLength &&
      // A scope may have a comma (RFC 6749 section 3.3), but no API of Entra ID has such a scope.
      all.every((one) => isScope(one) && !/[,;]/.test(one)) &&
      all.every((one) => !oidcScopes.includes(one) && one.toLowerCase() !== noScopes),
    `must be scopes separated by spaces, ${maxScopesLength} characters at most, without openid, profile, email, offline_access; or none`,
  ),
  v.check((all) => !mixesDefault(all), 'must not have .default beside other scopes'),
);

/**
 * It becomes the first part of scopes and stands in headers, so it has no quotes and no spaces. Entra ID puts it into
 * tokens as it was asked for, with a slash at its end or without.
 * https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration#application-id-uri
 */
const appIdUri = v.pipe(
  text,
  v.regex(
    /^(api|https|urn):[A-Za-z0-9._~:/-]{1,240}$/,
    'must be the App ID URI of this app, such as api://<client id>',
  ),
  v.transform((uri) => uri.replace(/\/+$/, '')),
);

const seconds = v.pipe(
  text,
  v.check(
    (value) => /^[1-9][0-9]{0,6}$/.test(value) && Number(value) <= maxSessionSeconds,
    `must be whole seconds, 1 to ${maxSessionSeconds} (30 days)`,
  ),
  v.transform(Number),
);

export const environmentSchema = v.object({
  APP_BASE_URL: origin,
  ENTRA_TENANT_ID: tenant,
  ENTRA_ALLOWED_TENANTS: v.optional(allowedTenants),
  ENTRA_CLIENT_ID: guid,
  ENTRA_AUTHORITY: v.optional(authority),
  ENTRA_ISSUER: v.optional(issuer),
  B2C_RESET_POLICY: v.optional(b2cPolicy),
  B2C_EDIT_POLICY: v.optional(b2cPolicy),
  ENTRA_CLIENT_SECRET: v.optional(
    v.pipe(
      text,
      v.regex(
        /^[\x21-\x7e]{8,1024}$/,
        'must be the secret value, 8 to 1024 characters without spaces',
      ),
      v.check((value) => !guidForm.test(value), 'must be the value of the secret, not its id'),
    ),
  ),
  ENTRA_CLIENT_CERTIFICATE: v.optional(certificate),
  MANAGED_IDENTITY_CLIENT_ID: v.optional(guid),
  TABLES_ENDPOINT: v.optional(tablesEndpoint),
  TABLES_CONNECTION_STRING: v.optional(connectionString),
  // https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model#table-names
  TABLES_NAME: v.pipe(
    text,
    v.regex(
      /^[A-Za-z][A-Za-z0-9]{2,62}$/,
      'must be 3 to 63 letters and digits, beginning with a letter',
    ),
  ),
  KEY_VAULT_KEY_ID: v.optional(keyVaultKeyId),
  KEY_RING_SECRET: v.optional(keyRingSecret),
  GRAPH_BASE_URL: baseUrl,
  GRAPH_SCOPES: scopes,
  ADMIN_TENANT_ID: v.optional(guid),
  ADMIN_ROLE: v.pipe(
    text,
    v.regex(/^[\x21-\x7e]{1,120}$/, 'must be the value of an app role, without spaces'),
  ),
  API_AUDIENCE: v.optional(appIdUri),
  SESSION_IDLE_SECONDS: seconds,
  SESSION_LIFETIME_SECONDS: seconds,
  SESSION_REVALIDATE_SECONDS: seconds,
  SESSION_PERSISTENT: v.picklist(['never', 'always', 'link'], 'must be never, always or link'),
  SESSION_LIMIT: v.optional(
    v.pipe(
      text,
      v.regex(/^([1-9][0-9]?|100)$/, 'must be a whole number, 1 to 100'),
      v.transform(Number),
    ),
  ),
});
