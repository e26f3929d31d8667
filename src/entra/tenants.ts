import { AppError } from '../errors';
import { guidForm, isPolicyName, policyIn, tenantPlaceholder } from '../setting-values';
import type { Settings } from '../settings';

/**
 * Who may have issued a token, and whose accounts may sign in. ID tokens and bearer tokens follow the same rules.
 *
 * Entra ID has one issuer for each tenant. Its metadata for several tenants (`organizations`, `common`) states a template
 * with `{tenantid}`, which each token fills with its own `tid`.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 */

/** The settings that say which tenants may sign in. */
export type TenantSettings = Pick<Settings, 'allowedTenants' | 'issuer'>;

/**
 * True when `issuer` is this issuer, or this template filled with the GUID of any tenant.
 * @param template an issuer, with `{tenantid}` or without
 */
export function couldIssue(template: string, issuer: string): boolean {
  const [start = '', end] = template.split(tenantPlaceholder);
  if (end === undefined) return issuer === template;
  const tenantId = issuer.slice(start.length, issuer.length - end.length);
  return guidForm.test(tenantId) && issuer === start + tenantId + end;
}

/** What a token says of where it comes from, and what the key says that signed it. */
export interface TokenOrigin {
  readonly iss: unknown;
  readonly tid: unknown;
  /** The member `issuer` of the key, which only Entra ID's keys have. */
  readonly keyIssuer: string | undefined;
  /** Entra ID signs access tokens for a team's own API in one of two forms, which differ in `iss`. 2.0 unless given. */
  readonly version?: '1.0' | '2.0';
}

/** The checked issuer of a token, or the name of the check that failed. */
export type CheckedOrigin =
  { readonly issuer: string } | { readonly failed: 'iss' | 'tid' | 'issuer of the key' };

/**
 * Checks who issued a token whose signature is checked already.
 * @param stated `issuer` in the provider's metadata
 * @returns the issuer in the form of version 2.0: a user has the same in tokens of both versions
 */
export function checkOrigin(
  stated: string,
  { iss, tid, keyIssuer, version = '2.0' }: TokenOrigin,
): CheckedOrigin {
  const tenantId = typeof tid === 'string' ? tid.toLowerCase() : '';
  const isGuid = guidForm.test(tenantId);
  // Any other text in the place of the tenant could make the template mean another issuer.
  if (!isGuid && (stated.includes(tenantPlaceholder) || version === '1.0')) {
    return { failed: 'tid' };
  }
  const issuer = filled(stated, tenantId);
  const expected = version === '2.0' ? issuer : versionOneIssuer(stated, tenantId);
  if (iss !== expected) return { failed: 'iss' };
  if (version === '1.0' && !namesTenant(issuer, tenantId)) return { failed: 'iss' };
  // The keys of personal accounts stand in the same list as those of tenants, and must not sign for a tenant. Tokens of
  // version 1.0 are signed with the same keys, which name the issuer in the form of version 2.0 only.
  if (keyIssuer !== undefined && isGuid && filled(keyIssuer, tenantId) !== issuer) {
    return { failed: 'issuer of the key' };
  }
  return { issuer };
}

function filled(template: string, tenantId: string): string {
  return template.replace(tenantPlaceholder, tenantId);
}

/** True when the path of an issuer has this GUID. */
export function namesTenant(issuer: string, tenantId: string): boolean {
  return new URL(issuer).pathname.split('/').includes(tenantId);
}

/**
 * The claim that names another user flow of Azure AD B2C than the authority; `undefined` when none does. All user flows of a
 * tenant have one issuer, and may share keys. So only this claim tells a sign-in from a user flow that asks for less.
 *
 * It is `tfp`, or `acr` in old user flows. A custom policy can leave both out, and can put something else into `acr`.
 * @see https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview#claims
 */
