import type { KoaContextWithOIDC } from 'oidc-provider';
import { entraErrorNumberOf, entraErrorText } from '../entra-error';
import { errorPage } from './notice-pages';
import { pageHeaders } from './page';

/** The page for errors that must not be sent on, such as a redirect URI that is not registered. */
export function renderErrorPage(
  context: KoaContextWithOIDC,
  _answer: unknown,
  error: unknown,
): void {
  context.set(pageHeaders([]));
  context.body = errorPage(entraErrorText(entraErrorNumberOf(error)));
}
