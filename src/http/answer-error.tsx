import type { HttpResponseInit } from '@azure/functions';
import { refusalText } from '../auth/refusal-text';
import { AppError, RoleMissingError, SignInNeededError, SignInRefusedError } from '../errors';
import { factsOf } from '../error-facts';
import { ContinuePage } from '../pages/continue-page';
import type { PageLink, Reference } from '../pages/message-page';
import { MessagePage } from '../pages/message-page';
import type { Exchange } from './exchange';
import { htmlPage, problem, redirectTo, withRetryAfter } from './responses';
import { localPath } from './return-path';

const signInLink: PageLink = { href: '/auth/login?return_to=%2F', text: 'Sign in' };
const homeLink: PageLink = { href: '/', text: 'Home' };

/**
 * The one place that turns an error into an answer: a page for browsers, problem details for other clients.
 * What is not an `AppError` becomes 500 without any detail.
 */
export function answerError(error: unknown, exchange: Exchange): HttpResponseInit {
  const known = asAppError(error, exchange.signal);
  logError(known, exchange);
  if (known instanceof SignInNeededError) return answerSignInNeeded(known, exchange);
  return exchange.prefersHtml ? errorPage(known, exchange) : errorJson(known, exchange);
}

function asAppError(error: unknown, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  // Whatever a library throws once the deadline has passed, the deadline is the reason.
  return new AppError(signal.aborted ? 'ERR_DEADLINE' : 'ERR_INTERNAL', { cause: error });
}

function logError(error: AppError, exchange: Exchange): void {
  const isFault = error.status >= 500;
  exchange.log(isFault ? 'error' : 'info', describeError(error, isFault));
}

/** Code, note and, for faults, the chain of causes. Messages of other people's errors are left out: they may quote input. */
function describeError(error: AppError, withCauses: boolean): string {
  const parts = [error.note === undefined ? error.code : `${error.code}: ${error.note}`];
  let cause: unknown = withCauses ? error.cause : undefined;
  for (let depth = 0; cause instanceof Error && depth < 4; depth += 1) {
    const code: unknown = 'code' in cause ? cause.code : undefined;
    parts.push(
      `caused by ${cause.name}${typeof code === 'string' ? ` ${code}` : ''}${siteOf(cause)}`,
    );
    cause = cause.cause;
  }
  return parts.join(', ');
}

/** Where an error arose, from what follows its message: a line of the message may look like a place, too. */
function siteOf({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  const site = start < 0 ? null : /^ +(at .*)$/m.exec(stack.slice(start + message.length));
  return site === null ? '' : ` ${site[1] ?? ''}`;
}

function answerSignInNeeded(error: SignInNeededError, exchange: Exchange): HttpResponseInit {
  const loginUrl = exchange.services.settings.baseUrl + error.loginPath;
  if (exchange.prefersHtml) {
    if (error.isRepeated) return errorPage(error, exchange);
    // A form that is answered with a redirect to the provider would be stopped by `form-action`.
    if (exchange.request.method !== 'GET') return signInPage(error, loginUrl);
    return redirectTo(loginUrl);
  }
  return problem(error.code, exchange.correlationId, { login_url: loginUrl });
}

function signInPage({ code }: SignInNeededError, loginUrl: string): HttpResponseInit {
  const { title, detail } = factsOf(code);
  return htmlPage(<ContinuePage title={title} goTo={loginUrl} text={detail} />);
}

function errorJson(error: AppError, exchange: Exchange): HttpResponseInit {
  const extra: Record<string, unknown> = {};
  if (error instanceof RoleMissingError) extra['role'] = error.role;
  if (error instanceof SignInRefusedError && error.refusal.aadsts !== undefined) {
    extra['aadsts'] = error.refusal.aadsts;
  }
  return problem(error.code, exchange.correlationId, extra);
}

function errorPage(error: AppError, exchange: Exchange): HttpResponseInit {
  const facts = factsOf(error.code);
  const page = (
    <MessagePage
      title={facts.title}
      door="shut"
      links={linksFor(error, exchange)}
      offersSignOut={error instanceof RoleMissingError}
      references={referencesFor(error, exchange)}
    >
      <p>{facts.detail}</p>
      {error instanceof RoleMissingError ? (
        <p class="act">
          The role is named <code>{error.role}</code>.
        </p>
      ) : null}
      {error instanceof SignInRefusedError ? <Refusal error={error} /> : null}
    </MessagePage>
  );
  return withRetryAfter(htmlPage(page, facts.status), facts.retryAfterSeconds);
}

function Refusal({ error }: { readonly error: SignInRefusedError }) {
  const { meaning, action, actor } = refusalText(error.refusal);
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

function linksFor(error: AppError, exchange: Exchange): readonly PageLink[] {
  if (error instanceof RoleMissingError) return [homeLink];
  if (error instanceof SignInNeededError) {
    return [{ href: error.loginPath, text: 'Continue' }, homeLink];
  }
  if (error.code === 'ERR_SESSION_GONE') return [backToListLink(exchange), homeLink];
  if (error.code === 'ERR_WRONG_TENANT' || error instanceof SignInRefusedError) {
    // Without the picker the provider would answer at once with the same account.
    return [
      { href: '/auth/login?return_to=%2F&prompt=select_account', text: 'Use another account' },
      homeLink,
    ];
  }
  if (error.code.startsWith('ERR_SIGN_IN') || error.code === 'ERR_ID_TOKEN') {
    return [signInLink, homeLink];
  }
  const tryAgain = tryAgainLink(exchange);
  if (!isPassing(error) || tryAgain.href === homeLink.href) return [homeLink];
  return [tryAgain, homeLink];
}

/** `/auth/sessions/end` and `/auth/admin/end` stand below the list that named the session. */
function backToListLink({ path }: Exchange): PageLink {
  const href = path.startsWith('/auth/admin/') ? '/auth/admin' : '/auth/sessions';
  return { href, text: 'Back to the list' };
}

/** What a second try may well get past. */
function isPassing({ code }: AppError): boolean {
  return code === 'ERR_INTERNAL' || factsOf(code).retryAfterSeconds !== undefined;
}

/** The request once more; where it was part of a sign-in or a form, that begins anew. */
function tryAgainLink({ request, path }: Exchange): PageLink {
  const text = 'Try again';
  if (/^\/auth\/(login|redirect)/.test(path)) return { ...signInLink, text };
  return { href: request.method === 'GET' ? localPath(path) : '/', text };
}

function referencesFor(error: AppError, exchange: Exchange): readonly Reference[] {
  const references: Reference[] = [{ name: 'Error', value: error.code }];
  if (error instanceof SignInRefusedError) {
    const { aadsts, correlationId } = error.refusal;
    if (aadsts !== undefined) references.push({ name: 'Microsoft', value: `AADSTS${aadsts}` });
    if (correlationId !== undefined) references.push({ name: 'Correlation', value: correlationId });
  }
  return [...references, { name: 'Request', value: exchange.correlationId }];
}
