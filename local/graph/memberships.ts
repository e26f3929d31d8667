import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import * as v from 'valibot';
import { consumersTenantId, type Group, groupsOf, type SeededUser } from '../entra/registrations';
import { readBody, respondJson } from '../loopback/server';

/** The person of the token, what the token allows, and the headers of every answer. */
interface Asker {
  readonly user: SeededUser;
  readonly scopes: readonly string[];
  readonly headers: OutgoingHttpHeaders;
}

export const json = {
  'Content-Type':
    'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
};

/** Delegated permissions to read the properties of a group. */
const readsGroups = ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];

/**
 * Answers what is asked about the groups of the person:
 *
 * - `GET /me/memberOf` and `/me/transitiveMemberOf`: 100 a page, or `$top` up to 999, with `@odata.nextLink`.
 * - `POST /me/getMemberObjects` and `/me/getMemberGroups`: all ids at once, at most 11,000.
 * - `POST /me/checkMemberGroups`: which of up to 20 groups the person is in. `User.Read` alone is not enough.
 * - `POST /me/checkMemberObjects`: the same for groups and other things. `User.Read` is enough.
 *
 * https://learn.microsoft.com/graph/api/user-list-transitivememberof,
 * https://learn.microsoft.com/graph/api/directoryobject-getmemberobjects,
 * https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups,
 * https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects
 */
export async function answerGroups(
  asker: Asker,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<GraphError | 'not about groups' | undefined> {
  const groups = groupsOf(asker.user);
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'GET /v1.0/me/memberOf':
      return listGroups(
        asker,
        groups.filter(({ isDirect }) => isDirect),
        response,
        url,
      );
    case 'GET /v1.0/me/transitiveMemberOf':
      return listGroups(asker, groups, response, url);
    case 'POST /v1.0/me/getMemberObjects':
    case 'POST /v1.0/me/getMemberGroups':
      return getMembers(asker, groups, request, response, url);
    case 'POST /v1.0/me/checkMemberGroups':
      return asker.scopes.some((scope) => readsGroups.includes(scope))
        ? checkMembers('groupIds', asker, groups, request, response, url)
        : problemOf('forbidden');
    case 'POST /v1.0/me/checkMemberObjects':
      return checkMembers('ids', asker, groups, request, response, url);
    default:
      return 'not about groups';
  }
}

export function badRequest(message: string, status = 400): GraphError {
  return { status, code: 'BadRequest', message };
}

/** An error of Microsoft Graph. */
export interface GraphError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** The refusal of that name. */
export function problemOf(name: keyof typeof graphProblem): GraphError {
  return graphProblem[name];
}

const graphProblem = {
  forbidden: {
    status: 403,
    code: 'Authorization_RequestDenied',
    message: 'Insufficient privileges to complete the operation.',
  },
  'not-found': {
    status: 404,
    code: 'Request_ResourceNotFound',
    message:
      'Resource does not exist or one of its queried reference-property objects are not present.',
  },
  'too-many-requests': {
    status: 429,
    code: 'TooManyRequests',
    message: 'Too many requests.',
  },
  error: { status: 500, code: 'generalException', message: 'An internal error occurred.' },
  unavailable: {
    status: 503,
    code: 'serviceNotAvailable',
    message: 'The service is unavailable.',
  },
  'gateway-timeout': { status: 504, code: 'UnknownError', message: '' },
} as const satisfies Record<string, GraphError>;

const usualPage = 100;
const largestPage = 999;

/**
 * One page. With `User.Read` alone the items have an id and a type, and everything else is null. Graph answers so for types
 * that an app may not read.
 */
function listGroups(
  { user, scopes, headers }: Asker,
  groups: readonly Group[],
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  if (user.tenantId === consumersTenantId) return notForPersonal;
  const isReadable = scopes.some((scope) => readsGroups.includes(scope));
  const [first] = groups.map(graphGroupOf);
  const known = first === undefined ? undefined : ['@odata.type', ...Object.keys(first)];
  const selection = readSelection(url, known, 'microsoft.graph.directoryObject');
  if ('code' in selection) return selection;
  const top = Number(url.searchParams.get('$top') ?? usualPage);
  const from = readSkipToken(url.searchParams.get('$skiptoken'));
  if (!Number.isSafeInteger(top) || top < 1 || top > largestPage) {
    return badRequest(
      `Invalid page size specified: '${top}'. Must be between 1 and 999 inclusive.`,
    );
  }
  if (from === undefined) return badRequest('The skip token is not valid.');
  const body = {
    '@odata.context': `${url.origin}/v1.0/$metadata#directoryObjects${selection.suffix}`,
    ...(from + top < groups.length ? { '@odata.nextLink': nextLink(url, from + top) } : {}),
    value: groups.slice(from, from + top).map((each) => {
      const group = graphGroupOf(each);
      const shown = isReadable ? group : { ...nulls(group), id: group.id };
      return selection.of({ '@odata.type': '#microsoft.graph.group', ...shown });
    }),
  };
  respondJson(response, 200, body, { ...headers, ...json });
  return undefined;
}

