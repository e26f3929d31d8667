import { meaningOf } from '../auth/refusals';
import type { AppError, ProviderRefusal } from '../errors';
import { RoleMissingError, SignInNeededError, SignInRefusedError } from '../errors';
import type { PageLink } from '../pages/message-page';
import { pathWithoutMarker, wantedPath } from './bounce';
import type { Exchange } from './exchange';
import { changesNothing } from './request-kind';
import { localPath, loginPathTo } from './return-path';

const homeLink: PageLink = { href: '/', text: 'Home' };

/** Where the page of an error leads on, at least to one place; the first is what its text advises, where it advises any. */
export function errorLinks(error: AppError, exchange: Exchange): readonly PageLink[] {
  if (error instanceof RoleMissingError) {
    return [homeLink, pickerLink('Use another account', pathToReturnTo(exchange))];
  }
  const first = firstLink(error, exchange);
  return first === undefined || first.href === homeLink.href ? [homeLink] : [first, homeLink];
}

/** The link by which somebody signs in again after an error of a sign-in, for clients that show no page. */
export function loginPathIn(links: readonly PageLink[], exchange: Exchange): string | undefined {
  if (!isPartOfSignIn(exchange)) return undefined;
  return links.map(({ href }) => href).find((href) => href.startsWith('/auth/login'));
}

function firstLink(error: AppError, exchange: Exchange): PageLink | undefined {
  const { returnPath = '/' } = exchange.visitor;
  if (error instanceof SignInNeededError) {
    const text = error.lostPage === undefined ? 'Continue' : 'Sign in';
    return { href: error.loginPath, text };
  }
  if (error instanceof SignInRefusedError) {
    return pickerLink(refusalLabel(error.refusal), returnPath);
  }
  if (error.code === 'ERR_WRONG_TENANT') return pickerLink('Use another account', returnPath);
  if (error.code === 'ERR_PAGE_LOST') return { href: returnPath, text: 'Continue' };
  if (error.code === 'ERR_SESSION_GONE') return backToListLink(exchange);
  if (isPartOfSignIn(exchange)) return signInAgainLink(error, exchange);
  return mayPass(error) ? { href: pathToReturnTo(exchange), text: 'Try again' } : undefined;
}

/** Without the picker the provider would answer at once with the same account, and so with the same refusal. */
function pickerLink(text: string, returnPath: string): PageLink {
  return { href: loginPathTo(returnPath, 'select_account'), text };
}

function isPartOfSignIn({ path }: Exchange): boolean {
  return /^\/auth\/(login|redirect)\b/.test(path);
}

/** Begins a failed sign-in again, for the same wanted page. */
function signInAgainLink(error: AppError, exchange: Exchange): PageLink {
  const { returnPath } = exchange.visitor;
  const text = mayPass(error)
    ? 'Try again'
    : returnPath === undefined
      ? 'Sign in'
      : 'Sign in again';
  if (error.code === 'ERR_KEYS_UNAVAILABLE' && returnPath === undefined) {
    // Without keys the wanted page is unknown. The same request finds it once the keys are back.
    return { href: pathWithoutMarker(exchange.path), text };
  }
  return { href: loginPathTo(returnPath ?? '/'), text };
}

/** In the words of the text above it, so that no page says one thing and its button another. */
function refusalLabel(refusal: ProviderRefusal): string {
  const { kind, actor, mayUseAnother } = meaningOf(refusal);
  if (kind === 'passing') return 'Try again';
  const isOfTheAccount = kind === 'person' || kind === 'policy';
  const needsAnother = mayUseAnother === true || (isOfTheAccount && actor === 'administrator');
  return needsAnother ? 'Use another account' : 'Sign in again';
}

/** `/auth/sessions/end` and `/auth/admin/end` stand below the list that named the session. */
function backToListLink({ path }: Exchange): PageLink {
  const href = path.startsWith('/auth/admin/') ? '/auth/admin' : '/auth/sessions';
  return { href, text: 'Back to the list' };
}

/** Whether a retry may help: the fault may pass, or an operator may have corrected it. */
function mayPass({ code, retryAfterSeconds }: AppError): boolean {
  return (
    code === 'ERR_INTERNAL' || code === 'ERR_PROVIDER_REFUSED' || retryAfterSeconds !== undefined
  );
}

/** The page that was asked for; after a form there is none to come back to. */
function pathToReturnTo(exchange: Exchange): string {
  return changesNothing(exchange.request) ? localPath(wantedPath(exchange)) : '/';
}
