import { readFileSync } from 'node:fs';
import { armGuid } from './arm-guid.mjs';
import { findRole, mergeRegistration } from './merge-registration.mjs';
import { Stop } from './stop.mjs';

/** @import { Graph } from './graph.mjs' */

const select =
  '$select=id,appId,displayName,uniqueName,signInAudience,appRoles,optionalClaims,requiredResourceAccess,web,passwordCredentials';

const form = {
  texts: ['id', 'appId'],
  lists: [
    'appRoles',
    'optionalClaims.idToken',
    'requiredResourceAccess',
    'web.redirectUris',
    'passwordCredentials',
  ],
};

/**
 * @typedef {object} Registration
 * @property {string} id object id
 * @property {string} appId client id
 * @property {string} roleId id of the app role admin
 * @property {readonly any[]} secrets what Graph tells of its secrets: no values
 */

/**
 * Makes the registration, or changes what is not as wanted; finds it by `appId`, else by its unique name.
 * @param {Graph} graph
 * @param {object} wanted
 * @param {string} wanted.url
 * @param {boolean} wanted.isLocal
 * @param {string | undefined} wanted.appId of one that somebody made by hand
 * @param {string | undefined} wanted.uniqueName asked for by a person
 * @param {() => string} wanted.usualUniqueName where there is none and none was asked for
 * @param {string | undefined} wanted.name
 * @param {(line: string) => void} say
 * @returns {Registration}
 */
export function ensureRegistration(graph, wanted, say) {
  const { appId, url, isLocal, name } = wanted;
  const existing = appId === undefined ? undefined : readById(graph, appId);
  const uniqueName = wanted.uniqueName ?? existing?.uniqueName ?? wanted.usualUniqueName();
  if (existing?.uniqueName && existing.uniqueName !== uniqueName) {
    throw new Stop(
      `the registration ${appId} has the unique name ${existing.uniqueName}, which can never be changed. Leave --unique-name out to use it as it is.`,
    );
  }
  const found = existing ?? readByName(graph, uniqueName);
  const roles = wantedRoles(uniqueName);
  const { properties, changes, keptUris } = mergeRegistration(found ?? {}, {
    url,
    isLocal,
    name,
    roles,
  });
  const registration = found ?? make(graph, uniqueName, properties);
  if (found === undefined) {
    say(`Registration: made, ${properties.displayName}`);
  } else {
    // Once set, it is there for good: https://learn.microsoft.com/graph/templates/bicep/how-to-reference-existing-resources
    const patch = found.uniqueName ? changes.patch : { uniqueName, ...changes.patch };
    change(graph, found, patch);
    const names = found.uniqueName ? changes.names : ['uniqueName', ...changes.names];
    const said = names.length === 0 ? 'already as wanted' : `changed ${names.join(', ')}`;
    say(`Registration: ${said} (${properties.displayName})`);
    if (appId !== undefined) sayReplaced(found, properties, say);
    sayKept(found, keptUris, properties, say);
  }
  return {
    id: registration.id,
    appId: registration.appId,
    roleId: findRole(properties.appRoles, roles[0]).id,
    secrets: registration.passwordCredentials ?? [],
  };
}

/**
 * The role of the console, then those of infra/app-roles.json, as infra/modules/entra-app.bicep has them.
 * @param {string} uniqueName
 */
export function wantedRoles(uniqueName) {
  const admin = {
    value: 'admin',
    displayName: 'Administrator',
    description: 'Sees who is signed in and can end sessions.',
  };
  return [admin, ...rolesOfTeam()].map(({ value, displayName, description, isEnabled }) => ({
    id: armGuid(uniqueName, value),
    value,
    displayName: displayName ?? value,
    description: description ?? value,
    isEnabled: isEnabled ?? true,
  }));
}

function rolesOfTeam() {
  try {
    const roles = JSON.parse(
      readFileSync(new URL('../../app-roles.json', import.meta.url), 'utf8'),
    );
    if (roles.every((/** @type {any} */ { value }) => typeof value === 'string' && value !== ''))
      return roles;
  } catch {
    // Told below: not there, not JSON or no list.
  }
  throw new Stop(
    'infra/app-roles.json is not a list of app roles, as in [{ "value": "reader" }]; [] is for none',
  );
}

