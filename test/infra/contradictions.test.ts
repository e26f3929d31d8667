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
  empty: (text: string): boolean => text === '',
  fail: (message: string): never => {
    throw new RangeError(message);
  },
};

describe('parameters that contradict each other', () => {
  let condition: string;
  let token: string | undefined;

  beforeAll(async () => {
    const main = (await createBicepParser())(readInfraSources()).get('infra/main.bicep');
    const valueOf = (name: string): string | undefined =>
      main?.variables.find((variable) => variable.name === name)?.value.text;
    condition = valueOf('checkedEnvironmentName') ?? '';
    token = valueOf('token');
  });

  const evaluate = (changes: Partial<typeof asByDefault>): unknown =>
    runInNewContext(condition, { ...asByDefault, ...changes, ...bicepFunctions });

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
  ])('are refused: %s', (_, changes, named) => {
    expect(() => evaluate(changes)).toThrow(named);
  });

  it.each([
    ['the defaults', {}],
    ['a registration made elsewhere', { deployEntraApp: false, entraClientId: 'a client id' }],
    ['a registration to come', { deployEntraApp: false, entraClientId: 'later' }],
    ['a domain with Front Door', { customDomain: 'app.contoso.com', hasFrontDoor: true }],
    ['idle as long as a session lives', { sessionIdleSeconds: 43200 }],
  ])('are not seen in %s', (_, changes) => {
    expect(evaluate(changes)).toBe('anteroom');
  });

  it('are found before anything is made: every name needs the answer', () => {
    expect(token).toBe('uniqueString(resourceGroup().id, checkedEnvironmentName)');
  });
});
