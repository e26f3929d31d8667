import type { HttpResponseInit } from '@azure/functions';
import { meaningOf } from '../auth/refusals';
import type { ProviderRefusal } from '../errors';
import { AppError, ConsentDeclinedError, RoleMissingError, SignInNeededError } from '../errors';
import { factsOf } from '../error-facts';
import { ContinuePage } from '../pages/continue-page';
import type { Reference } from '../pages/message-page';
import { MessagePage } from '../pages/message-page';
import { errorLinks, loginPathIn } from './error-links';
import type { Exchange } from './exchange';
import { logError, refusalIn } from './log-error';
import { changesNothing } from './request-kind';
import { htmlPage, problem, redirectTo, withRetryAfter } from './responses';

/**
 * The one place that turns an error into an answer: a page where a browser opens one, problem details for everybody else.
 * What is not an `AppError` becomes 500 without any detail.
 */
export function answerError(error: unknown, exchange: Exchange): HttpResponseInit {
  const known = asAppError(error, exchange.signal);
  logError(exchange, known);
  if (known instanceof SignInNeededError) return answerSignInNeeded(known, exchange);
  return exchange.isNavigation ? errorPage(known, exchange) : errorJson(known, exchange);
}

function asAppError(error: unknown, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  // Whatever a library throws once the deadline has passed, the deadline is the reason.
  return new AppError(signal.aborted ? 'ERR_DEADLINE' : 'ERR_INTERNAL', { cause: error });
}

function answerSignInNeeded(error: SignInNeededError, exchange: Exchange): HttpResponseInit {
  const loginUrl = exchange.services.settings.baseUrl + error.loginPath;
  if (exchange.isNavigation) {
    if (error.lostPage !== undefined) return lostPagePage(error, error.lostPage, exchange);
    if (error.isRepeated) return errorPage(error, exchange);
    // A form that is answered with a redirect to the provider would be stopped by `form-action`.
    if (!changesNothing(exchange.request)) return signInPage(error, loginUrl);
    return redirectTo(loginUrl);
  }
  return problem(error.code, exchange.correlationId, {
    login_url: loginUrl,
    ...(error.isRepeated && { repeated: true }),
    ...(error.lostPage === undefined ? {} : { page_too_long: true }),
    ...refusalMembers(error),
  });
}

/** Names the wanted page, so that the person knows why sign-in leads to another one. */
function lostPagePage(
  error: SignInNeededError,
  lostPage: string,
  exchange: Exchange,
): HttpResponseInit {
  const { status, title, detail } = factsOf('ERR_PAGE_TOO_LONG');
  const page = (
    <MessagePage
      title={title}
      links={errorLinks(error, exchange)}
      references={referencesFor(error, exchange)}
    >
      <p>{detail}</p>
      <p class="act">
        <code>{exchange.services.settings.baseUrl + lostPage}</code>
      </p>
    </MessagePage>
  );
  return htmlPage(page, status);
}

function signInPage({ code }: SignInNeededError, loginUrl: string): HttpResponseInit {
  const { title, detail } = factsOf(code);
  return htmlPage(<ContinuePage title={title} goTo={loginUrl} text={detail} />);
}

function errorJson(error: AppError, exchange: Exchange): HttpResponseInit {
  const loginPath = loginPathIn(errorLinks(error, exchange), exchange);
  const extra = {
    ...(error instanceof RoleMissingError ? { role: error.role } : {}),
    ...refusalMembers(error),
    ...(loginPath === undefined
      ? {}
      : { login_url: exchange.services.settings.baseUrl + loginPath }),
  };
  return problem(error.code, exchange.correlationId, extra, error.retryAfterSeconds);
}

/** What a client may show or report of the provider's refusal; members that are not known are left out of the JSON. */
function refusalMembers(error: AppError) {
  const refusal = refusalIn(error);
  if (refusal === undefined) return {};
  const { meaning, actor, action } = explains(refusal, error) ? meaningOf(refusal) : {};
  const { number, correlationId } = refusal;
  return {
    number,
    // Digits alone, for clients of the first version.
    aadsts: number?.startsWith('AADSTS') === true ? number.slice('AADSTS'.length) : undefined,
    provider_correlation_id: correlationId,
    meaning,
    must_act: actor,
    action,
  };
}

/**
 * Whether the refusal's own meaning agrees with the error. A status of 429 or 503 says that it passes, whatever its body
 * says. ERR_SIGN_IN_EXPIRED says more than an unknown reason.
 */
function explains(refusal: ProviderRefusal, { code }: AppError): boolean {
  const { kind } = meaningOf(refusal);
  if (code === 'ERR_PROVIDER_UNAVAILABLE') return kind === 'passing';
  return code !== 'ERR_SIGN_IN_EXPIRED' || kind === 'spent';
}

function errorPage(error: AppError, exchange: Exchange): HttpResponseInit {
  const facts = factsOf(error.code);
  const refusal = refusalIn(error);
  const page = (
    <MessagePage
      title={facts.title}
      door="shut"
      signedInAs={exchange.visitor.user}
      links={errorLinks(error, exchange)}
      references={referencesFor(error, exchange)}
    >
      <p>{facts.detail}</p>
      {error instanceof RoleMissingError ? (
        <p class="act">
          The role is named <code>{error.role}</code>.
        </p>
      ) : null}
      {refusal !== undefined && explains(refusal, error) ? <Refusal refusal={refusal} /> : null}
    </MessagePage>
  );
  return withRetryAfter(htmlPage(page, facts.status), error.retryAfterSeconds);
}

function Refusal({ refusal }: { readonly refusal: ProviderRefusal }) {
  const { meaning, action, actor } = meaningOf(refusal);
  return (
    <>
      <p>{meaning}</p>
      <p class="act">
        <strong>{actorTexts[actor]}</strong> {action}
      </p>
    </>
  );
}

const actorTexts = {
  you: 'You can do this yourself:',
  administrator: 'An administrator of your organisation must act:',
  operator: 'An operator of this app must act:',
} as const;

function referencesFor(error: AppError, exchange: Exchange): readonly Reference[] {
  const references: Reference[] = [{ name: 'Error', value: error.code }];
  const { number = numberOfConsent(error), correlationId } = refusalIn(error) ?? {};
  if (number !== undefined) references.push({ name: 'Microsoft', value: number });
  if (correlationId !== undefined) references.push({ name: 'Correlation', value: correlationId });
  return [...references, { name: 'Request', value: exchange.correlationId }];
}

function numberOfConsent(error: AppError): string | undefined {
  return error instanceof ConsentDeclinedError ? error.number : undefined;
}
