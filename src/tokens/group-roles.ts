import * as v from 'valibot';
import type { RelyingParty } from '../entra/msal';
import { AppError } from '../errors';
import { parseJson } from '../bodies';
import type { User } from '../sessions/session';
import { guidForm } from '../setting-values';
import { abortable, withTimeout } from '../waiting';
import { holdTokens } from './access-token';
import { type Apis, outgoingRequest } from './call-api';
import { graphRefused, readGraphAnswer } from './graph';

/** Roles by the object id of the group that gives them. */
export type GroupRolesOption = Readonly<Record<string, string | readonly string[]>>;

/** The same, checked: ids in lower case. */
export type GroupRoleMap = ReadonlyMap<string, readonly string[]>;

/** More would mean more than ten requests to Graph for one sign-in. */
const maxGroups = 200;

/** @throws TypeError for an id that is no GUID, a role without a name, and too many groups */
export function readGroupRoles(option: GroupRolesOption): GroupRoleMap {
  const entries = Object.entries(option);
  if (entries.length > maxGroups) {
    throw new TypeError(`groupRoles may name ${maxGroups} groups at most`);
  }
  return new Map(
    entries.map(([group, given]) => {
      const id = group.toLowerCase();
      if (!guidForm.test(id)) throw new TypeError(`groupRoles: ${group} is not the id of a group`);
      const roles: readonly unknown[] = [given].flat();
      if (roles.length === 0 || !roles.every(isRole)) {
        throw new TypeError(`groupRoles: ${group} needs a role, or a list of roles`);
      }
      return [id, roles];
    }),
  );
}

const isRole = (role: unknown): role is string =>
  typeof role === 'string' && role !== '' && role.length <= 256;

type Claims = Readonly<Record<string, unknown>>;

/** A user whom the provider has confirmed, and the tokens that came with that. */
interface ConfirmedUser {
  readonly user: User;
  /** All claims of the ID token. */
  readonly claims: Claims;
  /** MSAL's serialized token cache. Secret. */
  readonly tokenCache: string;
}

/** What the groups of a user say. */
interface RolesOfGroups {
  /** Those of the ID token and those of the user's groups. */
  readonly roles: readonly string[];
  /** The given one, with a new token for Graph if one was needed. */
  readonly tokenCache: string;
}

/**
 * Adds the roles that the user's groups give. The ID token lists the groups, up to 200. For a user with more, it says only that
 * there are too many. Then the app asks Graph, and only about the groups of the option.
 * @throws ERR_GROUPS_UNAVAILABLE when Graph does not answer, ERR_GROUPS_REFUSED when it refuses or its answer cannot be used,
 *   a StepUpError when it wants more of the user, ERR_ID_TOKEN for a claim of another type; as `createUserTokens`
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim
 */
export type RolesOf = (
  confirmed: ConfirmedUser,
  now: number,
  signal: AbortSignal,
) => Promise<RolesOfGroups>;

interface GroupRolesParts {
  readonly relyingParty: RelyingParty;
  readonly apis: Apis;
  readonly groupRoles: GroupRoleMap;
}

/** `undefined` when no group gives a role: then those of the ID token are all. */
export function createRolesOf({
  relyingParty,
  apis,
  groupRoles,
}: GroupRolesParts): RolesOf | undefined {
  if (groupRoles.size === 0) return undefined;
  return async ({ user, claims, tokenCache }, now, signal) => {
    const tokens = holdTokens(relyingParty, { user, tokenCache, now, signal });
    const groups =
      groupsIn(claims) ?? (await askGraph(apis, tokens.userToken, [...groupRoles.keys()], signal));
    const given = groups.flatMap((group) => groupRoles.get(group.toLowerCase()) ?? []);
    return { roles: [...new Set([...user.roles, ...given])], tokenCache: tokens.latest() };
  };
}

/** `hasgroups` is the form of the implicit flow, whose limit is lower. The address in `_claim_sources` is never used. */
const groupClaims = v.object({
  groups: v.optional(v.array(v.string()), () => []),
  hasgroups: v.optional(v.union([v.boolean(), v.string()]), () => false),
  _claim_names: v.optional(v.record(v.string(), v.unknown()), () => ({})),
});

/** The groups in an ID token; `undefined` when the user has too many for it. A user without groups has no such claim. */
function groupsIn(claims: Claims): readonly string[] | undefined {
  const read = v.safeParse(groupClaims, claims);
  if (!read.success) {
    throw new AppError('ERR_ID_TOKEN', { note: 'the ID token failed the check of groups' });
  }
  const { groups, hasgroups, _claim_names: names } = read.output;
  const isOverage = 'groups' in names || hasgroups === true || hasgroups === 'true';
  return isOverage ? undefined : groups;
}

/** A part of the request's time: the session must still be stored. */
const timeoutMs = 3_000;

type UserToken = ReturnType<typeof holdTokens>['userToken'];

/** Which of these groups the user is in, directly or by another group. */
async function askGraph(
  apis: Apis,
  userToken: UserToken,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await withTimeout(signal, timeoutMs, (part) =>
      abortable(checkGroups(apis, userToken, groups, part), 'ERR_GROUPS_UNAVAILABLE', part),
    );
  } catch (error) {
    throw ofGroups(error);
  }
}

/** The limit of one request. */
const groupsOfRequest = 20;

/**
 * Not `checkMemberGroups`: its documentation names more permissions than `User.Read` in some versions.
 * @see https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects
 */
async function checkGroups(
  apis: Apis,
  userToken: UserToken,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const graph = apis.find('graph');
  // Enough for the groups of the person. A sign-in without any API has no scope of Graph yet.
  const scopes = graph.scopes.length > 0 ? graph.scopes : ['User.Read'];
  const access = { accessToken: await userToken(scopes), scopes, signal };
  const count = Math.ceil(groups.length / groupsOfRequest);
  const parts = Array.from({ length: count }, (_, index) =>
    groups.slice(index * groupsOfRequest, (index + 1) * groupsOfRequest),
  );
  const found = await Promise.all(
    parts.map(async (ids) => {
      const request = outgoingRequest(graph, path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ ids }),
      });
      return readMemberships(await apis.send(graph, request, access));
    }),
  );
  return found.flat();
}

const path = '/me/checkMemberObjects';
const maxBytes = 16 * 1024;
const membershipsSchema = v.object({ value: v.array(v.string()) });

async function readMemberships(response: Response): Promise<readonly string[]> {
  const answer = await readGraphAnswer(response, { request: `POST ${path}`, maxBytes });
  const read = v.safeParse(membershipsSchema, answer && parseJson(answer.body));
  if (!read.success) throw graphRefused('Graph told nothing of the groups');
  return read.output.value;
}

/** Errors of an API say that the person is signed in, which is not true here. */
function ofGroups(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const { note, retryAfterSeconds, cause } = error;
  const options = { cause, ...(note === undefined ? {} : { note }) };
  if (error.code === 'ERR_API_UNAVAILABLE') {
    return new AppError('ERR_GROUPS_UNAVAILABLE', { ...options, retryAfterSeconds });
  }
  return error.code === 'ERR_API_REFUSED' ? new AppError('ERR_GROUPS_REFUSED', options) : error;
}
