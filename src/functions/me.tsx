import type { HttpResponseInit } from '@azure/functions';
import { readProfile } from '../graph/read-profile';
import type { SignedInExchange } from '../guards/signed-in';
import { signedIn } from '../guards/signed-in';
import { htmlPage, json } from '../http/responses';
import { serve } from '../http/serve';
import { ProfilePage } from '../pages/profile-page';

/** GET auth/me: the user's Microsoft Graph profile, read as the user. */
export async function me(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { services, user, accessToken, signal } = exchange;
  const profile = await readProfile({
    baseUrl: services.settings.graphBaseUrl,
    scopes: services.settings.graphScopes,
    accessToken: await accessToken(),
    signal,
  });
  return exchange.prefersHtml
    ? htmlPage(<ProfilePage user={user} profile={profile} />)
    : json(profile);
}

serve('me', { route: 'auth/me', get: signedIn(me, { withTokens: true }) });
