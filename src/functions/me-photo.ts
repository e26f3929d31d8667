import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { readPhoto } from '../graph/read-photo';
import type { SignedInExchange } from '../guards/signed-in';
import { signedIn } from '../guards/signed-in';
import { serve } from '../http/serve';

/** GET auth/me/photo: the user's Microsoft Graph photo, or 404. */
export async function mePhoto(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { services, accessToken, signal } = exchange;
  const photo = await readPhoto({
    baseUrl: services.settings.graphBaseUrl,
    scopes: services.settings.graphScopes,
    accessToken: await accessToken(),
    signal,
  });
  if (photo === undefined) throw new AppError('ERR_NOT_FOUND', { note: 'the user has no photo' });
  return { headers: { 'Content-Type': photo.contentType }, body: photo.bytes };
}

serve('me-photo', { route: 'auth/me/photo', get: signedIn(mePhoto, { withTokens: true }) });
