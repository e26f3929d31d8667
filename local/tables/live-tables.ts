import { once } from 'node:events';
import { createHmac } from 'node:crypto';
import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import https from 'node:https';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import {
  answerControl,
  type ControlPanel,
  createChoice,
  createText,
  createTimes,
  spend,
} from '../loopback/control';
import { createFaultPanel } from '../loopback/control-page';
import { isForLoopback, respondJson } from '../loopback/server';
import {
  asLive,
  type BehindAnswer,
  createPages,
  type LiveAnswer,
  liveError,
  liveXmlError,
  readTablesRequest,
  refuseByLimits,
  requestKinds,
  send,
  type TablesRequest,
} from './messages';

export interface LiveTablesOptions {
  /** Where Azurite's tables listen, on 127.0.0.1. */
  readonly azuritePort: number;
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** PEM; with it, https is served. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Which bearer tokens are accepted. Without it, none are. */
  readonly access?: AccessRules;
}

/** Tables that answer as Azure Table Storage does. */
export interface LiveTables {
  readonly port: number;
  /** Sets the faults, as `POST /control` does. Without `change` it removes them all. */
  misbehave(change?: Readonly<Record<string, unknown>>): void;
  /**
   * Method and path of each request since the last call, in order: `GET /a/b`. A list that begins with an empty page
   * counts once. Writes of the activity are left out, because they come after the answers.
   */
  takeRequests(): string[];
  stop(): Promise<void>;
}

/**
 * A proxy in front of Azurite that answers as the live service does: error codes only in the body, opaque continuations,
 * empty pages, gzip, limits, bearer tokens. On demand it is busy, refuses, loses answers or closes connections.
 * Rejects when the port is taken (`EADDRINUSE`).
 */
export async function startLiveTables(options: LiveTablesOptions): Promise<LiveTables> {
  const faults = createTablesFaults();
  const panel = createTablesPanel(faults);
  const answerTables = createTables(options, faults);
  let requests: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://tables');
    if (pathname === '/control' || pathname.startsWith('/control/')) {
      answerOwn(request, response, () => answerControl(panel, request, response, pathname));
      return;
    }
    answerTables(request, (line) => requests.push(line)).then(
      (answer) => {
        if (answer === 'cut') response.destroy();
        else if (answer !== 'none') send(answer, request, response);
      },
      // Azurite or the client has closed the connection.
      () => response.destroy(),
    );
  };
  const server = options.tls
    ? https.createServer(options.tls, listener)
    : http.createServer(listener);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    misbehave: (change = {}) => {
      for (const control of Object.values(faults)) control.reset();
      for (const [name, value] of Object.entries(change)) {
        if (panel.controls[name]?.offer(value) !== true) {
          throw new TypeError(`not a fault: ${name}`);
        }
      }
    },
    takeRequests: () => {
      const taken = requests;
      requests = [];
      return taken;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answerOwn(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<void>,
): void {
  if (!isForLoopback(request)) {
    response.writeHead(421).end();
    return;
  }
  answer().catch(() => {
    respondJson(response, 500, { error: 'the control endpoint failed' });
  });
}

/** What a request gets: an answer, a closed connection, or nothing. */
type Outcome = LiveAnswer | 'cut' | 'none';

function createTables(options: LiveTablesOptions, faults: TablesFaults) {
  const judge = createAccess(options.access);
  const forward = createForwarding(options.azuritePort);
  const pages = createPages();

  return async (request: IncomingMessage, count: (line: string) => void): Promise<Outcome> => {
    const asked = await readTablesRequest(request);
    const isHit = isMeant(faults, asked) && spend(faults.times);
    const fault = isHit ? faultKinds[faults.fault.value] : undefined;
    const isHeldBack = fault === undefined && pages.holdsBack(asked);
    const isCounted = asked.kind !== 'activity' && !pages.goesOnFromBeginning(asked);
    if (isCounted) count(`${asked.method} ${asked.path}`);
    if (fault === 'hang') return 'none';
    if (fault === 'cut') return 'cut';
    if (fault === 'page') return pageOfProxy;
    if (typeof fault === 'object') return faultAnswer(fault, faults);
    const access = await judge(asked);
    if ('refused' in access) return access.refused;
    const refused = refuseByLimits(asked);
    if (refused !== undefined) return refused;
    return answerBehind(asked, access.headers, { isHeldBack, isLost: fault === 'lose' });
  };

  async function answerBehind(
    asked: TablesRequest,
    headers: TablesRequest['headers'],
    { isHeldBack, isLost }: { readonly isHeldBack: boolean; readonly isLost: boolean },
  ): Promise<Outcome> {
    if (isHeldBack) return pages.emptyPage(asked);
    const path = pages.pathBehind(asked);
    if (path === undefined) {
      return liveError(400, 'InvalidInput', 'One of the request inputs is not valid.');
    }
    const answer = await forward({ ...asked, path, headers });
    pages.learn(asked, answer.status);
    return isLost ? 'cut' : pages.withContinuation(asLive(asked, answer));
  }
}

/** What a proxy between may answer in place of the service. */
const pageOfProxy: LiveAnswer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<!doctype html><title>Sign in to this network</title>'),
};

