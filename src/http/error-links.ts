import { meaningOf } from '../auth/refusals';
import type { ErrorCode } from '../error-facts';
import type { AppError, ProviderRefusal } from '../errors';
import { RoleMissingError, SignInNeededError, SignInRefusedError } from '../errors';
import type { PageLink } from '../pages/message-page';
import { wantedPath } from './bounce';
import type { Exchange } from './exchange';
import { changesNothing } from './request-kind';
import { localPath } from './return-path';

const signInLink: PageLink = { href: '/auth/login?return_to=%2F', text: 'Sign in' };
const homeLink: PageLink = { href: '/', text: 'Home' };

/** Ends of an attempt whose code does not begin with `ERR_SIGN_IN`. */
const otherAttempts: readonly ErrorCode[] = ['ERR_ID_TOKEN', 'ERR_OTHER_ISSUER'];

/** Where the page of an error leads on, at least to one place; the first is what its text advises, where it advises any. */
export function errorLinks(error: AppError, exchange: Exchange): readonly PageLink[] {
  if (error instanceof RoleMissingError) {
    return [homeLink, pickerLink('Use another account', pathToReturnTo(exchange))];
  }
  if (error instanceof SignInNeededError) {
    return [{ href: error.loginPath, text: 'Continue' }, homeLink];
  }
  if (error instanceof SignInRefusedError) {
    return [pickerLink(refusalLabel(error.refusal), '/'), homeLink];
  }
  if (error.code === 'ERR_WRONG_TENANT') return [pickerLink('Use another account', '/'), homeLink];
  if (error.code === 'ERR_SESSION_GONE') return [backToListLink(exchange), homeLink];
  if (error.code.startsWith('ERR_SIGN_IN') || otherAttempts.includes(error.code)) {
    return [signInLink, homeLink];
  }
  const tryAgain = tryAgainLink(exchange);
  if (!mayPass(error) || tryAgain.href === homeLink.href) return [homeLink];
  return [tryAgain, homeLink];
}

/** Without the picker the provider would answer at once with the same account, and so with the same refusal. */
function pickerLink(text: string, returnPath: string): PageLink {
  const query = `return_to=${encodeURIComponent(returnPath)}&prompt=select_account`;
  return { href: `/auth/login?${query}`, text };
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

/** What a second try may well get past, or what an operator may have changed meanwhile. */
function mayPass({ code, retryAfterSeconds }: AppError): boolean {
  return (
    code === 'ERR_INTERNAL' || code === 'ERR_PROVIDER_REFUSED' || retryAfterSeconds !== undefined
  );
}

/** The request once more; where it was part of a sign-in or a form, that begins anew. */
function tryAgainLink(exchange: Exchange): PageLink {
  const text = 'Try again';
  if (/^\/auth\/(login|redirect)/.test(exchange.path)) return { ...signInLink, text };
  return { href: pathToReturnTo(exchange), text };
}

/** The page that was asked for; after a form there is none to come back to. */
function pathToReturnTo(exchange: Exchange): string {
  return changesNothing(exchange.request) ? localPath(wantedPath(exchange)) : '/';
}
