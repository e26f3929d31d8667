import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cloudOf, type EntraShape, isGraphAddress } from '../entra/tenants';
import type { SeededUser } from '../entra/registrations';
import { createTokenVerifier, type TokenFault, type TokenVerifier } from '../entra/signing-keys';
import {
  answerControl,
  type ControlPanel,
  createApiFaults,
  createChoice,
  createText,
  takeFault,
} from '../loopback/control';
import { respondJson, startLoopbackServer } from '../loopback/server';
import { createFaultPanel } from '../loopback/control-page';
import { type GraphError, problemOf } from './memberships';
import { answerPerson, createPhoto, type Photo, photoPath } from './people';

interface GraphStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** JWKS, issuers and audience of the access tokens it accepts. */
  readonly keysUrl: string;
  readonly consumersKeysUrl?: string | undefined;
  readonly issuers: readonly string[];
  readonly audience: string;
  /** Whose cloud it is in, so that a challenge names the right sign-in: `entra` by default. */
  readonly shape?: EntraShape | undefined;
  /** The scope that a token must have: `User.Read` by default. */
  readonly scope?: string;
  /** The accounts as they are now. */
  listUsers(): readonly SeededUser[];
}

export interface GraphStandIn {
  readonly url: string;
  /** What `GRAPH_BASE_URL` must be. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** Starts the local stand-in for Microsoft Graph; rejects when the port is taken. */
export async function startGraphStandIn(options: GraphStandInOptions): Promise<GraphStandIn> {
  const faults = createGraphFaults();
  const panel = createGraphPanel(faults);
  const answerGraph = createGraph(options, faults);
  const server = await startLoopbackServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    createHandler: () =>
      Promise.resolve(async (request, response, url) => {
        const { pathname } = url;
        if (pathname === '/control' || pathname.startsWith('/control/')) {
          await answerControl(panel, request, response, pathname);
        } else {
          await answerGraph(request, response, url);
        }
      }),
  });
  return { url: server.url, baseUrl: `${server.url}/v1.0`, stop: () => server.stop() };
}

function createGraph(options: GraphStandInOptions, faults: GraphFaults) {
  const { issuers, scope = 'User.Read', shape = 'entra' } = options;
  const authorize = `https://${cloudOf(shape).login}/common/oauth2/authorize`;
  const verifier = createTokenVerifier({
    keysUrl: options.keysUrl,
    consumersKeysUrl: options.consumersKeysUrl,
    issuers,
    audiences: audiencesOf(options),
    requiredClaims: ['scp', 'oid'],
  });
  const photo = createPhoto();

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const ids = idsOf(request);
    const headers = graphHeaders(ids);
    const refuse = (error: GraphError) => {
      respondJson(response, error.status, graphErrorBody(error, ids), {
        ...headers,
        'Content-Type': 'application/json',
        ...(error.status === 401 && { 'WWW-Authenticate': bearerOf(authorize) }),
        ...error.headers,
        ...retryAfterOf(error.status, faults.retryAfter.value),
      });
    };
    const answer = await takeFault(faults, response);
    if (answer === undefined) return;

    const verified = await verifyAccessToken(request.headers.authorization, verifier, scope);
    if ('error' in verified) {
      refuse(verified.error);
      return;
    }
    const fault = faultOf(answer, { faults, photo, url, authorize });
    if (fault !== undefined) {
      refuse(fault);
      return;
    }
    const user = options.listUsers().find(({ objectId }) => objectId === verified.objectId);
    const asker = { user, scopes: verified.scopes, photo, headers };
    const error = await answerPerson(asker, request, response, url);
    if (error !== undefined) refuse(error);
  };
}

function idsOf({ headers }: IncomingMessage): GraphIds {
  const requestId = randomUUID();
  const own = headers['client-request-id'];
  return { requestId, clientRequestId: typeof own === 'string' ? own : requestId };
}

/** The refusal that the control page has set, if there is one. */
function faultOf(
  answer: GraphAnswer,
  {
    faults,
    photo,
    url,
    authorize,
  }: { faults: GraphFaults; photo: Photo; url: URL; authorize: string },
): GraphError | undefined {
  switch (answer) {
    case 'usual':
      return undefined;
    case 'claims-challenge':
      return claimsChallenge(authorize, faults.challengeForm.value);
    case 'no-photo':
      return url.pathname === photoPath ? photo.missing() : undefined;
    case 'forbidden':
    case 'not-found':
    case 'too-many-requests':
    case 'error':
    case 'unavailable':
    case 'gateway-timeout':
      return problemOf(answer);
  }
}

/** The ids of a request. They are in the headers of the answer, and in the body of an error. */
interface GraphIds {
  readonly requestId: string;
  /** The caller's id, or `requestId` when it sent none. */
  readonly clientRequestId: string;
}

/** Microsoft Graph's error body: https://learn.microsoft.com/graph/errors. */
function graphErrorBody(error: GraphError, ids: GraphIds): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      innerError: {
        date: new Date().toISOString().slice(0, 19),
        'request-id': ids.requestId,
        'client-request-id': ids.clientRequestId,
      },
    },
  };
}

/** What every answer of Microsoft Graph has. */
function graphHeaders(ids: GraphIds): Readonly<Record<string, string>> {
  const server = { DataCenter: 'Loopback', Slice: 'E', Ring: '1', ScaleUnit: '000' };
  return {
    'request-id': ids.requestId,
    'client-request-id': ids.clientRequestId,
    'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: { ...server, RoleInstance: 'stand-in' } }),
    'x-ms-resource-unit': '1',
    'OData-Version': '4.0',
    'Strict-Transport-Security': 'max-age=31536000',
  };
}