export function foreignPolicy(
  authority: string,
  { tfp, acr }: Readonly<Record<string, unknown>>,
): 'tfp' | 'acr' | undefined {
  // As in most tokens.
  if (tfp === undefined && acr === undefined) return undefined;
  const own = policyIn(authority);
  if (own === undefined) return undefined;
  if (tfp !== undefined) return isSamePolicy(tfp, own) ? undefined : 'tfp';
  const isNamed = typeof acr === 'string' && isPolicyName(acr);
  return isNamed && !isSamePolicy(acr, own) ? 'acr' : undefined;
}

/** B2C does not keep the case of the name. */
function isSamePolicy(named: unknown, own: string): boolean {
  return typeof named === 'string' && named.toLowerCase() === own;
}

/** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#payload-claims */
function versionOneIssuer(stated: string, tenantId: string): string {
  const isInChina = new URL(stated).hostname.endsWith('.partner.microsoftonline.cn');
  return `https://${isInChina ? 'sts.chinacloudapi.cn' : 'sts.windows.net'}/${tenantId}/`;
}

/**
 * True when accounts of this tenant may sign in. It is asked again for each session, so that a tenant that an operator
 * takes from the list is out with the next request.
 */
export function isAllowedTenant(
  { allowedTenants }: Pick<TenantSettings, 'allowedTenants'>,
  tenantId: string | undefined,
): boolean {
  if (allowedTenants === undefined || allowedTenants === 'any') return true;
  return tenantId !== undefined && allowedTenants.has(tenantId.toLowerCase());
}

/** The settings that say who may open the console. */
type AdminSettings = Pick<Settings, 'allowedTenants' | 'adminRole' | 'adminTenantId'>;

/**
 * The roles that count. The administrators of each tenant give the app's roles to people there. If several tenants can sign
 * in, any of them could open the console in this way, and the console shows everybody's sessions. So the role of the console
 * counts in one tenant only.
 */
export function countingRoles(
  { allowedTenants, adminRole, adminTenantId }: AdminSettings,
  tenantId: string | undefined,
  roles: readonly string[],
): readonly string[] {
  const isOurs = tenantId !== undefined && tenantId.toLowerCase() === adminTenantId;
  return allowedTenants === undefined || isOurs
    ? roles
    : roles.filter((role) => role !== adminRole);
}

/** Path segments of a shared authority stand in all its endpoints. */
const sharedPath = /^\/(organizations|common)\//;

/** True if accounts of several tenants can sign in at this authority. */
export function isSharedAuthority(authority: string): boolean {
  return sharedPath.test(new URL(authority).pathname);
}

/**
 * The endpoint of the user's own tenant. A refresh token that came by a shared endpoint belongs to one tenant; the shared
 * endpoint would give a guest tokens of the home tenant instead.
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens
 */
export function endpointOfTenant(endpoint: string, tenantId: string | undefined): string {
  const url = new URL(endpoint);
  if (tenantId === undefined || !guidForm.test(tenantId) || !sharedPath.test(url.pathname)) {
    return endpoint;
  }
  url.pathname = url.pathname.replace(sharedPath, `/${tenantId}/`);
  return url.href;
}

/**
 * The same endpoint of Azure AD B2C for another user flow of the tenant.
 * @param authority has the user flow for sign-in in its path: `/<tenant>/<user flow>/v2.0`
 * @throws ERR_PROVIDER_MISMATCH when the endpoint does not name that user flow
 */
export function endpointOfPolicy(endpoint: string, authority: string, policy: string): string {
  const url = new URL(endpoint);
  const own = policyIn(authority);
  const segments = url.pathname.split('/');
  // B2C writes the names in lower case in its metadata.
  const at = segments.findIndex((segment) => segment.toLowerCase() === own);
  if (at < 0) {
    const note = 'the authorization endpoint does not name the user flow of ENTRA_AUTHORITY';
    throw new AppError('ERR_PROVIDER_MISMATCH', { note });
  }
  url.pathname = segments.with(at, policy).join('/');
  return url.href;
}
