import type { HttpResponseInit } from '@azure/functions';
import { refusalText } from '../auth/refusal-text';
import { AppError, RoleMissingError, SignInNeededError, SignInRefusedError } from '../errors';
import { factsOf } from '../error-facts';
import { ContinuePage } from '../pages/continue-page';
import type { Reference } from '../pages/message-page';
import { MessagePage } from '../pages/message-page';
import { errorLinks } from './error-links';
import type { Exchange } from './exchange';
import { htmlPage, problem, redirectTo, withRetryAfter } from './responses';

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
  return problem(error.code, exchange.correlationId, extra, error.retryAfterSeconds);
}

function errorPage(error: AppError, exchange: Exchange): HttpResponseInit {
  const facts = factsOf(error.code);
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
      {error instanceof SignInRefusedError ? <Refusal error={error} /> : null}
    </MessagePage>
  );
  return withRetryAfter(htmlPage(page, facts.status), error.retryAfterSeconds);
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

function referencesFor(error: AppError, exchange: Exchange): readonly Reference[] {
  const references: Reference[] = [{ name: 'Error', value: error.code }];
  if (error instanceof SignInRefusedError) {
    const { aadsts, correlationId } = error.refusal;
    if (aadsts !== undefined) references.push({ name: 'Microsoft', value: `AADSTS${aadsts}` });
    if (correlationId !== undefined) references.push({ name: 'Correlation', value: correlationId });
  }
  return [...references, { name: 'Request', value: exchange.correlationId }];
}
