import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type HostStream, watchHostStreams } from '../../src/bodies';
import { whileAnswering } from '../support/answering-server';

const streams = watchHostStreams();

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  setFlagsFromString('--no-expose-gc');
}

/** Answers one request of the host as the library does, with the body that `answer` makes. */
async function answering<Result>(
  answer: (stream: HostStream | undefined, response: ServerResponse) => Promise<void>,
  caller: (answer: IncomingMessage) => Promise<Result>,
  headers: Record<string, string> = { 'x-ms-invocation-id': 'invocation-7' },
): Promise<Result> {
  return whileAnswering(
    (_request, response) => void answer(streams.find('invocation-7'), response),
    async (port) => {
      const sent = request({ port, host: '127.0.0.1', headers, agent: false }).end();
      const [incoming] = (await once(sent, 'response')) as [IncomingMessage];
      return caller(incoming);
    },
  );
}

/** As the library writes a body: without looking at the connection. */
async function write(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  for await (const part of body) response.write(part);
  response.end();
}

/** A body without end, which counts its parts. */
function endless() {
  const seen = { parts: 0, cancelled: Promise.withResolvers<undefined>() };
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        await new Promise(setImmediate);
        seen.parts += 1;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel: () => {
        seen.cancelled.resolve(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

describe('an answer in stream mode', () => {
  it('is found by the invocation that the host names, as long as it is open', async () => {
    const found = await answering(
      (stream, response) => {
        response.end(stream === undefined ? 'unknown' : 'known');
        return Promise.resolve();
      },
      async (incoming) => (await incoming.toArray()).join(''),
    );
    expect(found).toBe('known');
    expect(streams.find('invocation-7')).toBeUndefined();
  });

  it('is no answer of ours without that name', async () => {
    const found = await answering(
      (stream, response) => {
        response.end(stream === undefined ? 'unknown' : 'known');
        return Promise.resolve();
      },
      async (incoming) => (await incoming.toArray()).join(''),
      {},
    );
    expect(found).toBe('unknown');
  });

  it('is watched no more by what has gone: an anteroom of another test', async () => {
    const listenersOf = (): Promise<number> => {
      const count = Promise.withResolvers<number>();
      return answering(
        (_stream, response) => {
          count.resolve(response.listenerCount('close'));
          response.end();
          return Promise.resolve();
        },
        () => count.promise,
      );
    };
    // Those of earlier files of this process.
    collectGarbage();
    await listenersOf();
    const before = await listenersOf();
    const watches = Array.from({ length: 5 }, watchHostStreams);
    expect(await listenersOf()).toBe(before + watches.length);
    watches.length = 0;
    const unsubscribe = jest.spyOn(diagnosticsChannel, 'unsubscribe');
    collectGarbage();
    // The first request after that still meets what Node.js keeps.
    await listenersOf();
    expect(await listenersOf()).toBe(before);
    expect(unsubscribe).toHaveBeenCalledTimes(5);
    unsubscribe.mockRestore();
  });

  it('waits for a caller that does not read, and ends its source when the caller goes', async () => {
    const { body, seen } = endless();
    const gone = Promise.withResolvers<string>();
    await answering(
      async (stream, response) => {
        stream?.onGone(() => {
          gone.resolve('gone');
        });
        await write((await stream?.follow(body)) ?? body, response);
      },
      async (incoming) => {
        incoming.pause();
        // Until the connection holds no more, the source is asked; then no longer.
        let before = -1;
        while (before !== seen.parts) {
          before = seen.parts;
          for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
        }
        expect(seen.parts).toBeGreaterThan(0);
        incoming.destroy();
        await seen.cancelled.promise;
      },
    );
    expect(await gone.promise).toBe('gone');
  });

  /** A body that fails after so many parts. */
  function failing(parts: number): ReadableStream<Uint8Array> {
    let left = parts;
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (left === 0) controller.error(new Error('broken'));
          else controller.enqueue(new Uint8Array(10));
          left -= 1;
        },
      },
      { highWaterMark: 0 },
    );
  }

  it('breaks off when its source fails, so that a part is not taken for the whole', async () => {
    const read = answering(
      async (stream, response) => {
        const body = await stream?.follow(failing(2));
        if (body !== undefined) await write(body, response).catch(() => undefined);
      },
      (incoming) => incoming.toArray(),
    );
    await expect(read).rejects.toThrow(/^(aborted|socket hang up)$/);
  });

  it('can be another answer while its source has given nothing', async () => {
    const said = await answering(
      async (stream, response) => {
        await stream?.follow(failing(0)).catch((error: unknown) => {
          response.end(error instanceof Error ? error.message : '');
        });
      },
      async (incoming) => (await incoming.toArray()).join(''),
    );
    expect(said).toBe('broken');
  });

  it('has every part of its source once, also of one without any', async () => {
    const parts = ['a', 'b', 'c'].map((text) => Buffer.from(text));
    for (const sent of [parts, parts.slice(0, 1), []]) {
      const said = await answering(
        async (stream, response) => {
          const body = await stream?.follow(Readable.toWeb(Readable.from(sent)));
          if (body !== undefined) await write(body, response);
        },
        async (incoming) => Buffer.concat(await incoming.toArray()).toString(),
      );
      expect(said).toBe(sent.join(''));
    }
  });
});
