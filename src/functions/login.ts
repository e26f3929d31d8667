import type { HttpResponseInit } from '@azure/functions';
import type { SignInWishes } from '../auth/start-sign-in';
import { prompts } from '../auth/start-sign-in';
import type { StepUpRequest } from '../auth/step-up';
import { parseStepUpRequest, stepUpSeconds } from '../auth/step-up';
import { AppError, SignInNeededError } from '../errors';
import { beginSignIn } from '../guards/begin-sign-in';
import { findTicket } from '../guards/find-session';
import { bounce } from '../http/bounce';
import type { Exchange } from '../http/exchange';
import { readQuery } from '../http/read-query';
import { isInsidePage } from '../http/request-kind';
import { redirectTo } from '../http/responses';
import type { WantedPage } from '../http/return-path';
import { localPath, loginPathTo, wantedPage } from '../http/return-path';
import { serve } from '../http/serve';
import { openSealed } from '../keys/sealed-value';
import { sessionKeyOf } from '../sessions/session-key';

/** What some hosts take of a whole query. */
const longestValue = 4096;

/** GET auth/login: begins a sign-in at the provider. Nothing is written to storage for it. */
export async function login(exchange: Exchange): Promise<HttpResponseInit> {
  const { request, query, visitor } = exchange;
  // The sign-in cookie is needed: a new one would undo the sign-ins of other tabs. Browsers without Fetch Metadata would
  // bounce at each sign-in for it, so they do not.
  const detour = bounce(exchange, !request.headers.has('sec-fetch-site'));
  if (detour !== undefined) return detour;
  // Whatever is wrong below, its page leads back to the wanted one.
  const wanted = wantedPage(readQuery(query, 'return_to', 8192));
  visitor.returnPath = wanted.path;
  if (isInsidePage(request)) throw new AppError('ERR_NOT_A_NAVIGATION');
  // Scopes and claims are asked for by this app alone: a link could otherwise make a person consent to anything.
  if (query.has('scope') || query.has('claims')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'scope or claims in the query' });
  }
  const step = readQuery(query, 'step', longestValue);
  return step === undefined
    ? beginSignIn(exchange, readWishes(exchange, wanted))
    : stepUp(exchange, await openStep(exchange, step));
}

function readWishes({ query }: Exchange, { path, lost }: WantedPage): SignInWishes {
  if (lost !== undefined) {
    throw new SignInNeededError('ERR_PAGE_TOO_LONG', loginPathTo(path), { lostPage: lost });
  }
  const asked = readQuery(query, 'prompt', longestValue);
  const prompt = prompts.find((known) => known === asked);
  if (prompt !== asked) throw new AppError('ERR_BAD_REQUEST', { note: 'unknown prompt' });
  return {
    round: 0,
    returnPath: path,
    prompt,
    loginHint: readQuery(query, 'login_hint', longestValue),
    domainHint: readQuery(query, 'domain_hint', longestValue),
  };
}

async function openStep(exchange: Exchange, step: string): Promise<StepUpRequest> {
  const { services, now, signal, visitor } = exchange;
  const payload = await openSealed('step-up', step, { keyRing: services.keyRing, now, signal });
  const request = parseStepUpRequest(payload);
  if (request === undefined) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'step was not sealed here or is a day old' });
  }
  visitor.returnPath = localPath(request.returnPath);
  return request;
}

/** A step-up is for the session whose request needed it. With another session the link is a plain sign-in. */
async function stepUp(exchange: Exchange, request: StepUpRequest): Promise<HttpResponseInit> {
  const { services, now } = exchange;
  const returnPath = localPath(request.returnPath);
  const ticket = await findTicket(exchange);
  if (ticket === undefined || sessionKeyOf(ticket.sessionId) !== request.sessionKey) {
    return beginSignIn(exchange, { round: 0, returnPath });
  }
  // What was asked for then may have been done meanwhile: the page itself knows.
  if (now >= request.madeAt + stepUpSeconds) {
    return redirectTo(services.settings.baseUrl + returnPath);
  }
  return beginSignIn(exchange, { round: 0, returnPath, asked: request });
}

serve('login', { route: 'auth/login', get: login });
