import type Provider from 'oidc-provider';
import type { TokenEndpointGrantContext } from 'oidc-provider';
import { isString } from '../loopback/control';
import { claimsForContext, contextsOfClaims, contextsOfPolicies } from './access-policies';
import { EntraRefusal } from './entra-error';
import { graphScopesOf, readScopes } from './resources';
import type { SignInPolicyParts } from './sign-in-policy';

/**
 * Refresh tokens as Microsoft Entra ID treats them: any scope the person has consented to may be
 * asked for, a new refresh token comes with each answer and the old one stays valid, and the account
 * is looked at again. Throws EntraRefusal 70000, 70008, 50057, 65001 or, with the claims to ask for at
 * the next sign-in, 50076.
 */
export function registerRefreshGrant(
  provider: Provider,
  { directory, accessPolicies, notes }: SignInPolicyParts,
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
      const note = notes.ofGrant(old.jti);
      const asked = isString(body?.['scope']) ? readScopes(body['scope']) : note.scopes;
      if (directory.missingConsent(user.objectId, graphScopesOf(asked)).length > 0) {
        throw new EntraRefusal(65001);
      }
      const missing = [
        ...contextsOfClaims(body?.['claims']),
        ...contextsOfPolicies(accessPolicies.value, directory, user, asked),
      ].find((context) => !note.acrs.includes(context));
      if (missing !== undefined) throw new EntraRefusal(50076, claimsForContext(missing));

      const fresh = new provider.RefreshToken({
        accountId: old.accountId,
        client,
        grantId: old.grantId,
        gty: 'refresh_token',
        scope: 'openid',
        sessionUid: old.sessionUid,
      });
      context.body = { refresh_token: await fresh.save() };
      notes.keepGrant(fresh.jti, note);
      context.oidc.entity('RefreshToken', fresh);
    },
    ['refresh_token'],
  );
}
