import * as v from 'valibot';
import { isObject, parseJson, readBounded } from '../bodies';
import type { RelyingParty } from '../entra/msal';
import { AppError, errorWord } from '../errors';
import type { User } from '../sessions/session';
import { guidForm } from '../setting-values';
import { abortable, AskedToWaitError, readRetryAfter, withTimeout } from '../waiting';
import { holdTokens } from './access-token';
import { type Apis, outgoingRequest } from './call-api';

/** Calls Microsoft Graph as the user: `callApi` of the request, for the API `graph`. */
type CallGraph = (path: string, accept: string) => Promise<Response>;

/** The optional fields of a profile, in the order they are asked for. */
const textFields = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'mail',
  'userPrincipalName',
  'officeLocation',
  'preferredLanguage',
  'mobilePhone',
] as const;

/** A user as Microsoft Graph tells; what it does not know is left out. */
export type Profile = { readonly id: string } & {
  readonly [field in (typeof textFields)[number]]?: string;
};

const maxProfileBytes = 64 * 1024;
const maxText = 1024;

/**
 * The signed-in user's profile.
 * @see https://learn.microsoft.com/graph/api/user-get
 * @throws what `callGraph` throws; ERR_API_UNAVAILABLE; ERR_API_REFUSED when the answer is no profile
 */
export async function readProfile(callGraph: CallGraph): Promise<Profile> {
  const path = `/me?$select=${[...textFields, 'id'].join(',')}`;
  const answer = await readAnswer(callGraph, path, 'application/json', maxProfileBytes);
  if (answer === undefined) throw graphRefused('Graph knows no such user');
  return parseProfile(parseJson(answer.body));
}

/**
 * The answer of Graph to `GET /me`, as Graph wrote it: everything that it tells of a user unless it is asked for more.
 * @throws as {@link readProfile}
 */
export async function readRawProfile(callGraph: CallGraph): Promise<Uint8Array> {
  const answer = await readAnswer(callGraph, '/me', 'application/json', maxProfileBytes);
  if (answer === undefined) throw graphRefused('Graph knows no such user');
  if (!isObject(parseJson(answer.body))) throw graphRefused('the profile is no JSON object');
  return answer.body;
}

function parseProfile(value: unknown): Profile {
  if (!isObject(value)) throw graphRefused('the profile is no JSON object');
  const { id } = value;
  if (!isText(id)) throw graphRefused('the profile has no id');
  const known = textFields.flatMap((field) => {
    const text = value[field];
    return isText(text) ? [[field, text] as const] : [];
  });
  return { id, ...Object.fromEntries(known) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxText;
}

/** Types a browser shows as a picture and never runs; SVG is not one of them. */
const contentTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

export interface Photo {
  readonly contentType: (typeof contentTypes)[number];
  readonly bytes: Uint8Array;
}

const maxPhotoBytes = 4 * 1024 * 1024;

/**
 * The signed-in user's photo, at most 4 MiB; `undefined` when there is none.
 * @see https://learn.microsoft.com/graph/api/profilephoto-get
 * @throws as {@link readProfile}; ERR_API_REFUSED when the answer is no picture
 */
export async function readPhoto(callGraph: CallGraph): Promise<Photo | undefined> {
  const answer = await readAnswer(callGraph, '/me/photo/$value', 'image/*', maxPhotoBytes);
  if (answer === undefined) return undefined;
  const contentType = contentTypes.find((type) => type === answer.contentType);
  if (contentType === undefined) throw graphRefused('the photo is of a type not shown');
  return { contentType, bytes: answer.body };
}

/** The whole answer of Graph to a GET; `undefined` for 404. */
async function readAnswer(
  callGraph: CallGraph,
  path: string,
  accept: string,
  maxBytes: number,
): Promise<GraphAnswer | undefined> {
  return readGraphAnswer(await callGraph(path, accept), `GET ${path}`, maxBytes);
}

/** A whole answer of Microsoft Graph with status 200. */
interface GraphAnswer {
  /** Without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Reads a whole answer of Microsoft Graph; `undefined` for 404.
 * @param request what was asked, for the log: `GET /me`, for example
 * @throws ERR_API_UNAVAILABLE when Graph is busy or has a fault of its own; ERR_API_REFUSED for any other answer than 200
 *   and 404, and for one that is too long
 */
async function readGraphAnswer(
  response: Response,
  request: string,
  maxBytes: number,
): Promise<GraphAnswer | undefined> {
  const { status, headers } = response;
  const reading = readBody(response, request, maxBytes);
  if (status === 200) {
    const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    return { contentType, body: await reading };
  }
  // The body of any other answer is only for the log. The status counts, even where the body cannot be read.
  const body = await reading.catch(() => new Uint8Array());
  if (status === 404) return undefined;
  const note = `Graph answered ${status}${graphErrorCode(body)} to ${request}`;
  if (status !== 429 && status !== 408 && status < 500) throw graphRefused(note);
  const wait = readRetryAfter(headers);
  throw wait === undefined
    ? new AppError('ERR_API_UNAVAILABLE', { note, api })
    : new AskedToWaitError('ERR_API_UNAVAILABLE', wait, { note, api });
}

async function readBody(
  response: Response,
  request: string,
  maxBytes: number,
): Promise<Uint8Array> {
  try {
    return await readBounded(response, maxBytes);
  } catch (cause) {
    if (cause instanceof RangeError) throw graphRefused(`the answer to ${request} is too long`);
    throw cause;
  }
}

/** `error.code` of a Graph error answer, for the log; never its message. */
function graphErrorCode(body: Uint8Array): string {
  const answer = parseJson(body);
  const error = isObject(answer) ? answer['error'] : undefined;
  const code = isObject(error) ? errorWord(error['code']) : undefined;
  return code === undefined ? '' : ` ${code}`;
}

const api = 'graph';

/** For an answer of Graph that cannot be used. */
function graphRefused(note: string): AppError {
  return new AppError('ERR_API_REFUSED', { note, api });
}

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
      const request = outgoingRequest(graph, membershipsPath, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ ids }),
      });
      return readMemberships(await apis.send(graph, request, access));
    }),
  );
  return found.flat();
}

const membershipsPath = '/me/checkMemberObjects';
const maxMembershipsBytes = 16 * 1024;
const membershipsSchema = v.object({ value: v.array(v.string()) });

async function readMemberships(response: Response): Promise<readonly string[]> {
  const answer = await readGraphAnswer(response, `POST ${membershipsPath}`, maxMembershipsBytes);
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
