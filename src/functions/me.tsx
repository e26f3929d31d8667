import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { HttpFunction } from '../http/endpoint';
import { htmlPage, json } from '../http/responses';
import { ProfilePage } from '../pages/profile-page';
import { type SessionContext, signedIn } from '../sign-in/guards';
import { readPhoto, readProfile } from '../tokens/graph-profile';

/** GET auth/me: the user's Microsoft Graph profile, read with the user's own token. */
async function me(context: SessionContext): Promise<HttpResponseInit> {
  const { services, user } = context;
  const profile = await readProfile(callGraph(context));
  return context.prefersHtml
    ? htmlPage(services.site, <ProfilePage user={user} profile={profile} />)
    : json(profile);
}

/**
 * GET auth/me/photo: the user's Microsoft Graph photo.
 * @throws ERR_NOT_FOUND when there is no photo
 */
async function mePhoto(context: SessionContext): Promise<HttpResponseInit> {
  const photo = await readPhoto(callGraph(context));
  if (photo === undefined) throw new AppError('ERR_NOT_FOUND', { note: 'the user has no photo' });
  return { headers: { 'Content-Type': photo.contentType }, body: photo.bytes };
}

const callGraph =
  ({ api }: SessionContext) =>
  (path: string, accept: string) =>
    api.callApi('graph', path, { headers: { accept } });

export const meFunctions: readonly HttpFunction[] = [
  { name: 'me', route: 'me', get: signedIn(me, { withTokens: true }) },
  { name: 'me-photo', route: 'me/photo', get: signedIn(mePhoto, { withTokens: true }) },
];
