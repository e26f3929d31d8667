import { createHash } from 'node:crypto';
import type { JWK, JWTPayload } from 'jose';

/** What an app is registered with. */
export interface AppRegistration {
  readonly id: string;
  /** Without it, the app can only authenticate by an assertion. */
  readonly secret?: string;
  /** A public client, such as a command line: it has no secret, and its redirect URI `http://localhost` is for any port. */
  readonly isPublic?: boolean;
  /** PEM certificates whose keys may sign the app's assertions (private_key_jwt). */
  readonly certificates?: readonly string[];
  /** Tokens of other issuers that prove the app, such as those of a managed identity. */
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly frontChannelLogoutUri?: string;
  /** Optional claims of its ID tokens. Others are not sent. */
  readonly optionalClaims?: readonly ('sid' | 'login_hint' | 'auth_time' | 'acrs')[];
  /** The application permissions that an administrator has granted to the app, by App ID URI of the API. */
  readonly appPermissions?: Readonly<Record<string, readonly string[]>>;
  /** `groupMembershipClaims` of the manifest: with it, tokens name the groups of the person. */
  readonly groupMembershipClaims?: 'SecurityGroup' | 'All';
  /** Whose accounts can sign in to it: those of its own organisation by default. */
  readonly signInAudience?: SignInAudience;
}

/** https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation */
export type SignInAudience =
  | 'AzureADMyOrg'
  | 'AzureADMultipleOrgs'
  | 'AzureADandPersonalMicrosoftAccount'
  | 'PersonalMicrosoftAccount';

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
interface FederatedCredential {
  /** `iss`, `sub` and `aud` that the token must have, exactly. */
  readonly issuer: string;
  readonly subject: string;
  /** `api://AzureADTokenExchange` in Azure. */
  readonly audience: string;
  /** Public keys of the issuer. */
  readonly keys: readonly JWK[];
}

/** An app as the stand-in knows it. */
export interface RegisteredClient extends AppRegistration {
  /** oidc-provider compares it. An app without a secret gets one that nobody knows. */
  readonly secret: string;
}

/** The registered apps. */
export interface RegisteredClients {
  readonly all: readonly RegisteredClient[];
  find(id: unknown): RegisteredClient | undefined;
}

/** An API that an app exposes, as it is registered. */
export interface ExposedApi {
  /** App ID URI: `api://orders`. */
  readonly uri: string;
  /** Application (client) id: `aud` of its tokens of version 2. */
  readonly clientId: string;
  /** `requestedAccessTokenVersion` of the manifest: null, as new registrations have it, means 1. */
  readonly tokenVersion: 1 | 2 | null;
  /** Names of its scopes (delegated permissions): `Orders.Read`. Left out: every name is one. */
  readonly scopes?: readonly string[];
  /** Those of the scopes that only an administrator can consent to. */
  readonly adminScopes?: readonly string[];
  /** Application permissions, which are app roles that apps can have: `Orders.Read.All`. */
  readonly appRoles?: readonly string[];
  /** Optional claims of its access tokens. */
  readonly optionalClaims?: readonly ('idtyp' | 'auth_time')[];
  /** Whether an app without any of the application permissions gets no token ("assignment required"). */
  readonly requiresAssignment?: boolean;
}

/** The API of this App ID URI or client id. A slash at the end does not matter. */
export function findApi(apis: readonly ExposedApi[], resource: string): ExposedApi | undefined {
  return apis.find(
    ({ uri, clientId }) => uri === resource || `${uri}/` === resource || clientId === resource,
  );
}

