import { runInNewContext } from 'node:vm';
import { createBicepParser, readInfraSources } from './bicep-project';

const asByDefault = {
  environmentName: 'anteroom',
  deployEntraApp: true,
  entraClientId: '',
  customDomain: '',
  hasFrontDoor: false,
  sessionIdleSeconds: 3600,
  sessionLifetimeSeconds: 43200,
  dailyLogCapGb: -1,
};

/** Conditions of Bicep, without its interpolated strings, mean the same in JavaScript. */
const bicepFunctions = {
  empty: (value: string | readonly string[]): boolean => value.length === 0,
  startsWith: (text: string, start: string): boolean => text.startsWith(start),
  length: (text: string): number => text.length,
  range: (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => from + index),
  map: <T, U>(list: readonly T[], to: (item: T) => U): U[] => list.map((item) => to(item)),
  filter: <T>(list: readonly T[], keep: (item: T) => boolean): T[] =>
    list.filter((item) => keep(item)),
  substring: (text: string, from: number, count: number): string => text.slice(from, from + count),
  contains: (text: string, part: string): boolean => text.includes(part),
  fail: (message: string): never => {
    throw new RangeError(message);
  },
};

describe('parameters that contradict each other', () => {
  let condition: string;
  let oddCharacters: string;
  let token: string | undefined;

  beforeAll(async () => {
    const main = (await createBicepParser())(readInfraSources()).get('infra/main.bicep');
    const valueOf = (name: string): string | undefined =>
      main?.variables.find((variable) => variable.name === name)?.value.text;
    condition = valueOf('checkedEnvironmentName') ?? '';
    oddCharacters = valueOf('oddCharacters') ?? '';
    token = valueOf('token');
  });

  const evaluate = (changes: Partial<typeof asByDefault>): unknown => {
    const given = { ...asByDefault, ...changes, ...bicepFunctions };
    const odd: unknown = runInNewContext(oddCharacters, given);
    return runInNewContext(condition, { ...given, oddCharacters: odd });
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
  ])('are not seen in %s', (_, changes) => {
    expect(evaluate(changes)).toBe({ ...asByDefault, ...changes }.environmentName);
  });

  it('are found before anything is made: every name needs the answer', () => {
    expect(token).toBe('uniqueString(resourceGroup().id, checkedEnvironmentName)');
  });
});
