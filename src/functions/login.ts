import type { HttpResponseInit } from '@azure/functions';
import type { SignInWishes } from '../auth/start-sign-in';
import { prompts } from '../auth/start-sign-in';
import { parseStepUpRequest } from '../auth/step-up';
import { AppError } from '../errors';
import { beginSignIn } from '../guards/begin-sign-in';
import { bounce } from '../http/bounce';
import type { Exchange } from '../http/exchange';
import { isInsidePage } from '../http/request-kind';
import { localPath } from '../http/return-path';
import { serve } from '../http/serve';
import { openSealed } from '../keys/sealed-value';

/** GET auth/login: begins a sign-in at the provider. Nothing is written to storage for it. */
export async function login(exchange: Exchange): Promise<HttpResponseInit> {
  const { request } = exchange;
  // The cookies of attempts under way must come along, or there would be more and more of them. A browser that does
  // not say where it comes from would go a long way round each time for that.
  const detour = bounce(exchange, !request.headers.has('sec-fetch-site'));
  if (detour !== undefined) return detour;
  if (isInsidePage(request)) throw new AppError('ERR_NOT_A_NAVIGATION');
  return beginSignIn(exchange, await readWishes(exchange));
}

async function readWishes(exchange: Exchange): Promise<SignInWishes> {
  const { query } = exchange;
  // Scopes and claims are asked for by this app alone: a link could otherwise make a person consent to anything.
  if (query.has('scope') || query.has('claims')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'scope or claims in the query' });
  }
  const step = single(query, 'step');
  if (step !== undefined) return readStepUp(exchange, step);
  const asked = single(query, 'prompt');
  const prompt = prompts.find((known) => known === asked);
  if (prompt !== asked) throw new AppError('ERR_BAD_REQUEST', { note: 'unknown prompt' });
  return {
    round: 0,
    returnPath: localPath(single(query, 'return_to')),
    prompt,
    loginHint: single(query, 'login_hint'),
    domainHint: single(query, 'domain_hint'),
  };
}

async function readStepUp(exchange: Exchange, step: string): Promise<SignInWishes> {
  const { services, now, signal } = exchange;
  const payload = await openSealed('step-up', step, { keyRing: services.keyRing, now, signal });
  const request = parseStepUpRequest(payload);
  if (request === undefined) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'step was not sealed here or has expired' });
  }
  return { round: 0, returnPath: localPath(request.returnPath), stepUp: request };
}

function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw new AppError('ERR_BAD_REQUEST', { note: `${name} is repeated` });
  const [value] = values;
  if (value !== undefined && value.length > 4096) {
    throw new AppError('ERR_BAD_REQUEST', { note: `${name} is too long` });
  }
  return value === '' ? undefined : value;
}

serve('login', { route: 'auth/login', get: login });
