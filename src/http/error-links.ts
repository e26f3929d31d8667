import { meaningOf } from '../entra/refusal-table';
import type { ErrorCode } from '../error-facts';
import {
  type AppError,
  type ProviderRefusal,
  RoleMissingError,
  SignInNeededError,
  SignInRefusedError,
  TenantRefusedError,
} from '../errors';
import type { PageLink } from '../pages/message-page';
import type { Texts } from '../texts/en';
import type { RequestContext } from './context';
import { changesNothing, localPath, loginPathTo } from './request';
import { pathWithoutMarker, textsOf, wantedPath } from './responses';

/** The links on the page of an error, at least one. The first one does what the text advises. */
export function errorLinks(error: AppError, context: RequestContext): readonly PageLink[] {
  const home = homeLink(context);
  const { links } = textsOf(context);
  if (error instanceof RoleMissingError) {
    return [home, pickerLink(links.useAnotherAccount, pathToReturnTo(context), context)];
  }
  const first = firstLink(error, context);
  if (first === undefined) return [home];
  // One link to the home page is enough, with the text that says what it is good for.
  if (first.href === home.href) return [first];
  // The text says that a new try does not help before an operator has acted.
  return error.code === 'ERR_PROVIDER_REFUSED' ? [home, first] : [first, home];
}

const homeLink = (context: RequestContext): PageLink => ({
  href: context.services.site.homePath,
  text: textsOf(context).links.goHome,
});

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
  const { links } = textsOf(context);
  if (error instanceof SignInNeededError) {
    const text = error.lostPage === undefined ? links.continue : links.signIn;
    return { href: error.loginPath, text };
  }
  if (error instanceof SignInRefusedError) {
    return pickerLink(refusalLabel(error.refusal, links), returnPath, context);
  }
  if (error instanceof TenantRefusedError || anotherMayHelp.includes(error.code)) {
    return pickerLink(links.useAnotherAccount, returnPath, context);
  }
  if (error.code === 'ERR_PAGE_LOST') {
    return returnPath === site.homePath ? undefined : { href: returnPath, text: links.continue };
  }
  // The session is as it was. The page asks for the step again.
  if (error.code === 'ERR_STEP_UP_UNMET') return { href: returnPath, text: links.tryAgain };
  if (error.code === 'ERR_SESSION_GONE') return backToListLink(context);
  if (isPartOfSignIn(context)) return signInAgainLink(error, context);
  return hereAgainLink(error, context);
}

/** The page of the request once more. A form cannot be sent again by a link: the person goes back to its page. */
function hereAgainLink(error: AppError, context: RequestContext): PageLink | undefined {
  const href = pathToReturnTo(context);
  if (!changesNothing(context.request)) {
    const isOfList = /^(admin|sessions)\//.test(pathBelow(context));
    return mayPass(error) && isOfList ? backToListLink(context) : undefined;
  }
  const { links } = textsOf(context);
  if (error.code === 'ERR_PREFETCH') return { href, text: links.openPage };
  if (error.code === 'ERR_SESSION_CHANGED') return { href, text: links.loadAgain };
  return mayPass(error) ? { href, text: links.tryAgain } : undefined;
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
  const { links } = textsOf(context);
  const text = mayPass(error)
    ? links.tryAgain
    : returnPath === undefined
      ? links.signIn
      : links.signInAgain;
  if (error.code === 'ERR_KEYS_UNAVAILABLE' && returnPath === undefined) {
    // Without keys the wanted page is unknown. The same request finds it when the keys are back.
    return { href: pathWithoutMarker(context.path), text };
  }
  const { site } = context.services;
  return { href: loginPathTo(site, returnPath ?? site.homePath), text };
}

/** The text of the button. It must agree with the text of the page above it. */
function refusalLabel(refusal: ProviderRefusal, links: Texts['links']): string {
  const { kind, actor, mayUseAnother } = meaningOf(refusal);
  if (kind === 'passing') return links.tryAgain;
  const isOfTheAccount = kind === 'person' || kind === 'policy';
  const needsAnother = mayUseAnother === true || (isOfTheAccount && actor === 'administrator');
  return needsAnother ? links.useAnotherAccount : links.signInAgain;
}

/** `/auth/sessions/end` and `/auth/admin/end` stand below the list that named the session. */
function backToListLink(context: RequestContext): PageLink {
  const { site } = context.services;
  const page = pathBelow(context).startsWith('admin/') ? 'admin' : 'sessions';
  // An app may have left the list out, and a function of a team's own may throw the same error.
  if (!site.menu.includes(page)) return homeLink(context);
  return { href: `${site.authPath}/${page}`, text: textsOf(context).links.backToList };
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
