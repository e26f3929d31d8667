import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { SeededUser } from './users';

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
    return { id: groupId(tenantId, displayName), displayName, isDirect };
  };
  return [...[...groups, ...counted].map(make(true)), ...indirectGroups.map(make(false))];
}

/** The object id of a group of this name. */
export function groupId(tenantId: string, displayName: string): string {
  const hash = createHash('sha256').update(`${tenantId}|${displayName}`).digest('hex');
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** Whether and how groups come in tokens. */
export interface GroupsInTokens {
  /** How many a token can name: 200 in a JWT. */
  readonly limit: number;
  /** `hasgroups` is what the implicit flow has where there are too many. */
  readonly overage: 'claim-sources' | 'hasgroups';
  /** The host of Azure AD Graph. */
  readonly graph: string;
}

/**
 * The claim `groups`: the object ids of all groups, direct or not. Where there are too many, the token says only where they can
 * be asked for. The address is that of Azure AD Graph, which is gone; Microsoft Graph has the same function.
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
