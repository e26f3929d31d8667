import type { HttpResponseInit } from '@azure/functions';
import { readRedirectRefusal } from '../entra/refusals';
import { AppError, ConsentDeclinedError, type ProviderRefusal } from '../errors';
import type { RequestContext, Services } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { answerError } from '../http/error-response';
import { isPrefetch, loginPathTo } from '../http/request';
import { continueHere, htmlPage, json, redirectTo, textsOf, withHeader } from '../http/responses';
import { MessagePage } from '../pages/message-page';
import { findAttempt, type ProviderAnswer } from '../sign-in/attempt';
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

function hopPage(context: RequestContext): HttpResponseInit {
  const { path, services } = context;
  const { waiting } = textsOf(context);
  const goTo = `${services.settings.baseUrl}${path}${path.includes('?') ? '&' : '?'}hop=1`;
  return continueHere(context, { title: waiting.signingIn, goTo, text: waiting.please });
}

/** What the query of `/auth/redirect` may hold. */
type Callback =
  | ProviderAnswer
  /** Nothing: a bookmark, or a tile in My Apps whose home page is the redirect URI. */
  | { readonly kind: 'bare' }
  /**
   * The answer to admin consent. This app never asks for it: an administrator uses a link of the provider. `refusal` is
   * there when it was declined.
   * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
   */
  | { readonly kind: 'admin-consent'; readonly refusal: ProviderRefusal | undefined };

const maxParameters = 30;
const maxLength = 8192;

/**
 * Parses the query of `/auth/redirect`. Unknown parameters are ignored.
 * @throws ERR_BAD_REQUEST for a repeated or oversized parameter, and unless there is exactly one of `code` and `error`
 */
export function parseCallback(query: URLSearchParams): Callback {
  checkParameters(query);
  if (isBare(query)) return { kind: 'bare' };
  const code = query.get('code');
  const error = query.get('error');
  if (code === null && query.get('admin_consent')?.toLowerCase() === 'true') {
    const refusal = readRedirectRefusal(query);
    if (error !== null && refusal === undefined) throw badRequest('error is malformed');
    return { kind: 'admin-consent', refusal };
  }
  if ((code === null) === (error === null)) throw badRequest('needs either code or error');
  const state = query.get('state') ?? undefined;
  const issuer = query.get('iss') ?? undefined;
  if (code !== null) {
    if (!/^[\x21-\x7E]+$/.test(code)) throw badRequest('code is malformed');
    return { kind: 'code', state, issuer, code };
  }
  const refusal = readRedirectRefusal(query);
  if (refusal === undefined) throw badRequest('error is malformed');
  return { kind: 'error', state, issuer, refusal };
}

/** True when the query has no answer. `hop` is our own parameter. */
export function isBare(query: URLSearchParams): boolean {
  return [...query.keys()].every((name) => name === 'hop');
}

/** Programs read a repeated parameter in different ways, so it is refused. Too many or too long ones are refused too. */
function checkParameters(query: URLSearchParams): void {
  const names = [...query.keys()];
  if (names.length > maxParameters) throw badRequest('has too many parameters');
  if (new Set(names).size !== names.length) throw badRequest('repeats a parameter');
  for (const value of query.values()) {
    if (value.length > maxLength) throw badRequest('has an oversized parameter');
  }
}

function badRequest(note: string): AppError {
  return new AppError('ERR_BAD_REQUEST', { note: `the callback ${note}` });
}

/** Anybody can write such an address. So it changes nothing, and the page only says what the sign-in service reports. */
function answerConsent(
  context: RequestContext,
  { refusal }: Extract<Callback, { readonly kind: 'admin-consent' }>,
): HttpResponseInit {
  const { prefersHtml, visitor, services } = context;
  if (refusal !== undefined) throw new ConsentDeclinedError(refusal);
  if (!prefersHtml) return json({ admin_consent: 'granted' });
  const { site } = services;
  const { consent, links } = textsOf(context);
  const signIn = loginPathTo(site, visitor.returnPath ?? site.homePath);
  return htmlPage(
    context,
    <MessagePage
      title={consent.grantedTitle}
      ending="done"
      links={[
        { href: signIn, text: links.signIn },
        { href: site.homePath, text: links.goHome },
      ]}
    >
      <p>{consent.granted}</p>
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
