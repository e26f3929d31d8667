import type { HttpResponseInit } from '@azure/functions';
import type * as HealthModule from '../../src/functions/health';
import { AppError } from '../../src/errors';
import type { ExchangeFixture } from '../support/exchange-fixture';
import { createExchangeFixture } from '../support/exchange-fixture';
import { start } from '../support/session-fixture';
import { paths } from '../support/tiny-provider';

let fixture: ExchangeFixture;
let health: typeof HealthModule.health;
let checks: number;

beforeEach(async () => {
  fixture = await createExchangeFixture();
  checks = 0;
  // The library says that there is no Functions host to register with.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  // An instance of its own for each test: it remembers its last answer.
  await jest.isolateModulesAsync(async () => {
    ({ health } = await import('../../src/functions/health'));
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  return fixture.stop();
});

const probe = async (): Promise<HttpResponseInit> => {
  const exchange = fixture.exchange('/health', { headers: {} });
  const { services } = exchange;
  const table = {
    ...services.table,
    check: (signal: AbortSignal) => {
      checks += 1;
      return services.table.check(signal);
    },
  };
  return health({ ...exchange, services: { ...services, table } });
};
const down = new AppError('ERR_STORAGE_UNAVAILABLE');

describe('health', () => {
  it('is ok while storage, keys and provider answer', async () => {
    expect(await probe()).toEqual({ status: 200, jsonBody: { status: 'ok' } });
    expect(checks).toBe(1);
  });

  it('names what fails, and when to ask again', async () => {
    fixture.tableFailure = down;
    fixture.tiny.answers.set(paths.metadata, { status: 500, body: {} });
    const answer = await probe();
    expect(answer.status).toBe(503);
    expect(answer.jsonBody).toEqual({ status: 'failing', failing: ['storage', 'provider'] });
    expect(new Headers(answer.headers).get('retry-after')).toBe('10');
  });

  it('names the keys when they are out of reach', async () => {
    const exchange = fixture.exchange('/health');
    const keyRing = {
      ...exchange.services.keyRing,
      current: () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE')),
    };
    const answer = await health({ ...exchange, services: { ...exchange.services, keyRing } });
    expect(answer.jsonBody).toEqual({ status: 'failing', failing: ['keys'] });
  });

  it.each<[string, Error | undefined, number]>([
    ['good', undefined, 200],
    ['bad', down, 503],
  ])('keeps a %s answer for ten seconds, then looks anew', async (_name, first, status) => {
    fixture.tableFailure = first;
    expect((await probe()).status).toBe(status);
    fixture.tableFailure = first === undefined ? down : undefined;
    fixture.now = start + 9;
    expect((await probe()).status).toBe(status);
    expect(checks).toBe(1);
    fixture.now = start + 10;
    expect((await probe()).status).toBe(status === 200 ? 503 : 200);
    expect(checks).toBe(2);
  });

  it('looks once for probes that come together', async () => {
    await Promise.all([probe(), probe(), probe()]);
    expect(checks).toBe(1);
  });

  it('has patience of its own with a part that hangs: a request’s deadline would be too late', async () => {
    const exchange = fixture.exchange('/health');
    const table = {
      ...exchange.services.table,
      check: (signal: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(down);
          });
        }),
    };
    const answer = await health({ ...exchange, services: { ...exchange.services, table } });
    expect(answer.jsonBody).toEqual({ status: 'failing', failing: ['storage'] });
  });
});
