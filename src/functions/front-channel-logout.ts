import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpResponseInit } from '@azure/functions';
import { couldIssue } from '../entra/tenants';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { isSid } from '../sessions/session-rows';
import type { Settings } from '../settings';
import { audited } from '../sign-in/ending';

/** Every answer takes at least this long. Otherwise the time of an answer would tell whether the `sid` exists. */
const minAnswerMs = 250;

/**
 * GET auth/front-channel-logout: the provider opens it in a frame when its session `sid` has ended. All our sessions with
 * that `sid` end too. The frame has no cookies of ours. Entra ID sends no `iss`; a request that has one must name the
 * provider. The answer is always the same.
 * @see OpenID Connect Front-Channel Logout 1.0 section 2
 */
async function frontChannelLogout(context: RequestContext): Promise<HttpResponseInit> {
  const { services, query } = context;
  const minAnswerTime = sleep(minAnswerMs);
  const sid = sidIn(query, services.settings.issuer);
  if (sid !== undefined) await endSessions(context, sid);
  await minAnswerTime;
  return emptyFrame(services.settings);
}

function sidIn(query: URLSearchParams, issuer: string): string | undefined {
  const [sid, anotherSid] = query.getAll('sid');
  const [iss, anotherIss] = query.getAll('iss');
  if (sid === undefined || anotherSid !== undefined) return undefined;
  if (anotherIss !== undefined || (iss !== undefined && !couldIssue(issuer, iss))) return undefined;
  return isSid(sid) ? sid : undefined;
}

async function endSessions(context: RequestContext, sid: string): Promise<void> {
  const { services, signal, log } = context;
  try {
    for (const [userKey, count] of await services.sessions.endAllOfSid(sid, signal)) {
      const action = { event: 'sign-out at the provider', by: userKey, of: userKey } as const;
      await audited(context, action, () => Promise.resolve(count));
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log('error', `the provider's sign-out was not followed: ${error.code}`);
  }
}

function emptyFrame({ authority }: Settings): HttpResponseInit {
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; base-uri 'none'; frame-ancestors ${new URL(authority).origin}`,
      // Without this header, a provider whose pages are cross-origin isolated could not show the frame.
      'Cross-Origin-Resource-Policy': 'cross-origin',
    },
    body: '<!doctype html><html lang="en"><title>Signed out</title></html>',
  };
}

export const frontChannelLogoutFunction: HttpFunction = {
  name: 'front-channel-logout',
  route: 'front-channel-logout',
  get: frontChannelLogout,
};
