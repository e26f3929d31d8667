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
  completeSignIn,
  findAttempt,
  isBare,
  parseCallback,
  type ProviderAnswer,
} from '../sign-in/finish';

/**
 * GET auth/redirect: the provider's answer. It arrives from another site, so without our `SameSite=Strict` cookies:
 * the first visit looks at nothing and opens the same address again as a navigation of our own (`hop=1`).
 */
async function redirect(context: RequestContext): Promise<HttpResponseInit> {
  let answer: HttpResponseInit;
  try {
    answer = await answerRedirect(context);
  } catch (error) {
    answer = answerError(error, context);
  }
  // The address holds the code, so no other page may see it as a referrer.
  return withHeader(answer, 'Referrer-Policy', 'no-referrer');
}

async function answerRedirect(context: RequestContext): Promise<HttpResponseInit> {
  const { request, query, services } = context;
  if (isPrefetch(request)) throw new AppError('ERR_PREFETCH');
  const hops = query.getAll('hop');
  // A crafted `hop=0` would hop for ever.
  if (hops.length > 1 || (hops.length === 1 && hops[0] !== '1')) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'hop is not ours' });
  }
  if (isBare(query)) return goHome(services);
  // HEAD, as link checkers and Office ask, redeems no code: it would be spent for the person.
  if (hops.length === 0 || request.method !== 'GET') return hopPage(context);
  // First, so that a fault of the answer does not lose the wanted page.
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

/** Anybody can write such an address, so it changes nothing, and the page only says what the sign-in service reports. */
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

/** What Entra ID answers when an administrator declines, also without `admin_consent`: AADSTS65004, "declined to consent". */
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
