import type { HttpResponseInit } from '@azure/functions';
import { AppError, SignInNeededError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import {
  comesFromElsewhere,
  isInsidePage,
  localPath,
  loginPathTo,
  readQuery,
  wantedPage,
  type WantedPage,
} from '../http/request';
import { bounce, pathWithout, redirectTo } from '../http/responses';
import { openSealed } from '../keys/encryption';
import { sessionKeyOf } from '../sessions/session';
import type { Policies } from '../settings';
import { findTicket } from '../sign-in/guards';
import { beginSignIn, prompts, type SignInOptions } from '../sign-in/start';
import { attemptSeconds, parseStepUpRequest, type StepUpRequest } from '../sign-in/step-up';

/** Some hosts accept no longer query, so no parameter can be longer. */
const maxValueLength = 4096;

/**
 * GET auth/login: begins a sign-in and redirects to the provider. Nothing is written to storage.
 * @throws ERR_BAD_REQUEST, ERR_PAGE_TOO_LONG, ERR_NOT_A_NAVIGATION, ERR_PREFETCH, and as `beginSignIn`
 */
async function login(context: RequestContext): Promise<HttpResponseInit> {
  const { request, query, visitor, services } = context;
  // Another site must not decide that a person stays signed in, perhaps on a computer that others use too.
  if (query.has('keep') && comesFromElsewhere(request)) {
    return redirectTo(services.settings.baseUrl + pathWithout('keep', context.path));
  }
  // The request needs the sign-in cookie: a new cookie would break the sign-ins of other tabs. A browser without Fetch
  // Metadata would bounce at every sign-in, so for it the cookie counts as there.
  const bounced = bounce(context, !request.headers.has('sec-fetch-site'));
  if (bounced !== undefined) return bounced;
  // The page of any error below leads back to the wanted page.
  const { site, settings } = services;
  const wanted = wantedPage(site, settings.baseUrl, readQuery(query, 'return_to', 8192));
  visitor.returnPath = wanted.path;
  if (isInsidePage(request)) throw new AppError('ERR_NOT_A_NAVIGATION');
  // Only this app may ask for scopes and claims. Otherwise a link could make a person consent to anything.
  if (query.has('scope') || query.has('claims')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'scope or claims in the query' });
  }
  const step = readQuery(query, 'step', maxValueLength);
  return step === undefined
    ? beginSignIn(context, readOptions(context, wanted))
    : stepUp(context, await openStep(context, step));
}

const policyNames = ['reset-password', 'edit-profile'] as const satisfies (keyof Policies)[];

function readOptions(
  { query, services }: RequestContext,
  { path, lost }: WantedPage,
): SignInOptions {
  if (lost !== undefined) {
    throw new SignInNeededError('ERR_PAGE_TOO_LONG', loginPathTo(services.site, path), {
      lostPage: lost,
    });
  }
  const asked = readQuery(query, 'prompt', maxValueLength);
  const prompt = prompts.find((known) => known === asked);
  if (prompt !== asked) throw new AppError('ERR_BAD_REQUEST', { note: 'unknown prompt' });
  const wanted = readQuery(query, 'policy', maxValueLength);
  const policy = policyNames.find((known) => known === wanted);
  if (policy !== wanted) throw new AppError('ERR_BAD_REQUEST', { note: 'unknown policy' });
  return {
    retries: 0,
    returnPath: path,
    prompt,
    keep: readKeep(query),
    policy,
    loginHint: readQuery(query, 'login_hint', maxValueLength),
    domainHint: readQuery(query, 'domain_hint', maxValueLength),
  };
}

/**
 * Only links of this app can say it. Only `true` and `false` are taken: after a typing error, the person would wrongly
 * expect to stay signed in.
 */
function readKeep(query: URLSearchParams): true | undefined {
  const keep = readQuery(query, 'keep', maxValueLength) ?? 'false';
  if (keep !== 'true' && keep !== 'false') {
    throw new AppError('ERR_BAD_REQUEST', { note: 'keep must be true or false' });
  }
  return keep === 'true' ? true : undefined;
}

async function openStep(context: RequestContext, step: string): Promise<StepUpRequest> {
  const { services, now, signal, visitor } = context;
  const payload = await openSealed('step-up', step, { keyRing: services.keyRing, now, signal });
  const request = parseStepUpRequest(payload);
  if (request === undefined) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'step is not ours or is older than a day' });
  }
  visitor.returnPath = localPath(services.site, request.returnPath);
  return request;
}

/** Begins the step-up in the session that needs it. In another session the link is a plain sign-in. */
async function stepUp(context: RequestContext, request: StepUpRequest): Promise<HttpResponseInit> {
  const { services, now } = context;
  const returnPath = localPath(services.site, request.returnPath);
  const ticket = await findTicket(context);
  if (ticket === undefined || sessionKeyOf(ticket.sessionId) !== request.sessionKey) {
    return beginSignIn(context, { retries: 0, returnPath });
  }
  // The step-up may have been done since then. The page itself knows.
  if (now >= request.madeAt + attemptSeconds) {
    return redirectTo(services.settings.baseUrl + returnPath);
  }
  const { keep } = request;
  return beginSignIn(context, { retries: 0, returnPath, keep, asked: request });
}

export const loginFunction: HttpFunction = { name: 'login', route: 'login', get: login };