/** An account of the stand-in's directory, with what Microsoft Graph tells about it. */
export interface SeededUser {
  /** `oid`, a GUID. */
  readonly objectId: string;
  /** `tid`. Only an app for several tenants can be signed in to from another tenant than the app's. */
  readonly tenantId: string;
  readonly name: string;
  /** `preferred_username`. */
  readonly username: string;
  /** Values of app roles. */
  readonly roles: readonly string[];
  /** May consent to what only an administrator of the tenant can consent to. */
  readonly isAdministrator?: boolean;
  /** Of a guest: the account in the tenant at home. */
  readonly home?: { readonly tenantId: string; readonly objectId: string };
  /** What this account shows, in one line. */
  readonly note: string;
  /** False: the consent page comes first. */
  readonly consented: boolean;
  /** True: sign-in and refresh fail with AADSTS50057. */
  readonly disabled: boolean;
  readonly givenName: string;
  readonly surname: string;
  /** Differs from `username` for guests only. */
  readonly userPrincipalName?: string;
  readonly jobTitle?: string;
  readonly mail?: string;
  readonly mobilePhone?: string;
  readonly businessPhones?: readonly string[];
  readonly officeLocation?: string;
  readonly preferredLanguage?: string;
  readonly hasPhoto?: boolean;
  /** Names of the groups the person is in: `/me/memberOf`. */
  readonly groups?: readonly string[];
  /** Names of the groups the person is in through another group. */
  readonly indirectGroups?: readonly string[];
  /** How many further groups the person is in: `Group 1`, `Group 2`, and so on. */
  readonly groupCount?: number;
}

/** The tenant of all personal accounts: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
export const consumersTenantId = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** The second organisation, whose people can use an app that is for several. */
export const otherTenantId = 'b5a3c1de-77f4-4f0e-9d53-0c2f1b6a9e42';

/** The user name of a person of another organisation. The picker offers this person everywhere. */
export const outsider = 'rafael@elsewhere.example';

const omarAtHome = {
  tenantId: otherTenantId,
  objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a07',
};

type Usual = Pick<SeededUser, 'tenantId' | 'roles' | 'consented' | 'disabled'>;

/** The accounts that the local stack starts with. Each shows another case. Those that only an app for several tenants meets come last. */
export function seedUsers(tenantId: string, adminRole = 'admin'): SeededUser[] {
  const usual = { tenantId, roles: [], consented: true, disabled: false } as const;
  return [...members(usual, adminRole), ...others(usual), ...elsewhere(usual)];
}

function members(usual: Usual, adminRole: string): SeededUser[] {
  return [
    {
      ...usual,
      objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a01',
      name: 'Ines Okafor',
      givenName: 'Ines',
      surname: 'Okafor',
      username: 'ines@anteroom.example',
      roles: [adminRole],
      isAdministrator: true,
      note: `Administrator: has the app role ${adminRole}`,
      jobTitle: 'Identity administrator',
      mail: 'ines@anteroom.example',
      mobilePhone: '+49 30 5550101',
      businessPhones: ['+49 30 5550100'],
      officeLocation: 'Berlin 4/12',
      preferredLanguage: 'en-GB',
      hasPhoto: true,
      groups: ['Identity team', 'All staff'],
      indirectGroups: ['Whole company'],
    },
    {
      ...usual,
      objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a02',
      name: 'Tomás Lindqvist',
      givenName: 'Tomás',
      surname: 'Lindqvist',
      username: 'tomas@anteroom.example',
      note: 'Plain user: no app role, no photo',
      jobTitle: 'Warehouse planner',
      mail: 'tomas@anteroom.example',
      officeLocation: 'Malmö 1',
      groups: ['All staff'],
      preferredLanguage: 'sv-SE',
    },
    {
      ...usual,
      objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a03',
      name: 'Mei Tanaka',
      givenName: 'Mei',
      surname: 'Tanaka',
      username: 'mei@anteroom.example',
      note: 'Has not consented yet: sees the consent page first',
      consented: false,
      jobTitle: 'Analyst',
      mail: 'mei@anteroom.example',
    },
  ];
}

