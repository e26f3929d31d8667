import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { RefusalMeaning } from '../entra/refusal-table';
import { meaningOf, toneOfRefusal } from '../entra/refusals';
import { type ErrorCode, factsOf, toneOf } from '../error-facts';
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
import {
  ContinuePage,
  MessagePage,
  type PageLink,
  type Reference,
  type Site,
} from '../pages/layout';
import type { FaultySettings, RequestContext } from './context';
import { logError, refusalIn } from './error-log';
import { changesNothing, isNavigation } from './request';
import { htmlPage, problem, redirectTo, withHeader, withRetryAfter } from './responses';
import { localPath, loginPathTo, pathWithoutMarker, wantedPath } from './wanted-page';

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
  const { status, title, detail, tone } = factsOf('ERR_PAGE_TOO_LONG');
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
  return htmlPage(context.services.site, page, status);
}

function signInPage(
  { title, detail }: SignInNeededError,
  loginUrl: string,
  { services }: RequestContext,
): HttpResponseInit {
  return htmlPage(services.site, <ContinuePage title={title} goTo={loginUrl} text={detail} />);
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
  const meaning = refusal !== undefined && explains(refusal, error) ? meaningOf(refusal) : undefined;
  const page = (
    <MessagePage
      title={error.title}
      ending={meaning === undefined ? toneOf(error) : toneOfRefusal(meaning)}
      signedInAs={context.visitor.user}
      links={errorLinks(error, context)}
      references={referencesFor(error, context)}
    >
      <p>{error.detail}</p>
      {error instanceof RoleMissingError ? (
        <p class="act">
          The role is named <code>{error.role}</code>.
        </p>
      ) : null}
      {error.api === undefined ? null : (
        <p class="act">
          The API is named <code>{error.api}</code>.
        </p>
      )}
      {error instanceof SignInRefusedByAppError ? <p class="act">{error.reason}</p> : null}
      {meaning === undefined ? null : <Refusal {...meaning} />}
    </MessagePage>
  );
  return withRetryAfter(
    htmlPage(context.services.site, page, error.status),
    error.retryAfterSeconds,
  );
}