const applicationOfGraph = '00000003-0000-0000-c000-000000000000';
const client = `client_id="${applicationOfGraph}"`;

/** @param authorize where people sign in: in each cloud somewhere else */
function bearerOf(authorize: string): string {
  return `Bearer realm="", authorization_uri="${authorize}", ${client}`;
}

type Verified =
  | { readonly objectId: string; readonly scopes: readonly string[] }
  | { readonly error: GraphError };

/** Microsoft Graph accepts its application id and its address in its own cloud. */
function audiencesOf({ audience }: { readonly audience: string }): string[] {
  return isGraphAddress(audience) ? [audience, applicationOfGraph] : [audience];
}

/** Whose request this is, by its bearer token (RFC 6750); else the answer that refuses it. */
async function verifyAccessToken(
  authorization: string | undefined,
  verifier: TokenVerifier,
  scope: string,
): Promise<Verified> {
  const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return { error: invalidToken('Access token is empty.') };
  const verified = await verifier.verify(token);
  if ('reason' in verified) return { error: invalidToken(reasons[verified.reason]) };
  const { scp, oid } = verified.claims;
  if (typeof scp !== 'string' || typeof oid !== 'string') {
    return { error: invalidToken('Claims of the access token are malformed.') };
  }
  const scopes = scp.split(' ');
  return scopes.includes(scope) ? { objectId: oid, scopes } : { error: scopeMissing };
}

const scopeMissing: GraphError = {
  status: 403,
  code: 'Authorization_RequestDenied',
  message: 'Insufficient privileges to complete the operation.',
};

/**
 * 401 with a claims challenge of Continuous Access Evaluation:
 * https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
function claimsChallenge(authorize: string, form: ChallengeForm): GraphError {
  const bearer = bearerOf(authorize);
  const now = Math.floor(Date.now() / 1000);
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: String(now) } } });
  const encoded = Buffer.from(claims).toString('base64');
  const result = 'TokenIssuedBeforeRevocationTimestamp';
  const said = `errorDescription="Continuous access evaluation resulted in claims challenge with result: ${result}"`;
  const [error, request] = ['error="insufficient_claims"', `claims="${encoded}"`];
  return {
    ...invalidToken(said.slice('errorDescription="'.length, -1)),
    headers: {
      'WWW-Authenticate': {
        unquoted: `Bearer ${[`realm=""`, `authorization_uri=${authorize}`, client, error, request, said].join(', ')}`,
        quoted: `${bearer}, ${[said, error, request].join(', ')}`,
        'two-headers': [
          'PoP realm="", nonce="bm8gbm9uY2U"',
          `${bearer}, ${['cc_type="authcontext"', request, error].join(', ')}`,
        ],
      }[form],
    },
  };
}

function invalidToken(message: string): GraphError {
  return { status: 401, code: 'InvalidAuthenticationToken', message };
}

const reasons: Readonly<Record<TokenFault, string>> = {
  expired: 'Lifetime validation failed, the token is expired.',
  audience: 'Access token validation failure. Invalid audience.',
  claims: 'Access token validation failure.',
  signature: 'Invalid access token signature.',
};

const graphAnswers = [
  'usual',
  'claims-challenge',
  'forbidden',
  'not-found',
  'no-photo',
  'too-many-requests',
  'error',
  'unavailable',
  'gateway-timeout',
] as const;

/**
 * How a claims challenge is written: with `authorization_uri` unquoted (recorded in 2022), all quoted and in another order
 * (in Microsoft's own tests since 2023), or after a challenge of another scheme and with one more member.
 */
const challengeForms = ['unquoted', 'quoted', 'two-headers'] as const;
type ChallengeForm = (typeof challengeForms)[number];

type GraphAnswer = (typeof graphAnswers)[number];

type GraphFaults = ReturnType<typeof createGraphFaults>;

/** Everything a test can make the stand-in do wrong: `POST /control`. */
export function createGraphFaults() {
  return {
    ...createApiFaults(graphAnswers),
    /** `Retry-After` of refusals: seconds or a date. 'usual': 7 for 429, none for others. 'none': never. */
    retryAfter: createText('usual', 'usual, none, seconds or a date', { whenEmpty: 'usual' }),
    challengeForm: createChoice(challengeForms),
  };
}

/** `Retry-After` of a refusal with this status. Microsoft Graph's 503 and 504 often have none. */
function retryAfterOf(status: number, ordered: string): Readonly<Record<string, string>> {
  if (status !== 429 && status !== 503 && status !== 504) return {};
  if (ordered === 'none') return {};
  if (ordered === 'usual') return status === 429 ? { 'Retry-After': '7' } : {};
  return { 'Retry-After': ordered };
}

/** What `/control` of the stand-in offers: how it answers, and how late. */
export function createGraphPanel(faults: GraphFaults): ControlPanel {
  return createFaultPanel({
    of: 'Microsoft Graph',
    controls: faults,
    forms: {
      answers: {
        legend: 'Answers',
        fields: {
          answer: 'Answer',
          retryAfter: 'Retry-After: usual, none, seconds or a date',
          challengeForm: 'Claims challenge',
          outage: 'Outage',
          delayMs: 'Delay, in milliseconds',
          times: 'How many requests',
        },
      },
    },
  });
}
