import { join } from 'node:path';
import { startEntraStandIn } from '../entra/start-entra-stand-in';
import { startGraphStandIn } from '../graph/start-graph-stand-in';
import { localClientId, localTenantId } from './app-settings';
import type { StackFacts } from './start-stack';
import { tellStep, type StackListener } from './stack-listener';
import type { StackOptions } from './stack-options';
import type { StackSecrets } from './stack-secrets';

const graphAudience = 'https://graph.microsoft.com';

type StandInFacts = Pick<
  StackFacts,
  'entraUrl' | 'authority' | 'issuer' | 'graphUrl' | 'graphBaseUrl' | 'users'
>;

/** Starts the Entra stand-in, which must know where the app will stand, and the Graph stand-in. */
export async function startStandIns(parts: {
  readonly options: StackOptions;
  readonly secrets: StackSecrets;
  readonly appPorts: readonly number[];
  /** Gets what was started, to be ended. */
  readonly running: { stop(): Promise<void> }[];
  readonly listener: StackListener;
}): Promise<StandInFacts> {
  const { options, secrets, appPorts, running, listener } = parts;
  const { dataDir, shape, otherClients } = options;
  const entra = await tellStep(
    listener,
    'Entra ID stand-in',
    () =>
      startEntraStandIn({
        port: secrets.entraPort,
        tenantId: localTenantId,
        client: registration(options, secrets, appPorts),
        graphAudience,
        ...(otherClients !== undefined && { otherClients }),
        ...(shape !== undefined && { shape }),
        ...(dataDir !== undefined && { stateFile: join(dataDir, 'entra.json') }),
      }),
    ({ url }) => url,
  );
  running.push(entra);
  const { authority, keysUrl, issuer, users } = entra;
  const graph = await tellStep(
    listener,
    'Graph stand-in',
    () =>
      startGraphStandIn({
        port: secrets.graphPort,
        keysUrl,
        issuer,
        audience: graphAudience,
        listUsers: () => entra.listUsers(),
      }),
    ({ url }) => url,
  );
  running.push(graph);
  return {
    entraUrl: entra.url,
    authority,
    issuer,
    graphUrl: graph.url,
    graphBaseUrl: graph.baseUrl,
    users,
  };
}

function registration(
  { https, registration: own }: StackOptions,
  { clientSecret }: StackSecrets,
  appPorts: readonly number[],
) {
  const origins = appPorts.flatMap((port) => [
    `http://localhost:${port}`,
    `https://localhost:${port}`,
  ]);
  const scheme = https === true ? 'https' : 'http';
  return {
    id: localClientId,
    secret: clientSecret,
    redirectUris: origins.map((origin) => `${origin}/auth/redirect`),
    postLogoutRedirectUris: origins.map((origin) => `${origin}/auth/signed-out`),
    frontChannelLogoutUri: `${scheme}://localhost:${appPorts[0] ?? 0}/auth/front-channel-logout`,
    ...own,
  };
}
