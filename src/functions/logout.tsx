import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpResponseInit } from '@azure/functions';
import { useContext } from 'preact/hooks';
import { clearNotice, hasSessionCookie, readNotice } from '../cookies';
import { couldIssue } from '../entra/tenants';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { logError } from '../http/error-log';
import { isTrue, loginPathTo, readForm } from '../http/request';
import { bounce, htmlPage, redirectTo, textsOf } from '../http/responses';
import { SiteContext, useTexts } from '../pages/layout';
import { MessagePage } from '../pages/message-page';
import { Time } from '../pages/session-table';
import type { User } from '../sessions/session';
import { isSid } from '../sessions/session-rows';
import type { Settings } from '../settings';
import { audited } from '../sign-in/ending';
import { findSession, sameOrigin } from '../sign-in/guards';
import {
  answerSignOut,
  notDone,
  parseSignOutNotice,
  signOut,
  type SignOutNotice,
} from '../sign-in/sign-out';
import { withTimeout } from '../waiting';

/**
 * POST auth/logout: ends this session on the server, then leads to the provider's sign-out. `everywhere=true` ends all
 * sessions of the user. `local=true` keeps the session at the provider.
 * @throws ERR_BAD_REQUEST, ERR_CROSS_SITE, ERR_MEDIA_TYPE, ERR_CSRF_HEADER
 */
async function logout(context: RequestContext): Promise<HttpResponseInit> {
  const form = await readForm(context.request);
  const { url, notice } = await signOut(context, {
    everywhere: isTrue(form, 'everywhere'),
    local: isTrue(form, 'local'),
  });
  return answerSignOut(context, { url, notDone: notDone(notice), until: notice.until });
}

/**
 * GET auth/logout: somebody typed the address, followed a link, or loaded the page of a sign-out again. Another site can make a
 * browser send this request, so it ends nothing. The page that comes next has the button.
 * @throws ERR_NOT_FOUND for a script
 */
function offerLogout({ isNavigation, services }: RequestContext): HttpResponseInit {
  if (!isNavigation) throw new AppError('ERR_NOT_FOUND');
  const { settings, site } = services;
  return redirectTo(`${settings.baseUrl}${site.authPath}/signed-out`);
}

/** The page is public and must not wait long for storage. */
const timeoutMs = 2_000;

/**
 * GET auth/signed-out: says what happened. The provider sends people here after its own sign-out. No link can make the page
 * say something untrue: it reads what happened from a cookie, and tells a person who is still signed in.
 */
async function signedOut(context: RequestContext): Promise<HttpResponseInit> {
  const { requestCookies } = context;
  const { settings, site } = context.services;
  const hasSession = hasSessionCookie(requestCookies, settings);
  // A person comes from the provider's site, so the first request has no cookies of ours.
  const bounced = bounce(context, hasSession);
  if (bounced !== undefined) return bounced;
  const user = hasSession ? await whoIsSignedIn(context) : undefined;
  if (user !== undefined) return stillSignedIn(user, context);
  const content = readNotice(requestCookies, 'signed-out', settings);
  if (content !== undefined) context.cookies.push(clearNotice('signed-out', settings));
  const notice = parseSignOutNotice(content);
  const { links, signedOut: texts } = textsOf(context);
  return htmlPage(
    context,
    <MessagePage
      title={texts.title}
      ending={isDone(notice) ? 'done' : 'partly'}
      links={[
        { href: loginPathTo(site, site.homePath), text: links.signInAgain },
        { href: site.homePath, text: links.goHome },
      ]}
    >
      {notice === undefined ? (
        <p>
          {texts.noSession} {texts.closeWindows}
        </p>
      ) : (
        <WhatHappened notice={notice} />
      )}
    </MessagePage>,
  );
}

/** False when something is left to do: on the server, in other browsers or at the sign-in service. */
function isDone(notice: SignOutNotice | undefined): boolean {
  if (notice === undefined) return true;
  const { session, others, provider } = notice;
  return session !== 'kept' && others !== 'kept' && provider !== 'unreached';
}

/** `unknown` when storage does not answer. The page must not tell a person wrongly that the session has ended. */
async function whoIsSignedIn(context: RequestContext): Promise<User | 'unknown' | undefined> {
  try {
    const found = await withTimeout(context.signal, timeoutMs, (signal) =>
      findSession({ ...context, signal }),
    );
    return found?.session.user;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // The page goes on without the session.
    logError(context, error);
    return 'unknown';
  }
}

function stillSignedIn(user: User | 'unknown', context: RequestContext): HttpResponseInit {
  const { links, signedOut: texts } = textsOf(context);
  return htmlPage(
    context,
    <MessagePage
      title={texts.stillTitle}
      ending="here"
      // For a known user the menu already has the button.
      signedInAs={user === 'unknown' ? undefined : user}
      offersSignOut={user === 'unknown'}
      links={[{ href: context.services.site.homePath, text: links.goHome }]}
    >
      <p>{texts.stillText}</p>
    </MessagePage>,
  );
}

function WhatHappened({ notice }: { readonly notice: SignOutNotice }) {
  const { signedOut: texts } = useTexts();
  const { session, others, provider, until } = notice;
  return (
    <>
      <p>{texts[session]}</p>
      {session === 'kept' ? <KeptSession until={until} /> : null}
      {others === undefined ? null : (
        <p>{others === 'ended' ? texts.othersEnded : texts.othersKept}</p>
      )}
      <p>
        {provider === 'asked'
          ? `${texts.providerAsked} ${texts.closeWindows}`
          : provider === 'left'
            ? texts.providerLeft
            : texts.providerUnreached}
      </p>
    </>
  );
}

function KeptSession({ until }: { readonly until: number | undefined }) {
  const { menu } = useContext(SiteContext);
  const { signedOut: texts } = useTexts();
  return (
    <p class="act">
      {texts.notEnded}{' '}
      {until === undefined ? texts.endsByItself : texts.endsBy(<Time seconds={until} />)}{' '}
      {menu.includes('sessions') ? texts.endSooner : texts.askToEndSooner}
    </p>
  );
}

export const logoutFunctions: readonly HttpFunction[] = [
  { name: 'logout', route: 'logout', get: offerLogout, post: sameOrigin(logout) },
  { name: 'signed-out', route: 'signed-out', get: signedOut },
];

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
  const { services, signal, tell } = context;
  try {
    for (const [userKey, count] of await services.sessions.endAllOfSid(sid, signal)) {
      const action = { why: 'sign-out at the provider', by: userKey, of: userKey } as const;
      await audited(context, action, () => Promise.resolve(count));
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, note } = error;
    const why = 'sign-out at the provider';
    tell({ event: 'session ended', outcome: 'failed', why, code, note });
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
