import { readFileSync } from 'node:fs';
import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { AppError } from '../../src/errors';
import { createHealth, createHealthFunction } from '../../src/functions/health';
import type { Handler, Services } from '../../src/http/context';
import { createFaultTeller } from '../../src/http/error-log';
import { answerFaultySettings } from '../../src/http/error-response';
import { createKeyRing, type StoredKeyRing } from '../../src/keys/key-ring';
import { createKeyVaultWrapping, createSecretWrapping } from '../../src/keys/wrapping';
import { finishSignIn } from '../../src/sign-in/finish';
import { failureOf, longEnough, ownAttempt } from '../support/auth-fixture';
import {
  createContextFixture,
  type ContextFixture,
  keepEvents,
  testSite,
  type ToldEvent,
} from '../support/context-fixture';
import { startKeyVaultStandIn } from '../support/key-vault-stand-in';
import { createMemoryTable } from '../support/memory-table';
import { start } from '../support/session-fixture';
import { paths, type TinyAnswer } from '../support/tiny-provider';

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
    const failing = { level: 'error', event: 'health failing', outcome: 'failed' };
    expect(context.told).toHaveLength(2);
    expect(context.told).toContainEqual({
      ...failing,
      ...{ what: 'credential', code: 'ERR_PROVIDER_REFUSED', kind: 'app' },
      ...{ error: 'invalid_client', number: 'AADSTS7000222' },
    });
    expect(context.told).toContainEqual({
      ...failing,
      ...{ what: 'storage', code: 'ERR_STORAGE_UNAVAILABLE', note: 'nobody listens' },
    });
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

/** A person comes back with a code, and the token endpoint answers this. */
async function redeem(answer: TinyAnswer): Promise<void> {
  const { relyingParty } = fixture.services;
  const { now } = fixture;
  fixture.tiny.token = () => answer;
  const callback = { kind: 'code' as const, state: undefined, issuer: undefined, code: '0.code' };
  await failureOf(
    finishSignIn(relyingParty, ownAttempt(now), callback, { now, signal: longEnough() }),
  );
}

const refusal = (status: number, error: string, number: number): TinyAnswer => ({
  status,
  body: { error, error_codes: [number], error_description: `AADSTS${number}: for ada@contoso` },
});

describe('the clock', () => {
  /** Turns the clock of this machine; the provider's clock goes on as it was. */
  const setClock = (ahead: number): void => {
    fixture.tiny.clock = () => fixture.now - ahead;
  };
  const failing = async () => (await probe()).jsonBody as { failing?: string[] };
  /** Requests for metadata, before and after the next look at health. */
  const asked = () => fixture.tiny.count(paths.metadata);

  it.each([
    [120, undefined],
    [-120, undefined],
    [121, ['clock']],
    [-121, ['clock']],
  ])('may differ from the provider’s by two minutes: %i seconds', async (ahead, expected) => {
    setClock(ahead);
    expect((await failing()).failing).toEqual(expected);
    expect(asked()).toBe(1);
  });

  it('is compared at each token answer, a refusal too', async () => {
    expect((await failing()).failing).toBeUndefined();
    setClock(600);
    await redeem(refusal(400, 'invalid_grant', 70008));
    fixture.now += 10;
    expect((await failing()).failing).toEqual(['clock']);
    expect(asked()).toBe(1);
  });

  it('is compared once more after a minute, and is right as soon as it is set right', async () => {
    setClock(600);
    await failing();
    fixture.now += 59;
    expect((await failing()).failing).toEqual(['clock']);
    expect(asked()).toBe(1);
    fixture.now += 10;
    expect((await failing()).failing).toEqual(['clock']);
    expect(asked()).toBe(2);
    // Set right, it goes back: also behind the time of the last look.
    fixture.now -= 600;
    setClock(0);
    expect((await failing()).failing).toBeUndefined();
    expect(asked()).toBe(3);
    fixture.now += 3600;
    await failing();
    expect(asked()).toBe(3);
  });

  it('stays wrong while the provider does not answer', async () => {
    setClock(600);
    await failing();
    fixture.now += 60;
    fixture.tiny.answers.set(paths.metadata, { status: 500, body: {} });
    expect((await failing()).failing).toEqual(['clock']);
  });

  it.each([
    ['that a cache kept', { age: '700', date: 'Tue, 01 Dec 2026 00:00:00 GMT' }],
    ['with a date of another form', { date: '2026-12-01T00:00:00Z' }],
    ['with a day that does not exist', { date: 'Tue, 99 Abc 2026 00:00:00 GMT' }],
  ])('is not compared with an answer %s', async (_what, headers) => {
    const { tiny } = fixture;
    const body: unknown = await (await fetch(tiny.origin + paths.metadata)).json();
    const keys: unknown = await (await fetch(tiny.origin + paths.keys)).json();
    tiny.answers.set(paths.metadata, { headers, body });
    tiny.answers.set(paths.keys, { headers, body: keys });
    expect((await failing()).failing).toBeUndefined();
  });
});

