import { isObject } from '../../src/json';
import type { Az } from './az';
import { DeployError } from './deploy-error';
import { unexpectedAnswer } from './unexpected-answer';

/** The client id that an app has, and the name of that app. */
export interface RunningClientId {
  readonly app: string;
  readonly clientId: string;
}

/**
 * Asks the app that a deployment would overwrite, whoever deployed it and however: not the history of deployments, which
 * has other names for other ways to deploy.
 * @param environment `undefined` where it is not known here: then every function app of the group might be meant
 * @returns `undefined` where there is no such app, or it has no client id
 * @throws DeployError where several apps may be meant, AzFailure where they may not be read
 */
export async function readRunningClientId(
  az: Az,
  resourceGroup: string,
  environment: string | undefined,
): Promise<RunningClientId | undefined> {
  const listed = await az([
    ...['functionapp', 'list', '--resource-group', resourceGroup],
    ...['--query', '[].{name:name,tags:tags}'],
  ]);
  // Anything but a list would be taken for "no app", and that empties the client id.
  if (!Array.isArray(listed)) throw ambiguous('The function apps of the group could not be read.');
  const names = listed.flatMap((item: unknown) => nameOf(item, environment));
  const [app] = names;
  if (app === undefined) return undefined;
  if (names.length > 1) {
    throw ambiguous(
      `The group has several apps, and which one is meant is not clear: ${names.join(', ')}.`,
    );
  }
  const clientId = await az([
    ...['functionapp', 'config', 'appsettings', 'list', '--resource-group', resourceGroup],
    ...['--name', app, '--query', "[?name=='ENTRA_CLIENT_ID'].value | [0]"],
  ]);
  // For null az prints nothing.
  if (clientId === null || (typeof clientId === 'string' && clientId.trim() === ''))
    return undefined;
  if (typeof clientId === 'string' && /^[\w-]+$/.test(clientId)) return { app, clientId };
  throw unexpectedAnswer('functionapp config appsettings list', clientId);
}

/** By its name too, which infra/main.bicep builds: a policy or a person may have removed the tag. */
function nameOf(item: unknown, environment: string | undefined): readonly string[] {
  const { name, tags } = isObject(item) ? item : {};
  if (typeof name !== 'string') return [];
  if (environment === undefined) return [name];
  const isTagged = isObject(tags) && tags['azd-env-name'] === environment;
  const isNamed =
    name.startsWith(`func-${environment}-`) &&
    /^[a-z0-9]+$/.test(name.slice(`func-${environment}-`.length));
  return isTagged || isNamed ? [name] : [];
}

function ambiguous(message: string): DeployError {
  return new DeployError(message, [
    'With deployEntraApp=false say which client id the app has: --parameters entraClientId=...',
    'or, if there is no registration yet: --parameters entraClientId=later',
  ]);
}
