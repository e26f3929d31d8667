import type { HttpResponseInit } from '@azure/functions';
import { AppError, ConsentDeclinedError } from '../errors';
import type { RequestContext, Services } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { answerError } from '../http/error-response';
import { isPrefetch } from '../http/request';
import { continueHere, htmlPage, json, redirectTo, withHeader } from '../http/responses';
import { loginPathTo } from '../http/wanted-page';
import { MessagePage } from '../pages/layout';
import {
  type Callback,
  findAttempt,
  isBare,
  parseCallback,
  type ProviderAnswer,
} from '../sign-in/callback';
import { completeSignIn } from '../sign-in/finish';

/**
 * GET auth/redirect: the provider's answer. The browser comes from another site, so it does not send our `SameSite=Strict`
 * cookies. The first request therefore gets a page that opens the same address again, with `hop=1`, and nothing else.
 * @see `completeSignIn`
 */
async function redirect(context: RequestContext): Promise<HttpResponseInit> {
  let answer: HttpResponseInit;
  try {
    answer = await answerRedirect(context);
  } catch (error) {
    answer = answerError(error, context);
  }
  // The address has the code, so it must not become the referrer of another page.
  return withHeader(answer, 'Referrer-Policy', 'no-referrer');
}

async function answerRedirect(context: RequestContext): Promise<HttpResponseInit> {
  const { request, query, services } = context;
  if (isPrefetch(request)) throw new AppError('ERR_PREFETCH');
  const hops = query.getAll('hop');
  // Without this check, an address with `hop=0` would hop without end.
  if (hops.length > 1 || (hops.length === 1 && hops[0] !== '1')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'hop must be 1' });
  }
  if (isBare(query)) return goHome(services);
  // Link checkers and Office send HEAD. It must not redeem the code, because a code works only once.
  if (hops.length === 0 || request.method !== 'GET') return hopPage(context);
  // First, so that a faulty answer does not lose the wanted page.
  const attempt = await findAttempt(context);
  const callback = parseCallback(query);
  switch (callback.kind) {
    case 'bare':
      return goHome(services);
    case 'admin-consent':
      return answerConsent(context, callback);
    case 'code':
    case 'error':
      if (attempt === undefined) throwIfConsentDeclined(callback);
      return completeSignIn(context, callback, attempt);
  }
}

function goHome({ settings, site }: Services): HttpResponseInit {
  return redirectTo(settings.baseUrl + site.homePath);
}

function hopPage({ path, services }: RequestContext): HttpResponseInit {
  const goTo = `${services.settings.baseUrl}${path}${path.includes('?') ? '&' : '?'}hop=1`;
  return continueHere(services.site, {
    title: 'Signing you in',
    goTo,
    text: 'One moment, please.',
  });
}

/** Anybody can write such an address. So it changes nothing, and the page only says what the sign-in service reports. */
function answerConsent(
  { prefersHtml, visitor, services }: RequestContext,
  { refusal }: Extract<Callback, { readonly kind: 'admin-consent' }>,
): HttpResponseInit {
  if (refusal !== undefined) throw new ConsentDeclinedError(refusal);
  if (!prefersHtml) return json({ admin_consent: 'granted' });
  const { site } = services;
  const signIn = { href: loginPathTo(site, visitor.returnPath ?? site.homePath), text: 'Sign in' };
  return htmlPage(
    site,
    <MessagePage
      title="Permission granted"
      door="lit"
      links={[signIn, { href: site.homePath, text: 'Home' }]}
    >
      <p>
        The sign-in service reports that an administrator granted this app the permissions that it
        asks for. You can sign in now.
      </p>
    </MessagePage>,
  );
}

/** Entra ID's number when an administrator declines consent. It also comes without `admin_consent`. */
const declinedConsent = 'AADSTS65004';

function throwIfConsentDeclined(answer: ProviderAnswer): void {
  if (answer.kind === 'code') return;
  const { error, number } = answer.refusal;
  if (error === 'permission_denied' || number === declinedConsent) {
    throw new ConsentDeclinedError(answer.refusal);
  }
}

export const redirectFunction: HttpFunction = {
  name: 'redirect',
  route: 'redirect',
  get: redirect,
};
