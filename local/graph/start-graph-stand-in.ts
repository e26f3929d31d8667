import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededUser } from '../entra/seeded-user';
import { answerControl } from '../loopback/answer-control';
import { spend } from '../loopback/control';
import { suffer } from '../loopback/outage';
import { respondJson } from '../loopback/respond';
import { startLoopbackServer } from '../loopback/start-loopback-server';
import { answerPerson, createPhotoAnswers, photoFault, type Photo } from './answer-person';
import { createGraphPanel } from './create-graph-panel';
import { createPhoto } from './create-photo';
import { graphErrorBody, graphHeaders, type GraphError, type GraphIds } from './graph-error';
import { createGraphFaults, problemOf, retryAfterOf } from './graph-faults';
import type { GraphAnswer, GraphFaults } from './graph-faults';
import { audiencesOf, claimsChallenge, createPublishedKeys } from './verify-access-token';
import { verifyAccessToken } from './verify-access-token';

export interface GraphStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** JWKS, issuer and audience of the access tokens it accepts. */
  readonly keysUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** What a token must permit: `User.Read`, unless told otherwise. */
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
  const { issuer, scope = 'User.Read' } = options;
  const rules = {
    issuer,
    audiences: audiencesOf(options),
    scope,
    keys: createPublishedKeys(options.keysUrl),
  };
  const photo = createPhotoAnswers(createPhoto());

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const ids = idsOf(request);
    const headers = graphHeaders(ids);
    const refuse = (error: GraphError) => {
      respondJson(response, error.status, graphErrorBody(error, ids), {
        ...headers,
        'Content-Type': 'application/json',
        ...error.headers,
        ...retryAfterOf(error.status, faults.retryAfter.value),
      });
    };
    const isFaulty =
      faults.answer.value !== 'usual' || faults.outage.value !== 'none' || faults.delayMs.value > 0;
    const isHit = isFaulty && spend(faults.times);
    const answer = isHit ? faults.answer.value : 'usual';
    if (isHit) {
      await delay(faults.delayMs.value);
      if (suffer(faults.outage.value, response)) return;
    }

    const verified = await verifyAccessToken(request.headers.authorization, rules);
    if ('error' in verified) {
      refuse(verified.error);
      return;
    }
    const fault = faultOf(answer, { faults, photo, url });
    if (fault !== undefined) {
      refuse(fault);
      return;
    }
    const user = options.listUsers().find(({ objectId }) => objectId === verified.objectId);
    const asker = { user, scopes: verified.scopes, photo, headers };
    const error = answerPerson(asker, request, response, url);
    if (error !== undefined) refuse(error);
  };
}

function idsOf({ headers }: IncomingMessage): GraphIds {
  const requestId = randomUUID();
  const own = headers['client-request-id'];
  return { requestId, clientRequestId: typeof own === 'string' ? own : requestId };
}

/** The refusal that the control page has ordered, if any. */
function faultOf(
  answer: GraphAnswer,
  { faults, photo, url }: { faults: GraphFaults; photo: Photo; url: URL },
): GraphError | undefined {
  switch (answer) {
    case 'usual':
      return undefined;
    case 'claims-challenge':
      return claimsChallenge(faults.challengeForm.value, Math.floor(Date.now() / 1000));
    case 'no-photo':
      return photoFault(photo, url);
    case 'forbidden':
    case 'not-found':
    case 'too-many-requests':
    case 'error':
    case 'unavailable':
    case 'gateway-timeout':
      return problemOf(answer);
  }
}
