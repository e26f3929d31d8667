import { createHash } from 'node:crypto';
import type { SeededUser } from '../entra/seeded-user';

/** Delegated permissions that let an app read what a group is, and not only that there is one. */
const readsGroups = ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];

/**
 * Items of `GET /me/memberOf`. With `User.Read` alone they come with `id` and type, everything else
 * null, as Graph answers for types that an app may not read.
 * https://learn.microsoft.com/graph/api/user-list-memberof
 */
export function graphMembershipsOf(
  user: SeededUser,
  scopes: readonly string[],
): readonly Readonly<Record<string, unknown>>[] {
  const isReadable = scopes.some((scope) => readsGroups.includes(scope));
  return (user.groups ?? []).map((displayName) => {
    const group = graphGroupOf(displayName, user.tenantId);
    const hidden = Object.keys(group).map((name) => [name, name === 'id' ? group.id : null]);
    const shown: Readonly<Record<string, unknown>> = isReadable
      ? group
      : (Object.fromEntries(hidden) as Record<string, unknown>);
    return { '@odata.type': '#microsoft.graph.group', ...shown };
  });
}

/** The properties of a group that apps mostly ask for; its id follows from its name. */
function graphGroupOf(displayName: string, tenantId: string) {
  const hash = createHash('sha256').update(`${tenantId}|${displayName}`).digest('hex');
  return {
    id: hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
    displayName,
    description: null,
    groupTypes: [],
    mail: null,
    mailEnabled: false,
    mailNickname: displayName.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase(),
    securityEnabled: true,
    visibility: null,
  };
}
