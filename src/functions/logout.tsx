import { useContext } from 'preact/hooks';
import type { HttpResponseInit } from '@azure/functions';
import { clearNotice, hasSessionCookie, readNotice } from '../cookies';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { isTrue, readForm } from '../http/request';
import { htmlPage } from '../http/responses';
import { bounce, loginPathTo } from '../http/wanted-page';
import { MessagePage, type Site, SiteContext } from '../pages/layout';
import { Time } from '../pages/session-table';
import type { User } from '../sessions/session';
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
  if (user !== undefined) return stillSignedIn(user, site);
  const content = readNotice(requestCookies, 'signed-out', settings);
  if (content !== undefined) context.cookies.push(clearNotice('signed-out', settings));
  const notice = parseSignOutNotice(content);
  return htmlPage(
    site,
    <MessagePage
      title="You are signed out"
      ending={isDone(notice) ? 'done' : 'partly'}
      links={[
        { href: loginPathTo(site, site.homePath), text: 'Sign in again' },
        { href: site.homePath, text: 'Go to the home page' },
      ]}
    >
      {notice === undefined ? (
        <p>This browser has no session in this app. {closeWindows}</p>
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
    context.log('warn', `signed-out page without session: ${error.code}`);
    return 'unknown';
  }
}

function stillSignedIn(user: User | 'unknown', site: Site): HttpResponseInit {
  return htmlPage(
    site,
    <MessagePage
      title="You are still signed in"
      ending="here"
      // For a known user the menu already has the button.
      signedInAs={user === 'unknown' ? undefined : user}
      offersSignOut={user === 'unknown'}
      links={[{ href: site.homePath, text: 'Go to the home page' }]}
    >
      <p>This browser still holds the cookie of a session in this app. Sign out here to end it.</p>
    </MessagePage>,
  );
}

const closeWindows = 'On a shared computer, close all browser windows as well.';

function WhatHappened({ notice }: { readonly notice: SignOutNotice }) {
  return (
    <>
      <p>{hereTexts[notice.session]}</p>
      {notice.session === 'kept' ? <KeptSession until={notice.until} /> : null}
      {notice.others === undefined ? null : <p>{otherTexts[notice.others]}</p>}
      <p>{providerTexts[notice.provider]}</p>
    </>
  );
}

const hereTexts = {
  ended: 'Your session in this app has ended, and its tokens are deleted.',
  none: 'Your session in this app had already ended.',
  kept: 'This browser is signed out of this app.',
} as const;

const otherTexts = {
  ended: 'Your sessions in all other browsers have ended too.',
  kept: 'Your sessions in other browsers were not ended. Sign in again to see them and to end them.',
} as const;

const providerTexts = {
  asked: `The sign-in service was asked to sign you out as well. ${closeWindows}`,
  left: 'You are still signed in at the sign-in service, so signing in again may ask you nothing. On a shared computer, sign out there too.',
  unreached:
    'The sign-in service could not be reached, so you may still be signed in there. On a shared computer, close all browser windows.',
} as const;

function KeptSession({ until }: { readonly until: number | undefined }) {
  const { menu } = useContext(SiteContext);
  return (
    <p class="act">
      The session could not be ended on the server, because the app’s storage did not answer. This
      browser cannot use it any more, and it ends by itself
      {until === undefined ? '' : ' by '}
      {until === undefined ? null : <Time seconds={until} />}. To end it sooner,{' '}
      {menu.includes('sessions') ? 'sign in again and open Sessions, or ' : ''}ask an administrator
      of the app.
    </p>
  );
}

export const logoutFunctions: readonly HttpFunction[] = [
  { name: 'logout', route: 'logout', post: sameOrigin(logout) },
  { name: 'signed-out', route: 'signed-out', get: signedOut },
];
