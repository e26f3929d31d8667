import type { AuthParts } from './auth-parts';

/**
 * Where to send a browser whose session here has ended, so that it signs out at the provider too;
 * our own `/auth/signed-out` when the provider has no such page.
 *
 * `loginHint` is the ID token's claim `login_hint`. Never the user name: Entra ID ignores it here
 * and would ask which account to sign out. `client_id` stands in for an `id_token_hint`, without
 * which some providers ignore the way back.
 * @see OpenID Connect RP-Initiated Logout 1.0 section 2
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request
 * @throws ERR_PROVIDER_UNAVAILABLE, ERR_PROVIDER_MISMATCH
 */
export async function signOutUrl(
  { settings, provider }: Pick<AuthParts, 'settings' | 'provider'>,
  loginHint: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const signedOut = `${settings.baseUrl}/auth/signed-out`;
  const { endSessionEndpoint } = await provider.metadata(signal);
  if (endSessionEndpoint === undefined) return signedOut;
  const url = new URL(endSessionEndpoint);
  url.searchParams.set('client_id', settings.clientId);
  url.searchParams.set('post_logout_redirect_uri', signedOut);
  if (loginHint !== undefined) url.searchParams.set('logout_hint', loginHint);
  return url.href;
}
