import { isObject } from '../../src/bodies';
import { type Az, AzFailure } from './az.mjs';

/** What an app registration has and a deployment replaces, in words that people search for, with the parameter that keeps it. */
export type Entries = readonly string[];

/**
 * The registrations of the apps that are in the resource group, by client id: Microsoft Graph replaces their lists as a whole, and Bicep cannot
 * add to them. Empty where there is nothing, or it may not be read: only the comparison is missing then.
 */
export async function readRegistrations(
  az: Az,
  group: string,
): Promise<ReadonlyMap<string, Entries>> {
  const found = new Map<string, Entries>();
  const inGroup = ['--resource-group', group];
  try {
    const apps = await az(['functionapp', 'list', ...inGroup, '--query', '[].name']);
    for (const name of texts(apps)) {
      const id = await az([
        ...['functionapp', 'config', 'appsettings', 'list', ...inGroup, '--name', name],
        ...['--query', "[?name=='ENTRA_CLIENT_ID'].value | [0]"],
      ]);
      if (typeof id === 'string' && id !== '') found.set(id, (await readEntries(az, id)) ?? []);
    }
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
  }
  return found;
}

/** @returns undefined where it may not be read */
export async function readEntries(az: Az, id: string): Promise<Entries | undefined> {
  const query =
    '{uris:web.redirectUris,scopes:requiredResourceAccess[].resourceAccess[].id,claims:optionalClaims.[idToken,accessToken][].name,groups:groupMembershipClaims,audiences:identifierUris,exposed:api.oauth2PermissionScopes[].value,apps:api.preAuthorizedApplications[].appId,roles:appRoles[].value}';
  try {
    const read = await az(['ad', 'app', 'show', '--id', id, '--query', query]);
    if (!isObject(read)) return undefined;
    return [
      ...texts(read['uris']).map(redirectUri),
      ...texts(read['scopes']).map((scope) => `permission ${scope} (apiPermissions)`),
      ...texts(read['claims']).map((claim) => `optional claim ${claim} (no parameter keeps it)`),
      ...texts([read['groups']])
        .filter((groups) => groups !== 'None')
        .map((groups) => `groups in tokens: ${groups} (groupClaims)`),
      ...texts(read['audiences']).map((uri) => `App ID URI ${uri} (appIdUri)`),
      ...texts(read['roles']).map((role) => `app role ${role} (appRoles)`),
      ...texts(read['apps']).map((app) => `pre-authorized app ${app} (no parameter keeps it)`),
      ...texts(read['exposed']).map((scope) => `scope ${scope} of the app itself (exposedScopes)`),
    ];
  } catch (error) {
    if (error instanceof AzFailure) return undefined;
    throw error;
  }
}

/** The entry of a redirect URI. */
export function redirectUri(uri: string): string {
  return `redirect URI ${uri} (keptRedirectUris)`;
}

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}
