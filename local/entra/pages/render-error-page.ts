import type { KoaContextWithOIDC } from 'oidc-provider';
import { entraErrorNumberOf } from '../entra-error';
import type { Refusals } from '../refusals';
import { errorPage } from './notice-pages';
import { pageHeaders } from './page';

/** The page for errors that must not be sent on, such as a redirect URI that is not registered. */
export function createErrorPage(refusals: Refusals) {
  return (context: KoaContextWithOIDC, _answer: unknown, error: unknown): void => {
    context.set(pageHeaders([]));
    context.body = errorPage(refusals.text(entraErrorNumberOf(error)));
  };
}
