import { join } from 'node:path';
import { startEntraStandIn, type EntraStandIn } from '../entra/start-entra-stand-in';
import { startGraphStandIn, type GraphStandIn } from '../graph/start-graph-stand-in';
import { localClientId, localTenantId } from './app-settings';
import type { StackFacts } from './start-stack';
import { tellStep, type StackListener } from './stack-listener';
import type { StackOptions } from './stack-options';
import type { StackSecrets } from './stack-secrets';

const graphAudience = 'https://graph.microsoft.com';

/**
 * Azure AD B2C gives no tokens for Microsoft Graph. There the stand-in for Graph plays another API, which is exposed
 * in the B2C tenant and answers about people in Graph's form.
 */
const peopleApi = {
  uri: 'https://anteroom.onmicrosoft.example/people',
  clientId: 'a9900000-0000-4000-8000-00000a57e7ab',
  tokenVersion: 2,
  scope: 'People.Read',
} as const;

type StandInFacts = Pick<
  StackFacts,
  'entraUrl' | 'authority' | 'issuer' | 'graphUrl' | 'graphBaseUrl' | 'graphScopes' | 'users'
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
        apis: [peopleApi],
        ...(otherClients !== undefined && { otherClients }),
        ...(shape !== undefined && { shape }),
        ...(dataDir !== undefined && { stateFile: join(dataDir, 'entra.json') }),
      }),
    ({ url }) => url,
  );
  running.push(entra);
  const isB2c = shape === 'b2c';
  const graph = await tellStep(
    listener,
    'Graph stand-in',
    () => startGraph(entra, secrets.graphPort, isB2c),
    ({ url }) => url,
  );
  running.push(graph);
  return {
    entraUrl: entra.url,
    authority: entra.authority,
    issuer: entra.issuer,
    graphUrl: graph.url,
    graphBaseUrl: graph.baseUrl,
    ...(isB2c && { graphScopes: `${peopleApi.uri}/${peopleApi.scope}` }),
    users: entra.users,
  };
}

function startGraph(entra: EntraStandIn, port: number, isB2c: boolean): Promise<GraphStandIn> {
  return startGraphStandIn({
    port,
    keysUrl: entra.keysUrl,
    issuer: entra.accessTokenIssuer,
    audience: isB2c ? peopleApi.clientId : graphAudience,
    ...(isB2c && { scope: peopleApi.scope }),
    listUsers: () => entra.listUsers(),
  });
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
    // As the deployment registers them.
    optionalClaims: ['login_hint', 'sid'] as const,
    frontChannelLogoutUri: `${scheme}://localhost:${appPorts[0] ?? 0}/auth/front-channel-logout`,
    ...own,
  };
}