/** The properties of a group that most apps ask for. */
function graphGroupOf({ id, displayName }: Group) {
  return {
    id,
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

function nulls(group: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(group).map((name) => [name, null]));
}

/** The next page: the same query with a token that only Graph understands. */
function nextLink(url: URL, from: number): string {
  const next = new URL(url);
  next.searchParams.set('$skiptoken', Buffer.from(`from=${from}`).toString('base64url'));
  return next.href;
}

function readSkipToken(token: string | null): number | undefined {
  if (token === null) return 0;
  const from = /^from=(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  return from === undefined ? undefined : Number(from);
}

const mostMembers = 11_000;
const mostChecked = 20;

const notForPersonal: GraphError = {
  status: 403,
  code: 'AccessDenied',
  message: 'The operation is not supported for personal accounts.',
};

async function getMembers(
  { user, headers }: Asker,
  groups: readonly Group[],
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<GraphError | undefined> {
  if (user.tenantId === consumersTenantId) return notForPersonal;
  const body = await readAsked(request, v.object({ securityEnabledOnly: v.boolean() }));
  if (body === undefined) return badRequest('securityEnabledOnly must be true or false.');
  if (groups.length > mostMembers) {
    const message = `The number of results exceeds the limit of ${mostMembers}.`;
    return { status: 400, code: 'Directory_ResultSizeLimitExceeded', message };
  }
  sendIds(
    response,
    headers,
    url,
    groups.map(({ id }) => id),
  );
  return undefined;
}

async function checkMembers(
  name: 'groupIds' | 'ids',
  { user, headers }: Asker,
  groups: readonly Group[],
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<GraphError | undefined> {
  if (user.tenantId === consumersTenantId) return notForPersonal;
  const list = v.pipe(v.array(v.pipe(v.string(), v.uuid())), v.maxLength(mostChecked));
  const body = await readAsked(request, v.object({ [name]: list }));
  if (body === undefined) {
    const message = `${name} must be a list of at most ${mostChecked} object ids.`;
    return { status: 400, code: 'Request_BadRequest', message };
  }
  const ids = groups.map(({ id }) => id);
  sendIds(
    response,
    headers,
    url,
    (body[name] ?? []).filter((id) => ids.includes(id.toLowerCase())),
  );
  return undefined;
}

async function readAsked<Schema extends v.GenericSchema>(
  request: IncomingMessage,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return undefined;
  try {
    const read = v.safeParse(schema, JSON.parse(await readBody(request)));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}

function sendIds(
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  url: URL,
  value: readonly string[],
): void {
  const context = `${url.origin}/v1.0/$metadata#Collection(Edm.String)`;
  respondJson(response, 200, { '@odata.context': context, value }, { ...headers, ...json });
}

type Properties = Readonly<Record<string, unknown>>;

/** The properties that `$select` names. */
interface Selection {
  /** `(displayName,mail)` for the context, or nothing. */
  readonly suffix: string;
  of(resource: Properties): Properties;
}

/**
 * Reads `$select`.
 * https://learn.microsoft.com/graph/query-parameters#select-parameter
 * @param known the names of properties; undefined: any name is taken
 * @param type for the error: `microsoft.graph.user`
 */
export function readSelection(
  url: URL,
  known: readonly string[] | undefined,
  type: string,
): Selection | GraphError {
  const text = url.searchParams.get('$select') ?? '';
  const names = text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const unknown = names.find((name) => known?.includes(name) === false);
  if (unknown !== undefined) {
    const message = `Could not find a property named '${unknown}' on type '${type}'.`;
    return { status: 400, code: 'Request_BadRequest', message };
  }
  if (names.length === 0) return { suffix: '', of: (resource) => resource };
  return {
    suffix: `(${names.join(',')})`,
    of: (resource) =>
      Object.fromEntries(
        Object.entries(resource).filter(([name]) => names.includes(name) || name.startsWith('@')),
      ),
  };
}
