import { Stop } from './stop.mjs';

const ownPaths = ['/auth/redirect', '/auth/signed-out'];

/** What `isOwn` and the refusal go by, for `$select`. https://learn.microsoft.com/graph/api/resources/application */
export const deletableSelect =
  'id,appId,displayName,uniqueName,createdDateTime,web,spa,publicClient';

/** What must be of some form in it. */
export const deletableForm = {
  texts: ['id', 'appId'],
  lists: ['web.redirectUris', 'spa.redirectUris', 'publicClient.redirectUris'],
};

/**
 * Refuses to delete what is not Anteroom's alone: a wrong id would end another app for good.
 * @param {any} found as Graph gave it
 * @param {string | undefined} name by which the person confirms it
 * @throws {Stop} with what it is, and how to confirm it
 */
export function checkDeletable(found, name) {
  if (name === undefined ? isOwn(found) : name === found.displayName) return;
  const { appId, displayName } = found;
  const uris = urisOf(found);
  throw new Stop(
    [
      name === undefined
        ? `${appId} may not be Anteroom's alone, so it is not deleted. It is:`
        : `${appId} is not called ${name}, so it is not deleted. It is:`,
      `  name           ${displayName}`,
      `  unique name    ${found.uniqueName || 'none'}`,
      `  made           ${found.createdDateTime ?? 'unknown'}`,
      `  redirect URIs  ${uris.length === 0 ? 'none' : uris.join(' ')}`,
      'If nobody needs it any more, confirm that with its name:',
      `infra/scripts/entra-app.sh --delete ${appId} --name ${quoted(String(displayName))}`,
    ].join('\n'),
  );
}

/**
 * Named as template and script name theirs, with no redirect URI of another app. What Graph does not tell of a deleted
 * one is no reason against it, as long as its redirect URIs speak for it.
 * @param {any} found
 */
function isOwn(found) {
  const uris = urisOf(found);
  const isNamed =
    found.uniqueName === undefined
      ? uris.length > 0
      : String(found.uniqueName).startsWith('anteroom-');
  return (
    isNamed && uris.every((uri) => URL.canParse(uri) && ownPaths.includes(new URL(uri).pathname))
  );
}

/** @param {any} found @returns {string[]} */
function urisOf({ web, spa, publicClient }) {
  return [web, spa, publicClient].flatMap((platform) => platform?.redirectUris ?? []);
}

/** For bash: nothing in it is carried out. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