/** @param {Graph} graph @param {string} appId */
export function readById(graph, appId) {
  // https://learn.microsoft.com/graph/api/application-get
  const path = `applications(appId='${appId}')?${select}`;
  const found = graph.find({ path, form, doing: `read the registration ${appId}` });
  if (found === undefined) throw new Stop(`there is no registration ${appId} in this tenant`);
  return found;
}

/** @param {Graph} graph @param {string} uniqueName */
function readByName(graph, uniqueName) {
  // https://learn.microsoft.com/powershell/module/microsoft.graph.applications/get-mgapplicationbyuniquename
  const path = `applications(uniqueName='${uniqueName}')?${select}`;
  return graph.find({ path, form, doing: `look for the registration ${uniqueName}` });
}

/** @param {Graph} graph @param {string} uniqueName @param {unknown} body */
function make(graph, uniqueName, body) {
  const path = `applications(uniqueName='${uniqueName}')`;
  // https://learn.microsoft.com/graph/api/application-upsert
  const made = graph.send({
    method: 'PATCH',
    path,
    body,
    form,
    upsert: true,
    doing: `make the registration ${uniqueName}`,
    needs: 'the Entra role Application Developer',
  });
  // Nothing comes back where it was there after all, from a run a moment ago.
  return (
    made ??
    graph.send({ path: `${path}?${select}`, form, doing: `read the registration ${uniqueName}` })
  );
}

/** @param {Graph} graph @param {any} found @param {Record<string, unknown>} patch */
function change(graph, found, patch) {
  if (Object.keys(patch).length === 0) return;
  // https://learn.microsoft.com/graph/api/application-update
  graph.send({
    method: 'PATCH',
    path: `applications/${found.id}`,
    body: patch,
    doing: `change the registration ${found.appId}`,
    needs: 'an owner of this registration or a Cloud Application Administrator',
  });
}

/**
 * What somebody had set and Anteroom sets otherwise, with what it was, so that they hear of it.
 * @param {any} found
 * @param {any} properties
 * @param {(line: string) => void} say
 */
function sayReplaced(found, properties, say) {
  const web = found.web ?? {};
  const grants = web.implicitGrantSettings ?? {};
  const hasImplicit = grants.enableAccessTokenIssuance || grants.enableIdTokenIssuance;
  const settings = [
    ['sign-in audience', found.signInAudience, properties.signInAudience],
    ['implicit grant', hasImplicit ? 'on' : 'off', 'off'],
    ['logout URL', web.logoutUrl, properties.web.logoutUrl],
    ['home page', web.homePageUrl, properties.web.homePageUrl],
  ];
  for (const [what, was, is] of settings) {
    if (is === undefined || was === is) continue;
    say(`  Not kept: ${what}, which was ${was || 'not set'} and is now ${is}`);
  }
}

/** @param {any} found @param {readonly string[]} keptUris @param {any} properties @param {(line: string) => void} say */
function sayKept(found, keptUris, properties, say) {
  if (keptUris.length > 0) {
    say(`  Kept redirect URIs that are not of this app: ${keptUris.join(' ')}`);
    const own = properties.web.redirectUris.filter(
      (/** @type {string} */ uri) => !keptUris.includes(uri),
    );
    say(
      `  To drop them: az ad app update --id ${found.appId} --web-redirect-uris ${own.join(' ')}`,
    );
  }
  const isPowerful = properties.requiredResourceAccess.some(
    (/** @type {any} */ { resourceAccess }) =>
      resourceAccess.some((/** @type {any} */ { type }) => type === 'Role'),
  );
  if (isPowerful) {
    say(
      '  Take care: it asks for application permissions. The identity of the app can act as this application',
    );
    say(
      '  and has them too. Anteroom needs none: remove them at portal.azure.com, API permissions.',
    );
  }
}
