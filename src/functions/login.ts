import type { HttpResponseInit } from '@azure/functions';
import { AppError, SignInNeededError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { isInsidePage, readQuery } from '../http/request';
import { redirectTo } from '../http/responses';
import { bounce, localPath, loginPathTo, type WantedPage, wantedPage } from '../http/wanted-page';
import { openSealed } from '../keys/encryption';
import { sessionKeyOf } from '../sessions/session';
import { findTicket } from '../sign-in/guards';
import { beginSignIn, prompts, type SignInOptions } from '../sign-in/start';
import { parseStepUpRequest, type StepUpRequest, stepUpSeconds } from '../sign-in/step-up';

/** What some hosts take of a whole query. */
const longestValue = 4096;

/** GET auth/login: begins a sign-in at the provider. Nothing is written to storage for it. */
async function login(context: RequestContext): Promise<HttpResponseInit> {
  const { request, query, visitor, services } = context;
  // The sign-in cookie is needed: a new one would undo the sign-ins of other tabs. Browsers without Fetch Metadata would
  // bounce at each sign-in for it, so they do not.
  const detour = bounce(context, !request.headers.has('sec-fetch-site'));
  if (detour !== undefined) return detour;
  // Whatever is wrong below, its page leads back to the wanted one.
  const wanted = wantedPage(services.site, readQuery(query, 'return_to', 8192));
  visitor.returnPath = wanted.path;
  if (isInsidePage(request)) throw new AppError('ERR_NOT_A_NAVIGATION');
  // Scopes and claims are asked for by this app alone: a link could otherwise make a person consent to anything.
  if (query.has('scope') || query.has('claims')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'scope or claims in the query' });
  }
  const step = readQuery(query, 'step', longestValue);
  return step === undefined
    ? beginSignIn(context, readOptions(context, wanted))
    : stepUp(context, await openStep(context, step));
}

function readOptions(
  { query, services }: RequestContext,
  { path, lost }: WantedPage,
): SignInOptions {
  if (lost !== undefined) {
    throw new SignInNeededError('ERR_PAGE_TOO_LONG', loginPathTo(services.site, path), {
      lostPage: lost,
    });
  }
  const asked = readQuery(query, 'prompt', longestValue);
  const prompt = prompts.find((known) => known === asked);
  if (prompt !== asked) throw new AppError('ERR_BAD_REQUEST', { note: 'unknown prompt' });
  return {
    retries: 0,
    returnPath: path,
    prompt,
    loginHint: readQuery(query, 'login_hint', longestValue),
    domainHint: readQuery(query, 'domain_hint', longestValue),
  };
}

async function openStep(context: RequestContext, step: string): Promise<StepUpRequest> {
  const { services, now, signal, visitor } = context;
  const payload = await openSealed('step-up', step, { keyRing: services.keyRing, now, signal });
  const request = parseStepUpRequest(payload);
  if (request === undefined) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'step was not sealed here or is a day old' });
  }
  visitor.returnPath = localPath(services.site, request.returnPath);
  return request;
}

/** A step-up is for the session whose request needed it. With another session the link is a plain sign-in. */
async function stepUp(context: RequestContext, request: StepUpRequest): Promise<HttpResponseInit> {
  const { services, now } = context;
  const returnPath = localPath(services.site, request.returnPath);
  const ticket = await findTicket(context);
  if (ticket === undefined || sessionKeyOf(ticket.sessionId) !== request.sessionKey) {
    return beginSignIn(context, { retries: 0, returnPath });
  }
  // What was asked for then may have been done meanwhile: the page itself knows.
  if (now >= request.madeAt + stepUpSeconds) {
    return redirectTo(services.settings.baseUrl + returnPath);
  }
  return beginSignIn(context, { retries: 0, returnPath, asked: request });
}

export const loginFunction: HttpFunction = { name: 'login', route: 'login', get: login };
