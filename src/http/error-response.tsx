import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { meaningOf, type RefusalMeaning, toneOfRefusal } from '../entra/refusal-table';
import { factsOf, isErrorCode } from '../error-facts';
import {
  AppError,
  BearerError,
  ConsentDeclinedError,
  type ProviderRefusal,
  RoleMissingError,
  SignInNeededError,
  SignInRefusedByAppError,
  SignInRefusedError,
  TenantRefusedError,
} from '../errors';
import { type Site, useTexts } from '../pages/layout';
import { ContinuePage, MessagePage, type Reference } from '../pages/message-page';
import type { SettingFault } from '../settings';
import type { Texts } from '../texts/en';
import type { FaultySettings, RequestContext } from './context';
import { errorLinks, loginPathIn } from './error-links';
import { logError, refusalIn } from './error-log';
import { changesNothing, isNavigation } from './request';
import { htmlPage, redirectTo, textsOf, withHeader } from './responses';

/**
 * Turns an error into an answer: a page for a browser that opens a page, problem details for every other client. No other
 * code does this. An error that is no `AppError` becomes 500 without any detail.
 */
export function answerError(error: unknown, context: RequestContext): HttpResponseInit {
  const known = asAppError(error, context.signal);
  logError(context, known);
  if (known instanceof SignInNeededError) return answerSignInNeeded(known, context);
  if (known instanceof BearerError) return answerBearer(known, context);
  return context.isNavigation ? errorPage(known, context) : errorJson(known, context);
}

function asAppError(error: unknown, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  // After the deadline libraries throw many kinds of errors. The deadline is the reason for all of them.
  return new AppError(signal.aborted ? 'ERR_DEADLINE' : 'ERR_INTERNAL', { cause: error });
}

function answerSignInNeeded(error: SignInNeededError, context: RequestContext): HttpResponseInit {
  const loginUrl = context.services.settings.baseUrl + error.loginPath;
  if (context.isNavigation) {
    if (error.lostPage !== undefined) return lostPagePage(error, error.lostPage, context);
    if (error.isRepeated) return errorPage(error, context);
    // `form-action` would stop a redirect to the provider in the answer to a form.
    if (!changesNothing(context.request)) return signInPage(error, loginUrl, context);
    return redirectTo(loginUrl);
  }
  const answer = problem(error, context.correlationId, {
    login_url: loginUrl,
    ...(error.isRepeated && { repeated: true }),
    ...(error.lostPage === undefined ? {} : { page_too_long: true }),
    ...refusalMembers(error),
  });
  return withChallenge(answer, error.challenge);
}

/** A client that sends tokens reads no pages, whatever its `Accept` says. */
function answerBearer(error: BearerError, context: RequestContext): HttpResponseInit {
  const extra = { ...error.missing, ...refusalMembers(error) };
  return withChallenge(problem(error, context.correlationId, extra), error.challenge);
}

function withChallenge(answer: HttpResponseInit, challenge: string | undefined): HttpResponseInit {
  return challenge === undefined ? answer : withHeader(answer, 'WWW-Authenticate', challenge);
}

/** Shows the address of the wanted page, and says that sign-in cannot lead back to it. */
function lostPagePage(
  error: SignInNeededError,
  lostPage: string,
  context: RequestContext,
): HttpResponseInit {
  const { status, tone } = factsOf('ERR_PAGE_TOO_LONG');
  const { title, detail } = textsOf(context).errors.ERR_PAGE_TOO_LONG;
  const page = (
    <MessagePage
      title={title}
      ending={tone}
      links={errorLinks(error, context)}
      references={referencesFor(error, context)}
    >
      <p>{detail}</p>
      <p class="act">
        <code>{context.services.settings.baseUrl + lostPage}</code>
      </p>
    </MessagePage>
  );
  return htmlPage(context, page, status);
}

function signInPage(
  error: SignInNeededError,
  loginUrl: string,
  context: RequestContext,
): HttpResponseInit {
  const { title, detail } = textsOfError(error, textsOf(context));
  return htmlPage(context, <ContinuePage title={title} goTo={loginUrl} text={detail} />);
}

function errorJson(error: AppError, context: RequestContext): HttpResponseInit {
  const loginPath = loginPathIn(errorLinks(error, context), context);
  const extra = {
    ...(error instanceof RoleMissingError ? { role: error.role } : {}),
    ...(error.api === undefined ? {} : { api: error.api }),
    ...(error instanceof SignInRefusedByAppError ? { reason: error.reason } : {}),
    ...refusalMembers(error),
    ...(loginPath === undefined
      ? {}
      : { login_url: context.services.settings.baseUrl + loginPath }),
  };
  return problem(error, context.correlationId, extra);
}

/** The part of a refusal that a client may show or report. Unknown members are `undefined`, so the JSON leaves them out. */
function refusalMembers(error: AppError) {
  const refusal = refusalIn(error);
  if (refusal === undefined) return {};
  const { meaning, actor, action } = explains(refusal, error) ? meaningOf(refusal) : {};
  const { number, correlationId } = refusal;
  return {
    number,
    // Only the digits, for clients of the first version.
    aadsts: number?.startsWith('AADSTS') === true ? number.slice('AADSTS'.length) : undefined,
    provider_correlation_id: correlationId,
    meaning,
    must_act: actor,
    action,
  };
}

