import { createEventLog, type EventLog, shownEvent } from '../src/events';
import { traceHeadersOf } from '../src/waiting';
import { createProvider } from '../src/entra/provider';
import { createAzureTable } from '../src/storage/azure-table';
import { createTableClient } from '../src/storage/table-client';
import { whileAnswering } from './support/answering-server';
import { finishSignIn } from '../src/sign-in/finish';
import { createRelyingParty, failureOf, longEnough, ownAttempt } from './support/auth-fixture';
import { start } from './support/session-fixture';
import { paths, startTinyProvider } from './support/tiny-provider';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceParent = `00-${traceId}-00f067aa0ba902b7-01`;
const by = 'somebodySomebodySomebodySomebodySomebodySom';
const signIn = { event: 'sign-in', outcome: 'done', by } as const;

let events: EventLog;
let lines: [level: string, line: unknown][];

beforeEach(() => {
  events = createEventLog(() => start);
  lines = [];
});

/** An invocation whose log can refuse a line. */
function invocationOf(refuses: () => boolean = () => false) {
  const log = (level: string) => (line: string) => {
    if (refuses()) throw new Error('ENOSPC');
    lines.push([level, JSON.parse(line) as unknown]);
  };
  return {
    invocationId: 'invocation-1',
    traceContext: { traceParent, traceState: 'a=b', attributes: {} },
    ...{ info: log('info'), warn: log('warn'), error: log('error') },
  };
}

describe('an event', () => {
  it('is one line of JSON in the log of its invocation, joined to its trace', () => {
    const text = 'a note\nof two lines';
    events.tell({ event: 'storage trouble', outcome: 'failed', note: text }, invocationOf());
    const at = new Date(start * 1000).toISOString();
    const joined = { at, request: 'invocation-1', operation: traceId };
    expect(lines).toEqual([
      ['error', { event: 'storage trouble', outcome: 'failed', note: text, ...joined }],
    ]);
  });

  it('has only the beginning of each key', () => {
    const shown = JSON.stringify(shownEvent({ ...signIn, of: by, session: `s${by}` }));
    expect(shown).toBe(
      '{"event":"sign-in","outcome":"done","by":"somebody","of":"somebody","session":"ssomebod"}',
    );
    expect(shownEvent({ ...signIn, of: 'everybody' })).toMatchObject({ of: 'everybody' });
  });

  it('finds the invocation that runs, also after a wait and in shared work', async () => {
    await events.during(invocationOf(), async () => {
      await new Promise(setImmediate);
      events.tell(signIn);
    });
    expect(lines).toMatchObject([['info', { event: 'sign-in', request: 'invocation-1' }]]);
  });

  it('is told to the listener too, with the person who acts, and does not lose it with the log', () => {
    const told: unknown[] = [];
    events.listen((one) => told.push(one));
    const person = { userKey: by, name: 'Ada', username: 'ada@contoso.example' };
    events.tell(
      signIn,
      invocationOf(() => true),
      person,
    );
    const where = { request: 'invocation-1', operation: traceId };
    expect(told).toEqual([{ event: signIn, at: start, ...where, person }]);
    expect(JSON.stringify(lines)).not.toContain('Ada');
  });

  it('is not written to an invocation that is over: the host would warn of it', async () => {
    const written = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      let later: Promise<void> | undefined;
      await events.during(invocationOf(), () => {
        later = promise.then(() => {
          events.tell(signIn);
        });
        return Promise.resolve();
      });
      resolve(undefined);
      await later;
      expect(lines).toEqual([]);
      expect(written).toHaveBeenCalledTimes(1);
    } finally {
      written.mockRestore();
    }
  });

  it('goes to the console outside of every invocation, with its level', () => {
    const written = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      events.tell({ event: 'keys trouble', outcome: 'failed' });
      expect(written.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toMatchObject(
        [{ event: 'keys trouble', level: 'error' }],
      );
    } finally {
      written.mockRestore();
    }
  });

  it('that cannot be written fails nothing, and is counted in the log once that is possible', () => {
    let refuses = true;
    const invocation = invocationOf(() => refuses);
    for (let count = 0; count < 3; count += 1) events.tell(signIn, invocation);
    expect(lines).toEqual([]);
    refuses = false;
    events.tell(signIn, invocation);
    events.tell(signIn, invocation);
    expect(lines).toMatchObject([
      ['info', { event: 'sign-in' }],
      ['warn', { event: 'events lost', count: 3 }],
      ['info', { event: 'sign-in' }],
    ]);
  });
});

