import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededUser } from '../entra/seeded-user';
import { answerControl } from '../loopback/answer-control';
import { spend } from '../loopback/control';
import { suffer } from '../loopback/outage';
import { respond, respondJson } from '../loopback/respond';
import { startLoopbackServer } from '../loopback/start-loopback-server';
import { createPhoto } from './create-photo';
import type { GraphError } from './graph-error';
import { graphErrorBody } from './graph-error';
import { createGraphFaults, problemOf } from './graph-faults';
import type { GraphFaults } from './graph-faults';
import { graphProfileOf } from './graph-profile';
import { claimsChallenge, createPublishedKeys, verifyAccessToken } from './verify-access-token';

export interface GraphStandInOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** JWKS, issuer and audience of the access tokens it accepts. */
  readonly keysUrl: string;
  readonly issuer: string;
  readonly audience: string;
  readonly users: readonly SeededUser[];
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
  const panel = {
    controls: faults,
    actions: {
      reset() {
        for (const control of Object.values(faults)) control.reset();
      },
    },
  };
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
  const rules = { ...options, keys: createPublishedKeys(options.keysUrl) };
  const photo = createPhoto();

  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const refuse = (error: GraphError) => {
      const id = request.headers['client-request-id'];
      const body = graphErrorBody(error, typeof id === 'string' ? id : undefined);
      respondJson(response, error.status, body, error.headers);
    };
    const isFaulty =
      faults.answer.value !== 'usual' || faults.outage.value !== 'none' || faults.delayMs.value > 0;
    const answer = isFaulty && spend(faults.times) ? faults.answer.value : 'off';
    if (answer !== 'off') {
      await delay(faults.delayMs.value);
      if (suffer(faults.outage.value, response)) return;
    }

    const verified = await verifyAccessToken(request.headers.authorization, rules);
    if ('error' in verified) refuse(verified.error);
    else if (answer === 'claims-challenge') {
      refuse(claimsChallenge(rules, Math.floor(Date.now() / 1000)));
    } else if (answer !== 'off' && answer !== 'usual') refuse(problemOf(answer));
    else {
      const user = options.users.find(({ objectId }) => objectId === verified.objectId);
      const error = answerUser(user, request, response, url, photo);
      if (error !== undefined) refuse(error);
    }
  };
}

/** Answers about the person; an error when there is nothing to answer with. */
function answerUser(
  user: SeededUser | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  photo: Buffer,
): GraphError | undefined {
  if (request.method !== 'GET') return notFound('BadRequest', 'Only GET is known here.', 405);
  if (user === undefined) return problemOf('not-found');
  if (url.pathname === '/v1.0/me') return answerProfile(user, response, url);
  if (url.pathname !== '/v1.0/me/photo/$value') {
    return notFound('BadRequest', `Resource not found for the segment '${url.pathname}'.`);
  }
  if (user.hasPhoto !== true) {
    return notFound('ImageNotFound', "Exception of type 'ImageNotFoundException' was thrown.");
  }
  respond(response, 200, photo, { 'Content-Type': 'image/png', ETag: '"stand-in-photo"' });
  return undefined;
}

function answerProfile(
  user: SeededUser,
  response: ServerResponse,
  url: URL,
): GraphError | undefined {
  const profile = graphProfileOf(user);
  const selected = (url.searchParams.get('$select') ?? '').split(',').filter((name) => name !== '');
  const unknown = selected.find((name) => !Object.hasOwn(profile, name));
  if (unknown !== undefined) {
    const message = `Could not find a property named '${unknown}' on type 'microsoft.graph.user'.`;
    return notFound('Request_BadRequest', message, 400);
  }
  const context = `${url.origin}/v1.0/$metadata#users`;
  respondJson(response, 200, {
    '@odata.context':
      selected.length === 0 ? `${context}/$entity` : `${context}(${selected.join(',')})/$entity`,
    ...(selected.length === 0
      ? profile
      : Object.fromEntries(selected.map((name) => [name, profile[name]]))),
  });
  return undefined;
}

function notFound(code: string, message: string, status = 404): GraphError {
  return { status, code, message };
}