/**
 * True when the meaning of the refusal fits the error. With status 429 or 503 the fault passes, even if the body says
 * something else. ERR_SIGN_IN_EXPIRED says more than an unknown refusal.
 */
function explains(refusal: ProviderRefusal, { code }: AppError): boolean {
  const { kind } = meaningOf(refusal);
  if (code === 'ERR_PROVIDER_UNAVAILABLE') return kind === 'passing';
  return code !== 'ERR_SIGN_IN_EXPIRED' || kind === 'spent';
}

function errorPage(error: AppError, context: RequestContext): HttpResponseInit {
  const refusal = refusalIn(error);
  const meaning =
    refusal !== undefined && explains(refusal, error) ? meaningOf(refusal) : undefined;
  const ending = meaning === undefined ? error.tone : toneOfRefusal(meaning);
  // Nobody refused then, so the texts of the code would be untrue.
  const isCancelled = error instanceof SignInRefusedError && ending === 'cancelled';
  const texts = textsOf(context);
  const { title, detail } = textsOfError(error, texts);
  const { errorPage: own } = texts;
  const page = (
    <MessagePage
      title={isCancelled ? own.cancelled : title}
      ending={ending}
      signedInAs={context.visitor.user}
      links={errorLinks(error, context)}
      references={referencesFor(error, context)}
    >
      {isCancelled ? null : <p>{detail}</p>}
      {error instanceof RoleMissingError ? (
        <p class="act">{own.roleIsNamed(<code>{error.role}</code>)}</p>
      ) : null}
      {error.api === undefined ? null : (
        <p class="act">{own.apiIsNamed(<code>{error.api}</code>)}</p>
      )}
      {error instanceof SignInRefusedByAppError ? <p class="act">{error.reason}</p> : null}
      {meaning === undefined ? null : <Refusal {...meaning} />}
    </MessagePage>
  );
  return withRetryAfter(htmlPage(context, page, error.status), error.retryAfterSeconds);
}

/** In the language of the page. A team's own error says what the team wrote. */
function textsOfError(
  error: AppError,
  { errors }: Texts,
): { readonly title: string; readonly detail: string } {
  return isErrorCode(error.code) ? errors[error.code] : error;
}

function Refusal({ text, actor }: RefusalMeaning) {
  const { errorPage: own, refusals } = useTexts();
  const { meaning, action } = refusals[text];
  return (
    <>
      <p>{meaning}</p>
      <p class="act">
        <strong>{own[actor]}</strong> {action}
      </p>
    </>
  );
}

function referencesFor(error: AppError, context: RequestContext): readonly Reference[] {
  const { errorPage: own } = textsOf(context);
  const references: Reference[] = [{ name: own.error, value: error.code }];
  const { number = numberOfConsent(error), correlationId } = refusalIn(error) ?? {};
  if (number !== undefined) references.push({ name: 'Microsoft', value: number });
  if (correlationId !== undefined) references.push({ name: own.correlation, value: correlationId });
  if (error instanceof TenantRefusedError) {
    references.push({ name: own.tenant, value: error.tenantId });
  }
  return [...references, { name: own.request, value: context.correlationId }];
}

function numberOfConsent(error: AppError): string | undefined {
  return error instanceof ConsentDeclinedError ? error.number : undefined;
}

/** The answer of every route while settings have faults: 503 with the name and fault of each setting, never its value. */
export function answerFaultySettings(
  { site, faults, tellFaults }: FaultySettings,
  request: HttpRequest,
  context: InvocationContext,
): HttpResponseInit {
  tellFaults(context);
  return isNavigation(request)
    ? faultsPage(site, faults, request)
    : problem(new AppError('ERR_SETTINGS'), context.invocationId, { settings: faults });
}

function faultsPage(
  site: Site,
  faults: readonly SettingFault[],
  request: HttpRequest,
): HttpResponseInit {
  const { status, tone, retryAfterSeconds } = factsOf('ERR_SETTINGS');
  const context = { request, services: { site } };
  const { errors, errorPage: own, links } = textsOf(context);
  const { title, detail } = errors.ERR_SETTINGS;
  const page = htmlPage(
    context,
    <MessagePage
      title={title}
      ending={tone}
      links={[{ href: site.homePath, text: links.tryAgain }]}
    >
      <p>{detail}</p>
      {/* For an operator, as in the log and in the documentation. */}
      <ul class="faults" lang="en" dir="ltr">
        {faults.map(({ name, fault }) => (
          <li key={`${name} ${fault}`}>
            <code>{name}</code> {fault}
          </li>
        ))}
      </ul>
      <p class="soft small">{own.whereSettingsAre}</p>
    </MessagePage>,
    status,
  );
  return withRetryAfter(page, retryAfterSeconds);
}

/** Problem details of an error (RFC 9457). `extra` has members beside the standard ones, for example `login_url`. */
function problem(
  { code, status, title, detail, retryAfterSeconds }: AppError,
  correlationId: string,
  extra: Readonly<Record<string, unknown>> = {},
): HttpResponseInit {
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    },
    body: JSON.stringify({
      type: 'about:blank',
      title,
      status,
      detail,
      code,
      correlation_id: correlationId,
      ...extra,
    }),
  };
}

/** The same answer with `Retry-After`. Without a number of seconds the answer stays as it is. */
function withRetryAfter(answer: HttpResponseInit, seconds: number | undefined): HttpResponseInit {
  return seconds === undefined ? answer : withHeader(answer, 'Retry-After', String(seconds));
}