describe('the latency of other services', () => {
  it('is counted, and written every five minutes in one event for each service', async () => {
    let now = start;
    const passed: number[] = [];
    const ms = jest.spyOn(performance, 'now').mockImplementation(() => passed.shift() ?? 0);
    const written = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      events = createEventLog(() => now);
      const took = async (service: string, milliseconds: number): Promise<unknown> => {
        passed.push(1_000, 1_000 + milliseconds);
        return events.measure(service, () => Promise.resolve(service));
      };
      await events.during(invocationOf(), async () => {
        for (const milliseconds of [0.4, 7, 7.5, 5, 90_000]) await took('storage', milliseconds);
        expect(await took('API orders', 30)).toBe('API orders');
        passed.push(0, 3);
        const failing = events.measure('API orders', () => Promise.reject(new Error('broken')));
        await expect(failing).rejects.toThrow('broken');
        // Nobody asks anything for an hour.
        now += 3_600;
        expect(written).not.toHaveBeenCalled();
        await took('provider', 1);
      });
      events.tellLatencies();
      events.tellLatencies();
      const told = written.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown);
      const common = { event: 'latency', outcome: 'done', level: 'info' };
      expect(told).toMatchObject([
        {
          ...common,
          ...{ what: 'storage', count: 5, ms: 90_000 },
          at: new Date((start + 300) * 1000).toISOString(),
          times: [
            [1, 1],
            [5, 1],
            [10, 2],
            [90_000, 1],
          ],
        },
        {
          ...common,
          ...{ what: 'API orders', count: 2, ms: 30 },
          times: [
            [5, 1],
            [50, 1],
          ],
        },
        { ...common, what: 'provider', count: 1 },
      ]);
      // They are of many requests, so they belong to none.
      expect([lines, told[0]]).toEqual([
        [],
        expect.not.objectContaining({ request: 'invocation-1' }),
      ]);
    } finally {
      ms.mockRestore();
      written.mockRestore();
    }
  });
});

describe('the latency of many services', () => {
  it('is counted for fifty of them at most, and a clock that was set back ends the five minutes', async () => {
    let now = start;
    const written = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      events = createEventLog(() => now);
      const answer = (service: string): Promise<void> =>
        events.measure(service, () => Promise.resolve());
      for (let number = 0; number < 60; number += 1) await answer(`API ${number}`);
      events.tellLatencies();
      expect(written).toHaveBeenCalledTimes(50);
      now -= 1;
      await answer('storage');
      now -= 1;
      await answer('provider');
      expect(written).toHaveBeenCalledTimes(51);
    } finally {
      written.mockRestore();
    }
  });
});

describe('the trace of a request', () => {
  it('goes on only in its form: `fetch` throws for another header, also in work that requests share', () => {
    const headersOf = (parent: string, traceState: string) =>
      traceHeadersOf({ traceContext: { traceParent: parent, traceState, attributes: {} } });
    for (const wrong of ['a\r\nb: c', '\u{1F600}', 'x'.repeat(513)]) {
      expect(headersOf(traceParent, wrong)).toEqual({ traceparent: traceParent });
      expect(headersOf(wrong, 'a=b')).toEqual({});
    }
  });

  it('goes on to Table Storage and to the provider', async () => {
    const received: unknown[] = [];
    const measure = jest.spyOn(events, 'measure');
    await whileAnswering(
      (request, response) => {
        received.push([request.headers['traceparent'], request.headers['tracestate']]);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"value":[]}');
      },
      async (port) => {
        const account = `AccountName=a;AccountKey=${btoa('key')}`;
        const connectionString = `DefaultEndpointsProtocol=http;${account};TableEndpoint=http://127.0.0.1:${port}/a;`;
        const connection = { connectionString, tableName: 'anteroom' };
        const table = createAzureTable(createTableClient(connection, events));
        const authority = `http://127.0.0.1:${port}/tenant`;
        const known = { authority, issuer: authority, clientId: 'a', clock: () => start };
        const ask = async (): Promise<void> => {
          await table.check(longEnough());
          // What it answers is no metadata.
          const provider = createProvider({ ...known, log: events });
          await provider.metadata(longEnough()).catch(() => undefined);
        };
        await events.during(invocationOf(), ask);
        await ask();
      },
    );
    const traced = [traceParent, 'a=b'];
    const plain = [undefined, undefined];
    expect(received).toEqual([traced, traced, plain, plain]);
    const services = ['storage', 'provider', 'storage', 'provider'];
    expect(measure.mock.calls.map(([service]) => service)).toEqual(services);
  });

  it('goes on to the token endpoint', async () => {
    const tiny = await startTinyProvider();
    try {
      const relyingParty = { ...createRelyingParty(tiny, () => start), events };
      const measure = jest.spyOn(events, 'measure');
      const callback = { kind: 'code', code: 'a', issuer: undefined, state: undefined } as const;
      const deadline = { now: start, signal: longEnough() };
      const attempt = ownAttempt(start);
      const redeem = () => failureOf(finishSignIn(relyingParty, attempt, callback, deadline));
      await events.during(invocationOf(), redeem);
      await redeem();
      const asked = tiny.traces.filter((line) => line.includes(paths.token));
      expect(asked).toEqual([`POST ${paths.token} ${traceParent}`, `POST ${paths.token}`]);
      expect(measure.mock.calls.map(([service]) => service)).toEqual(['provider', 'provider']);
    } finally {
      await tiny.stop();
    }
  });
});
