import type Provider from 'oidc-provider';
import type { TokenEndpointGrantContext } from 'oidc-provider';
import { isString } from '../loopback/control';
import type { AskedScopes } from './asked-scopes';
import type { Directory } from './directory';
import { EntraRefusal } from './entra-error';
import { graphScopesOf, readScopes } from './issue-tokens';

/**
 * Refresh tokens as Microsoft Entra ID treats them: any scope the person has consented to may be
 * asked for, a new refresh token comes with each answer and the old one stays valid, and the account
 * is looked at again. Throws EntraRefusal 70000, 70008, 50057 or 65001.
 */
export function registerRefreshGrant(
  provider: Provider,
  { directory, askedScopes }: { directory: Directory; askedScopes: AskedScopes },
): void {
  provider.registerGrantType(
    'refresh_token',
    async (context: TokenEndpointGrantContext) => {
      const { client, params, body } = context.oidc;
      const value = params['refresh_token'];
      if (!isString(value)) throw new EntraRefusal(90014);
      const old = await provider.RefreshToken.find(value, { ignoreExpiration: true });
      if (old?.grantId === undefined || old.clientId !== client.clientId) {
        throw new EntraRefusal(70000);
      }
      if (old.isExpired) throw new EntraRefusal(70008);
      const user = directory.find(old.accountId);
      if (user === undefined || user.disabled) throw new EntraRefusal(50057);
      const asked = isString(body?.['scope']) ? readScopes(body['scope']) : askedScopes.of(old.jti);
      if (directory.missingConsent(user.objectId, graphScopesOf(asked)).length > 0) {
        throw new EntraRefusal(65001);
      }

      const fresh = new provider.RefreshToken({
        accountId: old.accountId,
        client,
        grantId: old.grantId,
        gty: 'refresh_token',
        scope: 'openid',
        sessionUid: old.sessionUid,
      });
      context.body = { refresh_token: await fresh.save() };
      askedScopes.remember(fresh.jti, askedScopes.of(old.jti));
      context.oidc.entity('RefreshToken', fresh);
    },
    ['refresh_token'],
  );
}
