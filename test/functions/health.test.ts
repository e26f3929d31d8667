import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../../src/errors';
import { createHealth } from '../../src/functions/health';
import type { Handler } from '../../src/http/context';
import { createContextFixture, type ContextFixture } from '../support/context-fixture';
import { start } from '../support/session-fixture';
import { paths } from '../support/tiny-provider';

let fixture: ContextFixture;
let health: Handler;
let checks: number;

beforeEach(async () => {
  fixture = await createContextFixture();
  checks = 0;
  // One for each test: it remembers its last answer.
  health = createHealth();
});
afterEach(() => {
  return fixture.stop();
});

const probe = async (): Promise<HttpResponseInit> => {
  const context = fixture.context('/health', { headers: {} });
  const { services } = context;
  const table = {
    ...services.table,
    check: (signal: AbortSignal) => {
      checks += 1;
      return services.table.check(signal);
    },
  };
  return health({ ...context, services: { ...services, table } });
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
    const context = fixture.context('/health');
    const keyRing = {
      ...context.services.keyRing,
      current: () => Promise.reject(new AppError('ERR_KEYS_UNAVAILABLE')),
    };
    const answer = await health({ ...context, services: { ...context.services, keyRing } });
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

  it('names the credential for ten minutes after the provider refused the app, and asks nobody', async () => {
    const { credential } = fixture.services.relyingParty;
    credential.refused({ error: 'invalid_client', number: 'AADSTS7000222' });
    expect((await probe()).jsonBody).toEqual({ status: 'failing', failing: ['credential'] });
    fixture.now = start + 599;
    expect((await probe()).status).toBe(503);
    expect(fixture.tiny.forms).toEqual([]);
    fixture.now = start + 610;
    expect((await probe()).status).toBe(200);
  });

  it('no longer names it once the provider gave tokens again', async () => {
    const { credential } = fixture.services.relyingParty;
    credential.refused({ error: 'invalid_client' });
    credential.accepted();
    expect((await probe()).status).toBe(200);
  });

  it('logs once a look why a part fails', async () => {
    fixture.tableFailure = new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'nobody listens' });
    const { credential } = fixture.services.relyingParty;
    credential.refused({ error: 'invalid_client', number: 'AADSTS7000222' });
    const context = fixture.context('/health', { headers: {} });
    await Promise.all([health(context), health(context)]);
    expect(context.lines.sort()).toEqual([
      'error health: credential fails: ERR_PROVIDER_REFUSED: the provider answered invalid_client AADSTS7000222',
      'error health: storage fails: ERR_STORAGE_UNAVAILABLE: nobody listens',
    ]);
  });

  it('looks once for probes that come together', async () => {
    await Promise.all([probe(), probe(), probe()]);
    expect(checks).toBe(1);
  });

  it('has a timeout of its own for a part that hangs: a request’s deadline would be too late', async () => {
    const context = fixture.context('/health');
    const table = {
      ...context.services.table,
      check: (signal: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(down);
          });
        }),
    };
    const answer = await health({ ...context, services: { ...context.services, table } });
    expect(answer.jsonBody).toEqual({ status: 'failing', failing: ['storage'] });
  });
});