function faultAnswer(
  fault: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly isXml?: boolean;
  },
  { retryAfter }: TablesFaults,
): LiveAnswer {
  const make = fault.isXml === true ? liveXmlError : liveError;
  const answer = make(fault.status, fault.code, fault.message);
  if (retryAfter.value === '') return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': retryAfter.value } };
}

/** How tables can fail, and what the client sees. `lose`: the request is done, but the connection closes before the answer. */
const faultKinds = {
  none: undefined,
  busy: { status: 503, code: 'ServerBusy', message: 'The server is busy.' },
  'timed-out': {
    status: 500,
    code: 'OperationTimedOut',
    message: 'Operation could not be completed within the specified time.',
  },
  'no-permission': {
    status: 403,
    code: 'AuthorizationPermissionMismatch',
    message: 'This request is not authorized to perform this operation using this permission.',
  },
  /** https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes */
  'no-table': {
    status: 404,
    code: 'TableNotFound',
    message: 'The table specified does not exist.',
  },
  /** The outer layer of the service says it, in XML. */
  'bad-token': {
    status: 401,
    code: 'InvalidAuthenticationInfo',
    message: 'Server failed to authenticate the request.',
    isXml: true,
  },
  page: 'page',
  'lost-answer': 'lose',
  cut: 'cut',
  hang: 'hang',
} as const;

type FaultKind = keyof typeof faultKinds;

const faultNames = [
  'none',
  'busy',
  'timed-out',
  'no-permission',
  'no-table',
  'bad-token',
  'page',
  'lost-answer',
  'cut',
  'hang',
] as const satisfies readonly FaultKind[];

const targets = ['all', 'reads', 'writes', ...requestKinds] as const;

type TablesFaults = ReturnType<typeof createTablesFaults>;

/** Everything a test can make the tables do wrong: `POST /control`. */
function createTablesFaults() {
  return {
    fault: createChoice<FaultKind>(faultNames),
    /** Which requests fail. */
    on: createChoice(targets),
    /** The `Retry-After` of `busy`, as it is sent; empty: none. */
    retryAfter: createText('', 'seconds or a date, or an empty text for none', {
      placeholder: 'none',
    }),
    /** How many requests fail; null: all. */
    times: createTimes(),
  };
}

/** Whether this request fails by the fault that is set. */
function isMeant({ fault, on, times }: TablesFaults, { kind }: TablesRequest): boolean {
  if (fault.value === 'none') return false;
  const isRead = kind === 'point-read' || kind === 'list';
  // It comes at a time of its own, so it must not take the place of a request that was counted on.
  if (kind === 'activity' && on.value !== 'activity' && times.value !== null) return false;
  if (on.value === 'all') return true;
  if (on.value === 'reads') return isRead;
  return on.value === 'writes' ? !isRead && kind !== 'table' : on.value === kind;
}

