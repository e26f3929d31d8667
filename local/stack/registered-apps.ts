import { createHash } from 'node:crypto';
import type { AppRegistration, ExposedApi, SignInAudience } from '../entra/registrations';
import type { StackOptions, StackSecrets } from './options';
import { localAppIdUri, localClientId } from './settings';

/** The app as an API: its own scopes and its application permission. */
export const ownApi = {
  uri: localAppIdUri,
  clientId: localClientId,
  tokenVersion: 2,
  scopes: ['Notes.Read', 'Notes.Write'],
  appRoles: ['Notes.Read.All'],
  // The deployment registers the same claims.
  optionalClaims: ['idtyp', 'auth_time'],
} as const satisfies ExposedApi;

/** A second API of the team's own. It has the version of tokens that new registrations have, which is 1. */
export const ordersApi = {
  uri: 'api://orders',
  clientId: 'a9900000-0000-4000-8000-00000a57e70d',
  tokenVersion: null,
  scopes: ['Orders.Read', 'Orders.Write', 'Orders.Approve'],
  adminScopes: ['Orders.Approve'],
  appRoles: ['Orders.Read.All'],
  optionalClaims: ['idtyp'],
} as const satisfies ExposedApi;

/**
 * Azure AD B2C gives no tokens for Microsoft Graph. With that shape the Graph stand-in is another API, which is exposed in
 * the B2C tenant and answers in Graph's form.
 */
export const peopleApi = {
  uri: 'https://anteroom.onmicrosoft.example/people',
  clientId: 'a9900000-0000-4000-8000-00000a57e7ab',
  tokenVersion: 2,
  scope: 'People.Read',
} as const;

const localDaemonId = 'a9900000-0000-4000-8000-00000a57e7da';
/** A public client: a command line. */
export const localCommandLineId = 'a9900000-0000-4000-8000-00000a57e7c1';

/** An app that calls this one as itself. Its secret is derived, so that there is no further one to keep. */
export function daemonOf({ clientSecret }: StackSecrets): { id: string; secret: string } {
  const secret = createHash('sha256').update(`daemon|${clientSecret}`).digest('base64url');
  return { id: localDaemonId, secret };
}

/** The apps that call this one without a browser: a daemon, and a command line, which acts for a person. */
export function callersOf(secrets: StackSecrets): readonly AppRegistration[] {
  return [
    {
      ...daemonOf(secrets),
      redirectUris: [],
      postLogoutRedirectUris: [],
      appPermissions: { [ownApi.uri]: ownApi.appRoles },
    },
    {
      id: localCommandLineId,
      isPublic: true,
      redirectUris: ['http://localhost'],
      postLogoutRedirectUris: [],
    },
  ];
}

const audiences: Readonly<Record<string, SignInAudience | undefined>> = {
  common: 'AzureADandPersonalMicrosoftAccount',
  organizations: 'AzureADMultipleOrgs',
  consumers: 'PersonalMicrosoftAccount',
};

/** The app itself. `appPorts`: where an instance of it may listen. */
export function registration(
  { https, authPath = '/auth', tenant = '', registration: own }: StackOptions,
  { clientSecret }: StackSecrets,
  appPorts: readonly number[],
): AppRegistration {
  const origins = appPorts.flatMap((port) => [
    `http://localhost:${port}`,
    `https://localhost:${port}`,
  ]);
  const scheme = https === true ? 'https' : 'http';
  return {
    id: localClientId,
    secret: clientSecret,
    redirectUris: origins.map((origin) => `${origin}${authPath}/redirect`),
    postLogoutRedirectUris: origins.map((origin) => `${origin}${authPath}/signed-out`),
    // The deployment registers the same claims.
    optionalClaims: ['auth_time', 'login_hint', 'sid'],
    signInAudience: audiences[tenant] ?? 'AzureADMyOrg',
    appPermissions: { [ordersApi.uri]: ordersApi.appRoles },
    frontChannelLogoutUri: `${scheme}://localhost:${appPorts[0] ?? 0}${authPath}/front-channel-logout`,
    ...own,
  };
}