describe('health while the settings have faults', () => {
  const faults = [{ name: 'ENTRA_TENANT_ID' as const, fault: 'is missing' }];

  it('names them in the log once in ten seconds, and in no answer', () => {
    let now = start;
    const told: ToldEvent[] = [];
    const events = keepEvents(told);
    const tellFaults = createFaultTeller(events, faults, () => now);
    const { answerFaults } = createHealthFunction();
    const ask = (at: number): HttpResponseInit | undefined => {
      now = at;
      const request = new HttpRequest({ method: 'GET', url: 'http://10.0.0.1/health' });
      const invocation = new InvocationContext({ functionName: 'health' });
      return answerFaults?.({ site: testSite, faults, tellFaults }, request, invocation);
    };
    for (const at of [start, start + 9]) {
      expect(ask(at)?.jsonBody).toEqual({ status: 'failing', failing: ['settings'] });
    }
    const event = {
      ...{ level: 'error', event: 'configuration fault', outcome: 'failed' },
      ...{ code: 'ERR_SETTINGS', setting: 'ENTRA_TENANT_ID', fault: 'is missing' },
    };
    expect(told).toEqual([event]);
    ask(start + 10);
    expect(told).toEqual([event, event]);
    // The clock is set back.
    ask(start - 3_600);
    expect(told).toHaveLength(3);
  });

  it('names them once in ten seconds for all functions together: anybody can send requests', () => {
    let now = start;
    const told: ToldEvent[] = [];
    const tellFaults = createFaultTeller(keepEvents(told), faults, () => now);
    const answers = [answerFaultySettings, createHealthFunction().answerFaults];
    for (const at of [start, start, start + 10]) {
      now = at;
      for (const answer of answers) {
        const request = new HttpRequest({ method: 'GET', url: 'http://10.0.0.1/auth/login' });
        const invocation = new InvocationContext({ functionName: 'login' });
        answer?.({ site: testSite, faults, tellFaults }, request, invocation);
      }
    }
    expect(told).toHaveLength(2);
  });
});

const ringParts = () => ({
  clock: () => fixture.now,
  retainSeconds: 86_400,
  report: () => undefined,
});

/** A key ring whose keys a vault wraps, with the way to end that vault. */
async function ringOfVault(): Promise<{ keyRing: StoredKeyRing; stop: () => Promise<void> }> {
  const { jwk } = fixture.tiny.key;
  const vault = await startKeyVaultStandIn({ tokenKeys: [{ ...jwk, alg: 'RS256' }] });
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const token = () => fixture.tiny.sign({ aud: 'https://vault.azure.net', exp });
  const keyRing = createKeyRing({
    ...ringParts(),
    rows: createMemoryTable(),
    wrapping: createKeyVaultWrapping({ keyId: vault.keyId, token }),
  });
  return { keyRing, stop: () => vault.stop() };
}

interface Row {
  /** Makes it so. It may give services that take the place of the usual ones. */
  readonly when: () => Promise<Partial<Services> | undefined> | undefined;
  /** The part that health names; `undefined` where health cannot know. */
  readonly part?: string;
  /** Code, number and note in the log. */
  readonly line?: RegExp;
  /** The page for operators: file, heading, and the words that name the cause there. */
  readonly page: readonly [file: string, heading: string, words: RegExp];
}

const nobody = ['troubleshooting.md', 'Nobody can sign in'] as const;
const byNumber = ['troubleshooting.md', 'Refusals by number'] as const;
const watch = ['operations.md', 'What to watch'] as const;