function Refusal({ meaning, action, actor }: RefusalMeaning) {
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

function referencesFor(error: AppError, context: RequestContext): readonly Reference[] {
  const references: Reference[] = [{ name: 'Error', value: error.code }];
  const { number = numberOfConsent(error), correlationId } = refusalIn(error) ?? {};
  if (number !== undefined) references.push({ name: 'Microsoft', value: number });
  if (correlationId !== undefined) references.push({ name: 'Correlation', value: correlationId });
  if (error instanceof TenantRefusedError) {
    references.push({ name: 'Tenant', value: error.tenantId });
  }
  return [...references, { name: 'Request', value: context.correlationId }];
}

function numberOfConsent(error: AppError): string | undefined {
  return error instanceof ConsentDeclinedError ? error.number : undefined;
}

const homeLink = ({ homePath }: Site): PageLink => ({
  href: homePath,
  text: 'Go to the home page',
});

/** The links on the page of an error, at least one. The first one does what the text advises. */
export function errorLinks(error: AppError, context: RequestContext): readonly PageLink[] {
  const home = homeLink(context.services.site);
  if (error instanceof RoleMissingError) {
    return [home, pickerLink('Use another account', pathToReturnTo(context), context)];
  }
  const first = firstLink(error, context);
  if (first === undefined) return [home];
  // One link to the home page is enough, with the text that says what it is good for.
  if (first.href === home.href) return [first];
  // The text says that a new try does not help before an operator has acted.
  return error.code === 'ERR_PROVIDER_REFUSED' ? [home, first] : [first, home];
}

/** After an error of a sign-in: the path to sign in again, for clients that show no page. */
export function loginPathIn(
  links: readonly PageLink[],
  context: RequestContext,
): string | undefined {
  if (!isPartOfSignIn(context)) return undefined;
  return links
    .map(({ href }) => href)
    .find((href) => href.startsWith(`${context.services.site.authPath}/login`));
}

/** Errors about the account that was chosen. */
const anotherMayHelp: readonly string[] = [
  'ERR_WRONG_TENANT',
  'ERR_SIGN_IN_REFUSED_BY_APP',
] satisfies ErrorCode[];

function firstLink(error: AppError, context: RequestContext): PageLink | undefined {
  const { site } = context.services;
  const { returnPath = site.homePath } = context.visitor;
  if (error instanceof SignInNeededError) {
    const text = error.lostPage === undefined ? 'Continue' : 'Sign in';
    return { href: error.loginPath, text };
  }
  if (error instanceof SignInRefusedError) {
    return pickerLink(refusalLabel(error.refusal), returnPath, context);
  }
  if (error instanceof TenantRefusedError || anotherMayHelp.includes(error.code)) {
    return pickerLink('Use another account', returnPath, context);
  }
  if (error.code === 'ERR_PAGE_LOST') return homeLink(site);
  // The session is as it was. The page asks for the step again.
  if (error.code === 'ERR_STEP_UP_UNMET') return { href: returnPath, text: 'Try again' };
  if (error.code === 'ERR_SESSION_GONE') return backToListLink(context);
  if (isPartOfSignIn(context)) return signInAgainLink(error, context);
  return hereAgainLink(error, context);
}

/** The page of the request once more. A form cannot be sent again by a link: the person goes back to where it stands. */
function hereAgainLink(error: AppError, context: RequestContext): PageLink | undefined {
  const href = pathToReturnTo(context);
  if (!changesNothing(context.request)) {
    const isOfList = /^(admin|sessions)\//.test(pathBelow(context));
    return mayPass(error) && isOfList ? backToListLink(context) : undefined;
  }
  if (error.code === 'ERR_PREFETCH') return { href, text: 'Open the page' };
  if (error.code === 'ERR_SESSION_CHANGED') return { href, text: 'Load the page again' };
  return mayPass(error) ? { href, text: 'Try again' } : undefined;
}

/** Lets the person pick another account. Otherwise the provider would use the same account at once, and refuse it again. */
function pickerLink(text: string, returnPath: string, { services }: RequestContext): PageLink {
  return { href: loginPathTo(services.site, returnPath, 'select_account'), text };
}

function isPartOfSignIn(context: RequestContext): boolean {
  return /^(login|redirect)\b/.test(pathBelow(context));
}

/** The path of a function of ours, without the base path; empty for any other. The host reads routes in any case. */
function pathBelow({ path, services }: RequestContext): string {
  const prefix = `${services.site.authPath}/`.toLowerCase();
  const lower = path.toLowerCase();
  return lower.startsWith(prefix) ? lower.slice(prefix.length) : '';
}

/** Starts a failed sign-in again, for the same wanted page. */
function signInAgainLink(error: AppError, context: RequestContext): PageLink {
  const { returnPath } = context.visitor;
  const text = mayPass(error)
    ? 'Try again'
    : returnPath === undefined
      ? 'Sign in'
      : 'Sign in again';
  if (error.code === 'ERR_KEYS_UNAVAILABLE' && returnPath === undefined) {
    // Without keys the wanted page is unknown. The same request finds it when the keys are back.
    return { href: pathWithoutMarker(context.path), text };
  }
  const { site } = context.services;
  return { href: loginPathTo(site, returnPath ?? site.homePath), text };
}

/** The text of the button. It must agree with the text of the page above it. */
function refusalLabel(refusal: ProviderRefusal): string {
  const { kind, actor, mayUseAnother } = meaningOf(refusal);
  if (kind === 'passing') return 'Try again';
  const isOfTheAccount = kind === 'person' || kind === 'policy';
  const needsAnother = mayUseAnother === true || (isOfTheAccount && actor === 'administrator');
  return needsAnother ? 'Use another account' : 'Sign in again';
}

/** `/auth/sessions/end` and `/auth/admin/end` stand below the list that named the session. */
function backToListLink(context: RequestContext): PageLink {
  const { site } = context.services;
  const page = pathBelow(context).startsWith('admin/') ? 'admin' : 'sessions';
  // An app may have left the list out, and a function of a team's own may throw the same error.
  if (!site.menu.includes(page)) return homeLink(site);
  return { href: `${site.authPath}/${page}`, text: 'Back to the list' };
}

/** True when a retry may help: the fault may pass, or an operator may correct it. */
function mayPass({ code, retryAfterSeconds }: AppError): boolean {
  return (
    code === 'ERR_INTERNAL' || code === 'ERR_PROVIDER_REFUSED' || retryAfterSeconds !== undefined
  );
}

/** The page of the request. The answer to a form is no page to come back to, so it is the home page then. */
function pathToReturnTo(context: RequestContext): string {
  const { site } = context.services;
  return changesNothing(context.request) ? localPath(site, wantedPath(context)) : site.homePath;
}

/** The answer of every route while settings have faults: 503 with the name and fault of each setting, never its value. */
export function answerFaultySettings(
  { site, faults }: FaultySettings,
  request: HttpRequest,
  context: InvocationContext,
): HttpResponseInit {
  for (const { name, fault } of faults) context.error(`ERR_SETTINGS: ${name} ${fault}`);
  return isNavigation(request)
    ? faultsPage({ site, faults })
    : problem(new AppError('ERR_SETTINGS'), context.invocationId, { settings: faults });
}

function faultsPage({ site, faults }: FaultySettings): HttpResponseInit {
  const { status, title, detail, tone, retryAfterSeconds } = factsOf('ERR_SETTINGS');
  const page = htmlPage(
    site,
    <MessagePage title={title} ending={tone} links={[{ href: site.homePath, text: 'Try again' }]}>
      <p>{detail}</p>
      <ul class="faults">
        {faults.map(({ name, fault }) => (
          <li key={`${name} ${fault}`}>
            <code>{name}</code> {fault}
          </li>
        ))}
      </ul>
      <p class="soft small">
        In Azure these are app settings of the Function App; locally they are in
        local.settings.json. The app reads them when it starts.
      </p>
    </MessagePage>,
    status,
  );
  return withRetryAfter(page, retryAfterSeconds);
}