/** What `/control` of the tables offers. */
function createTablesPanel(faults: TablesFaults): ControlPanel {
  return createFaultPanel({
    of: 'Azure Table Storage',
    controls: faults,
    forms: {
      faults: {
        legend: 'Faults',
        fields: {
          fault: 'What goes wrong',
          on: 'With which requests',
          retryAfter: 'Retry-After, when busy',
          times: 'How many requests',
        },
      },
    },
  });
}

/** Which bearer tokens are accepted. */
export interface AccessRules {
  readonly tenantId: string;
  /** Public keys of the tokens. */
  readonly keys: readonly JWK[];
  /** The emulator's account. Azurite knows no tokens, so requests to it are signed with this key. */
  readonly account: { readonly name: string; readonly key: string };
}

const audiences = ['https://storage.azure.com', 'https://storage.azure.com/'];

type Judgement = { readonly headers: TablesRequest['headers'] } | { readonly refused: LiveAnswer };

/** Gives the headers that Azurite needs, or refuses a request as Table Storage does. */
function createAccess(
  rules: AccessRules | undefined,
): (asked: TablesRequest) => Promise<Judgement> {
  return async (asked) => {
    const { authorization } = asked.headers;
    if (authorization === undefined) {
      const message =
        'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.';
      return { refused: challenge(liveError(401, 'NoAuthenticationInformation', message), rules) };
    }
    const token = /^bearer (\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) return { headers: asked.headers };
    if (rules !== undefined && (await isGood(token, rules))) {
      return { headers: signed(asked, rules.account) };
    }
    const message =
      'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.';
    return { refused: challenge(liveXmlError(401, 'InvalidAuthenticationInfo', message), rules) };
  };
}

async function isGood(token: string, { tenantId, keys }: AccessRules): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), {
      // Tokens for storage are of version 1.0.
      issuer: `https://sts.windows.net/${tenantId}/`,
      audience: audiences,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'oid'],
    });
    return true;
  } catch {
    return false;
  }
}

/** Only Azure Storage writes a challenge like this: without quotes, and with a space between the members. */
function challenge(answer: LiveAnswer, rules: AccessRules | undefined): LiveAnswer {
  const tenant = rules?.tenantId ?? 'common';
  const header = `Bearer authorization_uri=https://login.microsoftonline.com/${tenant}/oauth2/authorize resource_id=https://storage.azure.com`;
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': header } };
}

/** SharedKeyLite of the table service signs the date and the resource. Microsoft Learn, "Authorize with Shared Key". */
function signed(
  { headers, path }: TablesRequest,
  { name, key }: AccessRules['account'],
): TablesRequest['headers'] {
  const date = new Date().toUTCString();
  const resource = path.split('?', 1)[0] ?? '';
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${date}\n/${name}${resource}`)
    .digest('base64');
  return { ...headers, 'x-ms-date': date, authorization: `SharedKeyLite ${name}:${signature}` };
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Azurite closes an idle connection after five seconds. So none is used again after four. */
const idleMs = 4_000;

/** Asks Azurite at that port of 127.0.0.1. Rejects when it does not answer. */
function createForwarding(port: number): (question: Question) => Promise<BehindAnswer> {
  const agent = new http.Agent({ keepAlive: true, timeout: idleMs });
  return async ({ method, path, headers, body }) => {
    const behind: OutgoingHttpHeaders = { ...headers, 'content-length': body.length };
    for (const name of ['accept-encoding', 'connection', 'transfer-encoding']) {
      Reflect.deleteProperty(behind, name);
    }
    const request = http.request({
      host: '127.0.0.1',
      port,
      agent,
      method,
      path,
      headers: behind,
    });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(Buffer.from(chunk as Uint8Array));
    return {
      status: answer.statusCode ?? 502,
      headers: answer.headers,
      body: Buffer.concat(chunks),
    };
  };
}