function others(usual: Usual): SeededUser[] {
  return [
    {
      ...usual,
      objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a04',
      tenantId: otherTenantId,
      name: 'Rafael Duarte',
      givenName: 'Rafael',
      surname: 'Duarte',
      username: outsider,
      note: 'Another organisation: can only sign in to an app for several tenants',
    },
    {
      ...usual,
      objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a05',
      name: 'Nadia Petrova',
      givenName: 'Nadia',
      surname: 'Petrova',
      username: 'nadia@anteroom.example',
      note: 'Disabled: cannot sign in at all',
      disabled: true,
    },
    {
      ...usual,
      objectId: '1f0c2a94-5c1e-4f3b-8a57-3d9e6b7c1a06',
      name: 'Omar Haddad',
      givenName: 'Omar',
      surname: 'Haddad',
      username: 'omar@partner.example',
      userPrincipalName: 'omar_partner.example#EXT#@anteroom.example',
      note: 'Guest: an outside account invited into this organisation',
      mail: 'omar@partner.example',
      home: omarAtHome,
    },
  ];
}

/** Accounts that an app for one organisation never meets. */
function elsewhere(usual: Usual): SeededUser[] {
  return [
    {
      ...{ ...usual, ...omarAtHome },
      name: 'Omar Haddad',
      givenName: 'Omar',
      surname: 'Haddad',
      username: 'omar@partner.example',
      note: 'Another organisation, and a guest of this one',
      mail: 'omar@partner.example',
    },
    {
      ...usual,
      // The first half is zero in all personal accounts.
      objectId: '00000000-0000-0000-0a11-00000a57e707',
      tenantId: consumersTenantId,
      name: 'Pia Lehtonen',
      givenName: 'Pia',
      surname: 'Lehtonen',
      username: 'pia@outlook.example',
      note: 'Personal account, of no organisation',
      mail: 'pia@outlook.example',
    },
  ];
}

/** A security group of a tenant. */
export interface Group {
  readonly id: string;
  readonly displayName: string;
  /** False: the person is in it through another group. */
  readonly isDirect: boolean;
}

/** The groups of a person. Their ids are made from tenant and name, so they stay the same. */
export function groupsOf(user: SeededUser): readonly Group[] {
  const { tenantId, groups = [], indirectGroups = [], groupCount = 0 } = user;
  const counted = Array.from({ length: groupCount }, (_, index) => `Group ${index + 1}`);
  const make = (isDirect: boolean) => (displayName: string) => {
    return { id: guidOf(`${tenantId}|${displayName}`), displayName, isDirect };
  };
  return [...[...groups, ...counted].map(make(true)), ...indirectGroups.map(make(false))];
}

/** Always the same GUID for a text. */
export function guidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** Whether and how groups come in tokens. */
export interface GroupsInTokens {
  /** How many a token can name: 200 in a JWT. */
  readonly limit: number;
  /** `hasgroups` is what the implicit flow has if there are too many. */
  readonly overage: 'claim-sources' | 'hasgroups';
  /** The host of Azure AD Graph. */
  readonly graph: string;
}

/**
 * The claim `groups`: the object ids of all groups, direct or not. If there are too many, the token says only where an app
 * can ask for them. The address is that of Azure AD Graph, which is gone; Microsoft Graph has the same function.
 * https://learn.microsoft.com/security/zero-trust/develop/configure-tokens-group-claims-app-roles
 * The address: MicrosoftDocs/azure-docs#28514, #91865
 */
export function groupsClaim(
  user: SeededUser,
  { limit, overage, graph }: GroupsInTokens,
): JWTPayload {
  const ids = groupsOf(user).map(({ id }) => id);
  if (ids.length === 0) return {};
  if (ids.length <= limit) return { groups: ids };
  if (overage === 'hasgroups') return { hasgroups: true };
  const { tenantId, objectId } = user;
  const endpoint = `https://${graph}/${tenantId}/users/${objectId}/getMemberObjects`;
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } };
}
