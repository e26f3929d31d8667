import type { HttpResponseInit } from '@azure/functions';
import { findLiveToken, type OpenedTokens, openTokens, scopesOfSignIn } from '../entra/msal-cache';
import { AppError } from '../errors';
import type { RequestContext } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { htmlPage, json } from '../http/responses';
import { loginPathTo } from '../http/request';
import { ProfilePage } from '../pages/own-pages';
import { type SessionContext, signedIn } from '../sign-in/guards';
import { readPhoto, readProfile, readRawProfile } from '../tokens/graph';

/**
 * GET auth/me: the user's Microsoft Graph profile, read with the user's own token, for how long that token lives, and the
 * claims of the ID token. If the settings have no API, the claims alone.
 *
 * `Accept: application/vnd.graph+json` gets the answer of Graph as it is.
 */
async function me(context: SessionContext): Promise<HttpResponseInit> {
  const { services, user, now, request } = context;
  if (rawType.test(request.headers.get('accept') ?? '')) return rawProfile(context);
  const profile = hasApi(context) ? await readProfile(callGraph(context)) : undefined;
  const { expiresAt, claims } = await signInFacts(context);
  const expiresIn = expiresAt === undefined ? undefined : expiresAt - now;
  if (!context.prefersHtml) return json({ ...profile, access_token_expires_in: expiresIn, claims });
  const canEdit = services.settings.policies['edit-profile'] !== undefined;
  const { site } = services;
  const editPath = `${loginPathTo(site, `${site.authPath}/me`)}&policy=edit-profile`;
  return htmlPage(
    context,
    <ProfilePage
      user={user}
      profile={profile}
      claims={claims}
      expiresIn={expiresIn}
      editPath={canEdit ? editPath : undefined}
    />,
  );
}

/** A name of ours. Graph itself has `application/json` for everything, which asks for our own answer here. */
const rawType = /(^|,)\s*application\/vnd\.graph\+json\s*(;|,|$)/i;

async function rawProfile(context: SessionContext): Promise<HttpResponseInit> {
  requireApi(context);
  const body = await readRawProfile(callGraph(context));
  return { headers: { 'Content-Type': 'application/json' }, body };
}

/**
 * GET auth/me/photo: the user's Microsoft Graph photo. Without one, a page that shows it as a picture gets 204: browsers report
 * each picture that is 404 as an error in their console.
 * @throws ERR_NOT_FOUND for other clients when there is no photo, and when the settings have no API
 */
async function mePhoto(context: SessionContext): Promise<HttpResponseInit> {
  requireApi(context);
  const photo = await readPhoto(callGraph(context));
  if (photo === undefined) {
    if (context.request.headers.get('sec-fetch-dest') === 'image') return { status: 204 };
    throw new AppError('ERR_NOT_FOUND', { note: 'the user has no photo' });
  }
  return { headers: { 'Content-Type': photo.contentType }, body: photo.bytes };
}

function hasApi({ services }: SessionContext): boolean {
  return services.settings.graphScopes.length > 0;
}

function requireApi(context: SessionContext): void {
  if (!hasApi(context)) throw new AppError('ERR_NOT_FOUND', { note: 'GRAPH_SCOPES is none' });
}

const callGraph =
  ({ api }: SessionContext) =>
  (path: string, accept: string) =>
    api.callApi('graph', path, { headers: { accept } });

/** Claims that only the protocol needs, and those by which the provider knows its own session. */
const hidden = new Set('nonce at_hash c_hash s_hash sid login_hint rh uti aio xms_tpl'.split(' '));

/** What the tokens of the session say, after Graph was asked. */
async function signInFacts({ services, ticket, now, signal, ...context }: SessionContext) {
  const scopes = scopesOfSignIn(services.settings.graphScopes);
  const hasToken = scopes.length > 0;
  const expiryIn = (opened: OpenedTokens | undefined) =>
    hasToken && opened ? findLiveToken(opened, scopes, now)?.expiresAt : undefined;
  let opened = context.openedTokens();
  // Another request of this session, or another instance, has refreshed the token.
  if (opened === undefined || (hasToken && expiryIn(opened) === undefined)) {
    const stored = await services.sessions.readTokens(ticket, signal);
    opened = stored && openTokens(stored.tokenCache);
  }
  const claims = Object.entries(opened?.claims ?? {});
  return {
    expiresAt: expiryIn(opened),
    claims: Object.fromEntries(claims.filter(([name]) => !hidden.has(name))),
  };
}

export const meFunctions: readonly HttpFunction[] = [
  { name: 'me', route: 'me', get: signedIn(me, { withTokens: true }) },
  { name: 'me-photo', route: 'me/photo', get: signedIn(mePhoto, { withTokens: true }) },
];

/**
 * GET auth/session: who is signed in and for how many seconds, for a front end. `slide=false` does not extend the session.
 * @throws ERR_SIGNED_OUT, ERR_STEP_UP
 */
function session({ user, session, now, services }: SessionContext): HttpResponseInit {
  return json({
    user: {
      name: user.name,
      username: user.username,
      oid: user.objectId,
      tid: user.tenantId,
      sub: user.subject,
      iss: user.issuer,
    },
    roles: user.roles,
    expires_in: session.expiresAt - now,
    idle_expires_in: session.idleExpiresAt - now,
    logout_path: `${services.site.authPath}/logout`,
  });
}

/** Only this function reads it from the query. The query of other functions belongs to the team. */
const slides = ({ query }: RequestContext) => query.get('slide') !== 'false';

export const sessionFunction: HttpFunction = {
  name: 'session',
  route: 'session',
  get: signedIn(session, { slides }),
};