/** What keeps everybody out. */
const rows: Record<string, Row> = {
  // Entra ID answers 400 with AADSTS90002.
  'a tenant that does not exist': {
    when: () => {
      fixture.tiny.answers.set(paths.metadata, refusal(400, 'invalid_tenant', 90002));
    },
    part: 'provider',
    line: /^ERR_PROVIDER_MISMATCH the provider answered 400 to GET http:\S+$/,
    page: [...nobody, /`ERR_PROVIDER_MISMATCH`.*the tenant does not exist/],
  },
  'the metadata of another tenant': {
    when: () => {
      fixture.tiny.metadata = { issuer: 'https://login.example/other/v2.0' };
    },
    part: 'provider',
    line: /^ERR_PROVIDER_MISMATCH issuer in the metadata differs from ENTRA_ISSUER$/,
    page: [...nobody, /`ERR_PROVIDER_MISMATCH`.*is not `ENTRA_ISSUER`/],
  },
  'a provider that is down': {
    when: () => {
      fixture.tiny.answers.set(paths.metadata, { status: 503, body: {} });
    },
    part: 'provider',
    line: /^ERR_PROVIDER_UNAVAILABLE the provider answered 503 /,
    page: [...nobody, /`ERR_PROVIDER_UNAVAILABLE`.*did not answer/],
  },
  'a wrong client id': {
    when: () => redeem(refusal(400, 'unauthorized_client', 700016)).then(() => undefined),
    part: 'credential',
    line: /^ERR_PROVIDER_REFUSED unauthorized_client AADSTS700016$/,
    page: [...byNumber, /AADSTS700016.*ENTRA_CLIENT_ID/],
  },
  'a secret that has expired': {
    when: () => redeem(refusal(401, 'invalid_client', 7000222)).then(() => undefined),
    part: 'credential',
    line: /^ERR_PROVIDER_REFUSED invalid_client AADSTS7000222$/,
    page: [...byNumber, /AADSTS7000222.*has expired/],
  },
  'a wrong secret': {
    when: () => redeem(refusal(401, 'invalid_client', 7000215)).then(() => undefined),
    part: 'credential',
    line: /^ERR_PROVIDER_REFUSED invalid_client AADSTS7000215$/,
    page: [...byNumber, /AADSTS7000215.*ENTRA_CLIENT_SECRET/],
  },
  // Entra ID tells this on its own page, and sends nobody back. A code of another redirect URI gives the same number, so
  // an outsider could make health fail.
  'a wrong redirect URI': {
    when: () => redeem(refusal(400, 'invalid_request', 50011)).then(() => undefined),
    page: [
      ...nobody,
      /AADSTS50011 on the page of Microsoft.*`\/health` cannot know it.*\/auth\/redirect/,
    ],
  },
  'a vault that is gone before an instance starts': {
    when: async () => {
      const { keyRing, stop } = await ringOfVault();
      await stop();
      return { keyRing };
    },
    part: 'keys',
    line: /^ERR_KEYS_UNAVAILABLE /,
    page: [
      'operations.md',
      'The vault or its key is lost',
      /cannot open the ring.*ERR_KEYS_UNAVAILABLE/,
    ],
  },
  'a vault that is gone later': {
    when: async () => {
      const { keyRing, stop } = await ringOfVault();
      await keyRing.current(longEnough());
      await stop();
      return { keyRing };
    },
    page: ['operations.md', 'The vault or its key is lost', /go on with the keys in memory/],
  },
  'another KEY_RING_SECRET': {
    when: async () => {
      const rows = createMemoryTable();
      const ring = (secret: Uint8Array): StoredKeyRing =>
        createKeyRing({ ...ringParts(), rows, wrapping: createSecretWrapping(secret) });
      await ring(Buffer.alloc(32, 1)).current(longEnough());
      return { keyRing: ring(Buffer.alloc(32, 2)) };
    },
    part: 'keys',
    line: /^ERR_KEYS_UNAVAILABLE /,
    page: ['operations.md', 'The vault or its key is lost', /true of a new `KEY_RING_SECRET`/],
  },
  'a table out of reach': {
    when: () => {
      fixture.tableFailure = new AppError('ERR_STORAGE_UNAVAILABLE', { note: 'nobody listens' });
    },
    part: 'storage',
    line: /^ERR_STORAGE_UNAVAILABLE nobody listens$/,
    page: [...watch, /`storage`.*what-the-table-answered/],
  },
  'a clock ten minutes ahead': {
    when: () => {
      fixture.tiny.clock = () => start - 600;
    },
    part: 'clock',
    line: /^ERR_CLOCK this machine's clock is 600 seconds ahead of the provider's$/,
    page: [...watch, /`clock`.*two minutes/],
  },
  'a clock ten minutes behind': {
    when: () => {
      fixture.tiny.clock = () => start + 600;
    },
    part: 'clock',
    line: /^ERR_CLOCK this machine's clock is 600 seconds behind the provider's$/,
    page: [...nobody, /`ERR_CLOCK`/],
  },
};

describe('health, its log and the page for operators tell of', () => {
  it.each(Object.entries(rows))('%s', async (_name, { when, part, line, page }) => {
    const given = await when();
    const context = fixture.context('/health', { headers: {} });
    const answer = await health({ ...context, services: { ...context.services, ...given } });
    expect(answer.jsonBody).toEqual(
      part === undefined ? { status: 'ok' } : { status: 'failing', failing: [part] },
    );
    expect(context.told).toHaveLength(part === undefined ? 0 : 1);
    for (const one of context.told) {
      expect(one).toMatchObject({ level: 'error', event: 'health failing', what: part });
      const said = ['code', 'error', 'number', 'note'].map((name) => one[name]).filter(Boolean);
      expect(said.join(' ')).toMatch(line ?? /^$/);
    }
    expect(context.lines.join()).not.toContain('ada@contoso');
    const [file, heading, words] = page;
    const text = readFileSync(`docs/${file}`, 'utf8');
    const sections = text.split(/^## /m);
    expect(sections.find((section) => section.startsWith(`${heading}\n`))).toMatch(words);
  });
});
