import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isLoopback } from './proxy';

/**
 * Parsers of single settings. Each gives the value or a sentence saying what it must be;
 * the sentence never repeats the value, since it may be a secret.
 */

export type Parsed<T> = { readonly value: T } | { readonly fault: string };
export type Parse<T> = (text: string) => Parsed<T>;

/** The port of an origin on this machine; `undefined` for any other. */
export function loopbackPort(origin: string): number | undefined {
  const url = URL.parse(origin);
  if (url === null || !isLoopback(url.hostname)) return undefined;
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function parseUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  const isAllowed =
    url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return isAllowed && url.search === '' && url.hash === '' ? url : undefined;
}

/** An https URL, or http on loopback, without query and fragment; trailing slashes are cut. */
export const parseBaseUrl: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url === undefined
    ? { fault: 'must be an https URL without query or fragment (http on loopback only)' }
    : { value: url.href.replace(/\/+$/, '') };
};

export const parseOrigin: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url?.pathname !== '/'
    ? {
        fault:
          'must be an origin such as https://app.contoso.com, without path (http on loopback only)',
      }
    : { value: url.origin };
};

/**
 * Where Azure has its tables: in the public cloud, in zones, and in the clouds of the US Government, China and sovereign
 * partners; also by private link and at the secondary location.
 * https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints
 */
const tableHosts =
  /^[a-z0-9-]{1,40}(\.z\d{1,3})?(\.privatelink)?\.table\.(core\.windows\.net|core\.usgovcloudapi\.net|core\.chinacloudapi\.cn|core\.sovcloud-api\.[a-z]{2}|storage\.azure\.net)$/;

/** https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-base-url */
const vaultHosts =
  /^[a-z0-9-]{1,127}\.(vault|managedhsm)\.(azure\.net|usgovcloudapi\.net|azure\.cn|sovcloud-api\.[a-z]{2})$/;

/** A mistyped host would get tokens of the app's identity, and whoever owns it could use them. */
function isAt({ hostname }: URL, hosts: RegExp): boolean {
  return hosts.test(hostname) || isLoopback(hostname);
}

/** Tokens of the managed identity go there, which `@azure/data-tables` sends over https alone. */
export const parseTablesEndpoint: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url?.protocol !== 'https:' || !isAt(url, tableHosts)
    ? {
        fault:
          'must be the https address of Table Storage without query or fragment: https://<account>.table.core.windows.net',
      }
    : { value: url.href.replace(/\/+$/, '') };
};

/** Kept exactly as written: an issuer is compared character by character (OpenID Connect Core 3.1.3.7). */
export const parseIssuer: Parse<string> = (text) =>
  parseUrl(text) === undefined
    ? { fault: 'must be the issuer URL exactly as the provider states it' }
    : { value: text };

export const parseGuid: Parse<string> = (text) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
    ? { value: text.toLowerCase() }
    : { fault: 'must be a GUID' };

/** 8 to 1024 printable characters of a client secret. */
export const parseSecretText: Parse<string> = (text) =>
  /^[\x21-\x7e]{8,1024}$/.test(text)
    ? { value: text }
    : { fault: 'must be the secret value, 8 to 1024 characters without spaces' };

export interface ClientCertificate {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/** PEM blocks of a private key and a certificate; `\n` may be written as two characters, as app settings often are. */
export const parseCertificate: Parse<ClientCertificate> = (text) => {
  const pem = text.replaceAll('\\n', '\n');
  const key = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/.exec(pem);
  const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem);
  if (key === null || certificate === null || !isPair(key[0], certificate[0])) {
    return { fault: 'must hold a private key and the certificate that belongs to it, both in PEM' };
  }
  return { value: { privateKeyPem: key[0], certificatePem: certificate[0] } };
};

/** Read here once, or each sign-in would fail instead of the settings. */
function isPair(privateKeyPem: string, certificatePem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

/**
 * Account name and key, or an endpoint with a shared access signature; the endpoint at Azure's Table Storage over https,
 * or on loopback: a shared access signature would be sent to whatever host stands there.
 * @see https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
 */
export const parseConnectionString: Parse<string> = (text) => {
  const parts = new Map(
    text.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const;
    }),
  );
  const endpoint = parts.get('tableendpoint');
  const suffix = parts.get('endpointsuffix');
  const isPlain = parts.get('defaultendpointsprotocol')?.toLowerCase() === 'http';
  const url = endpoint === undefined ? undefined : parseUrl(endpoint);
  const isReachable =
    endpoint === undefined
      ? !isPlain && (suffix === undefined || tableHosts.test(`account.table.${suffix}`))
      : url !== undefined && isAt(url, tableHosts);
  const hasKey =
    /^[a-z0-9]{3,24}$/.test(parts.get('accountname') ?? '') &&
    /^[A-Za-z0-9+/]{20,}={0,2}$/.test(parts.get('accountkey') ?? '');
  const hasSignature =
    endpoint !== undefined && (parts.get('sharedaccesssignature') ?? '').includes('sig=');
  const isEmulator = parts.get('usedevelopmentstorage')?.toLowerCase() === 'true';
  return isReachable && (hasKey || hasSignature || isEmulator)
    ? { value: text }
    : { fault: 'must be a connection string of Azure Storage, over https (http on loopback only)' };
};

/** @see https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model#table-names */
export const parseTableName: Parse<string> = (text) =>
  /^[A-Za-z][A-Za-z0-9]{2,62}$/.test(text)
    ? { value: text }
    : { fault: 'must be 3 to 63 letters and digits, beginning with a letter' };

/** A key identifier without version, so that rotation in the vault needs no new setting. */
export const parseKeyVaultKeyId: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url !== undefined &&
    isAt(url, vaultHosts) &&
    /^\/keys\/[A-Za-z0-9-]{1,127}$/.test(url.pathname)
    ? { value: url.href }
    : {
        fault:
          'must be a key id in Azure Key Vault without version: https://<vault>.vault.azure.net/keys/<name>',
      };
};

export const parseKeyRingSecret: Parse<Uint8Array> = (text) => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === 32 && bytes.toString('base64url') === text
    ? { value: bytes }
    : { fault: 'must be 32 random bytes in base64url (43 characters)' };
};

const oidcScopes = new Set(['openid', 'profile', 'offline_access', 'email']);

/** Scope tokens of RFC 6749 section 3.3. The OpenID scopes are always asked for and not named here. */
export const parseScopes: Parse<readonly string[]> = (text) => {
  const scopes = text.split(' ').filter((scope) => scope !== '');
  const isValid =
    scopes.length > 0 &&
    // They stand in the address of each sign-in, which has 4,096 characters for everything.
    text.length <= 600 &&
    scopes.every(
      (scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(scope) && !oidcScopes.has(scope),
    );
  return isValid
    ? { value: scopes }
    : {
        fault:
          'must be scopes separated by spaces, 600 characters at most, without openid, profile, email, offline_access',
      };
};

export const parseRole: Parse<string> = (text) =>
  /^[\x21-\x7e]{1,120}$/.test(text)
    ? { value: text }
    : { fault: 'must be the value of an app role, without spaces' };

/** Thirty days: no session, whatever the settings, lives longer. */
export const longestSessionSeconds = 30 * 24 * 3600;

/** A length of time in seconds, from one second to thirty days. */
export const parseSeconds: Parse<number> = (text) => {
  const seconds = /^[1-9][0-9]{0,6}$/.test(text) ? Number(text) : undefined;
  return seconds === undefined || seconds > longestSessionSeconds
    ? { fault: `must be whole seconds, 1 to ${longestSessionSeconds} (30 days)` }
    : { value: seconds };
};
