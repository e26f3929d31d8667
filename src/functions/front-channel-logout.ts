import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { HttpFunction } from '../http/endpoint';
import type { RequestContext } from '../http/context';
import { isSid } from '../sessions/session-rows';
import type { Settings } from '../settings';
import { audited } from '../sign-in/ending';

/**
 * No answer comes sooner: one that had something to end would otherwise take longer than one that had not, and so
 * tell whether a `sid` exists.
 */
const soonestMs = 250;

/**
 * GET auth/front-channel-logout: the provider says in a frame that its session `sid` has ended, so every session here
 * that came of it ends too. There is no cookie in that frame, and Entra ID sends no `iss`; when there is one it must
 * be the provider's. The answer is the same whatever was found.
 * @see OpenID Connect Front-Channel Logout 1.0 section 2
 */
async function frontChannelLogout(context: RequestContext): Promise<HttpResponseInit> {
  const { services, query } = context;
  const floor = sleep(soonestMs);
  const sid = sidIn(query, services.settings.issuer);
  if (sid !== undefined) await endSessions(context, sid);
  await floor;
  return emptyFrame(services.settings);
}

function sidIn(query: URLSearchParams, issuer: string): string | undefined {
  const [sid, anotherSid] = query.getAll('sid');
  const [iss = issuer, anotherIss] = query.getAll('iss');
  if (sid === undefined || anotherSid !== undefined) return undefined;
  if (iss !== issuer || anotherIss !== undefined) return undefined;
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
      // A provider that isolates its pages could not show the frame otherwise.
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
