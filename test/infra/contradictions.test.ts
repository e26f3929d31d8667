import { runInNewContext } from 'node:vm';
import { createBicepParser, readInfraSources } from './bicep-project';

const asByDefault = {
  environmentName: 'anteroom',
  deployEntraApp: true,
  entraClientId: '',
  customDomain: '',
  hostName: '',
  hasFrontDoor: false,
  sessionIdleSeconds: 3600,
  sessionLifetimeSeconds: 43200,
  dailyLogCapGb: -1,
  adminRole: 'admin',
  appRoles: [] as readonly { readonly value: string }[],
  graphScopes: ['User.Read'] as readonly string[],
  apiPermissions: [permission('graph', 'User.Read')],
  grantAdminConsent: false,
};

function permission(appId: string, ...scopes: readonly string[]) {
  return { appId, scopes: scopes.map((value) => ({ value })) };
}

type Texts = string | readonly string[];

/** Conditions of Bicep, without its interpolated strings, mean the same in JavaScript. */
const bicepFunctions = {
  empty: (value: Texts): boolean => value.length === 0,
  startsWith: (text: string, start: string): boolean => text.startsWith(start),
  length: (value: Texts): number => value.length,
  range: (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => from + index),
  map: <T, U>(list: readonly T[], to: (item: T) => U): U[] => list.map((item) => to(item)),
  filter: <T>(list: readonly T[], keep: (item: T) => boolean): T[] =>
    list.filter((item) => keep(item)),
  flatten: <T>(lists: readonly (readonly T[])[]): T[] => lists.flat(),
  concat: <T>(one: readonly T[], other: readonly T[]): T[] => [...one, ...other],
  union: (one: readonly string[], other: readonly string[]): string[] => [
    ...new Set([...one, ...other]),
  ],
  intersection: (one: readonly string[], other: readonly string[]): string[] =>
    one.filter((item) => other.includes(item)),
  substring: (text: string, from: number, count: number): string => text.slice(from, from + count),
  contains: (whole: Texts, part: string): boolean => whole.includes(part),
  toLower: (text: string): string => text.toLowerCase(),
  join: (list: readonly string[], between: string): string => list.join(between),
  split: (text: string, at: string): string[] => text.split(at),
  last: (list: readonly string[]): string | undefined => list.at(-1),
  fail: (message: string): never => {
    throw new RangeError(message);
  },
};

/** In the order in which one needs the other. */
const variables = [
  'oddCharacters',
  'ownHostName',
  'oddHostCharacters',
  'roleValues',
  'listedApis',
  'listedScopes',
  'faults',
];

describe('parameters that contradict each other', () => {
  let valueOf: (name: string) => string;

  beforeAll(async () => {
    const main = (await createBicepParser())(readInfraSources()).get('infra/main.bicep');
    valueOf = (name) => {
      const text = main?.variables.find((variable) => variable.name === name)?.value.text ?? '';
      // Bicep needs no commas between the lines of an array.
      return text.replaceAll(/: ''\n/g, ": '',\n");
    };
  });

  const evaluate = (changes: Partial<typeof asByDefault>): unknown => {
    const known: Record<string, unknown> = { ...asByDefault, ...changes, ...bicepFunctions };
    for (const name of variables) known[name] = runInNewContext(valueOf(name), known);
    return runInNewContext(valueOf('checkedEnvironmentName'), known);
  };

  it.each([
    [
      'no client id although the registration is made elsewhere',
      { deployEntraApp: false },
      'entraClientId',
    ],
    ['a domain without Front Door', { customDomain: 'app.contoso.com' }, 'frontDoorSku'],
    [
      'idle for longer than a session lives',
      { sessionIdleSeconds: 43201 },
      'sessionLifetimeSeconds',
    ],
    ['a cap that drops every log', { dailyLogCapGb: 0 }, 'dailyLogCapGb'],
    ['a name in capitals', { environmentName: 'Prod' }, 'environmentName'],
    ['a name with a dot', { environmentName: 'orders.prod' }, 'environmentName'],
    ['a name with an underscore', { environmentName: 'my_env' }, 'environmentName'],
    ['a name that begins with a dash', { environmentName: '-prod' }, 'environmentName'],
    [
      'two names for the app',
      { hostName: 'a.contoso.com', customDomain: 'b.contoso.com', hasFrontDoor: true },
      'customDomain and hostName',
    ],
    ['an address for a host name', { hostName: 'https://app.contoso.com' }, 'hostName'],
    ['a host name with a port', { hostName: 'app.contoso.com:8443' }, 'hostName'],
    ['a role twice', { appRoles: [{ value: 'Reader' }, { value: 'reader' }] }, 'appRoles'],
    ['the role of the console', { appRoles: [{ value: 'admin' }] }, 'appRoles'],
    ['a role with a space', { appRoles: [{ value: 'report reader' }] }, 'appRoles'],
    ['no scopes', { graphScopes: [] }, 'graphScopes'],
    ['an empty scope', { graphScopes: [''] }, 'graphScopes'],
    ['a scope that is always asked for', { graphScopes: ['openid', 'User.Read'] }, 'graphScopes'],
    ['too many scopes', { graphScopes: ['a'.repeat(300), 'b'.repeat(300)] }, 'graphScopes'],
    [
      'an API twice',
      { apiPermissions: [permission('a1', 'Read'), permission('A1', 'Write')] },
      'apiPermissions',
    ],
    [
      'consent that would leave a scope out',
      { graphScopes: ['User.Read', 'Mail.Read'], grantAdminConsent: true },
      'grantAdminConsent',
    ],
  ])('are refused: %s', (_, changes, named) => {
    expect(() => evaluate(changes)).toThrow(named);
  });

  it.each([
    ['the defaults', {}],
    ['a name of letters, digits and dashes', { environmentName: 'orders-2-prod' }],
    ['a registration made elsewhere', { deployEntraApp: false, entraClientId: 'a client id' }],
    ['a registration to come', { deployEntraApp: false, entraClientId: 'later' }],
    ['a domain with Front Door', { customDomain: 'app.contoso.com', hasFrontDoor: true }],
    ['idle as long as a session lives', { sessionIdleSeconds: 43200 }],
    ['a host name of their own', { hostName: 'app.contoso.com' }],
    ['roles of a team', { appRoles: [{ value: 'reader' }, { value: 'Tasks.Write' }] }],
    ['scopes that nobody consents to beforehand', { graphScopes: ['User.Read', 'Mail.Read'] }],
    [
      'consent to scopes of two APIs',
      {
        graphScopes: ['User.Read', 'api://orders/Orders.Read'],
        apiPermissions: [permission('graph', 'User.Read'), permission('a1', 'Orders.Read')],
        grantAdminConsent: true,
      },
    ],
  ])('are not seen in %s', (_, changes) => {
    expect(evaluate(changes)).toBe({ ...asByDefault, ...changes }.environmentName);
  });

  it('are told all at once', () => {
    expect(() => evaluate({ dailyLogCapGb: 0, graphScopes: [] })).toThrow(
      /dailyLogCapGb.*graphScopes/,
    );
  });

  it('are found before anything is made: every name needs the answer', () => {
    expect(valueOf('token')).toBe('uniqueString(resourceGroup().id, checkedEnvironmentName)');
  });
});
