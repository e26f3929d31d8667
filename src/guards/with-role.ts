import { RoleMissingError } from '../errors';
import type { Handler } from '../http/exchange';
import type { Settings } from '../settings';
import type { SignedInHandler, SignedInOptions } from './signed-in';
import { signedIn } from './signed-in';

/**
 * Opens `handler` to signed-in users with an app role; others get 403 naming the role, never a redirect: signing in
 * again would not help them and would loop.
 * @param role the app role's value, or how to find it in the settings
 */
export function withRole(
  role: string | ((settings: Settings) => string),
  handler: SignedInHandler,
  options: SignedInOptions = {},
): Handler {
  return signedIn((exchange) => {
    const needed = typeof role === 'string' ? role : role(exchange.services.settings);
    if (!exchange.user.roles.includes(needed)) throw new RoleMissingError(needed);
    return handler(exchange);
  }, options);
}
