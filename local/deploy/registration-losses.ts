import { isObject } from '../../src/json';
import { AzFailure } from './az';
import type { DeployContext } from './deploy-context';
import { DeployError } from './deploy-error';
import { environmentOf } from './keep-client-id';
import type { DeployOptions } from './read-deploy-options';
import { parameterValue } from './read-parameters';
import { readRunningClientId } from './read-running-client-id';

/** What others may have put on the registration, as people would look for it, with the parameter that keeps it. */
export interface RegistrationContent {
  readonly clientId: string;
  readonly entries: readonly string[];
}

/**
 * Reads the registration that the template is going to write anew: Microsoft Graph replaces its lists as a whole, and
 * Bicep cannot add to them.
 * @returns `undefined` where the template makes the first one, leaves it alone, or it may not be read
 */
export async function readRegistrationContent(
  { az }: DeployContext,
  { resourceGroup, parameters }: DeployOptions,
): Promise<RegistrationContent | undefined> {
  if (parameterValue(parameters, 'deployEntraApp')?.toLowerCase() === 'false') return undefined;
  try {
    const running = await readRunningClientId(az, resourceGroup, environmentOf(parameters));
    return running === undefined ? undefined : await readContent(az, running.clientId);
  } catch (error) {
    // Neither is a reason not to deploy: only the comparison is missing.
    if (error instanceof AzFailure || error instanceof DeployError) return undefined;
    throw error;
  }
}

/** Says what the registration had before and has no more. Nothing where it may not be read. */
export async function reportLosses(
  { az, report }: DeployContext,
  before: RegistrationContent | undefined,
): Promise<void> {
  if (before === undefined) return;
  const after = await readContent(az, before.clientId);
  const lost = before.entries.filter((entry) => after?.entries.includes(entry) === false);
  if (lost.length === 0) return;
  report(
    `\nThis deployment took away from the registration ${before.clientId}, as its parameters do not name it:`,
  );
  for (const entry of lost) report(`  ${entry}`);
  report(
    'Put back what somebody needs, and name it in the parameters: the next deployment keeps it then.',
  );
}

async function readContent(
  az: DeployContext['az'],
  clientId: string,
): Promise<RegistrationContent | undefined> {
  const query =
    '{uris:web.redirectUris,roles:appRoles,apis:requiredResourceAccess,claims:optionalClaims}';
  const content = await az(['ad', 'app', 'show', '--id', clientId, '--query', query]);
  if (!isObject(content)) return undefined;
  const claims = isObject(content['claims']) ? content['claims'] : {};
  return {
    clientId,
    entries: [
      ...textsIn(content['uris']).map((uri) => `redirect URI ${uri} (keptRedirectUris)`),
      ...objectsIn(content['roles']).map(
        ({ value }) => `app role ${String(value)} (infra/app-roles.json)`,
      ),
      ...objectsIn(content['apis']).flatMap((api) =>
        objectsIn(api['resourceAccess']).map(
          ({ id, type }) =>
            `permission ${String(id)} (${String(type)}) of the API ${String(api['resourceAppId'])} (apiPermissions)`,
        ),
      ),
      ...Object.entries(claims).flatMap(([token, list]) =>
        objectsIn(list).map(
          ({ name }) =>
            `optional claim ${String(name)}, ${token} (no parameter: deployEntraApp=false)`,
        ),
      ),
    ],
  };
}

function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

function objectsIn(list: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
