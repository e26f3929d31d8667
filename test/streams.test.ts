import { AppError } from '../src/errors';
import { type BodyWatch, watchBody } from '../src/bodies';

const error = (note: string) => () => new AppError('ERR_DEADLINE', { note });

/** A source that counts what it was asked for, and remembers why it was let go. */
function source(parts: readonly Uint8Array[], last?: 'hangs' | 'breaks') {
  const seen: { asked: number; cancelled: unknown } = { asked: 0, cancelled: undefined };
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const part = parts[seen.asked];
        seen.asked += 1;
        if (part !== undefined) controller.enqueue(part);
        else if (last === 'breaks') controller.error(new TypeError('terminated'));
        else if (last === 'hangs') return new Promise(() => undefined);
        else controller.close();
        return undefined;
      },
      cancel: (reason) => {
        seen.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

const bytes = (length: number) => new Uint8Array(length);

/** The length of a body, or the note of the error with which it ends. */
async function outcome(body: ReadableStream<Uint8Array>): Promise<unknown> {
  try {
    return (await new Response(body).arrayBuffer()).byteLength;
  } catch (failure) {
    return failure instanceof AppError ? failure.note : failure;
  }
}

const watched = (
  parts: readonly Uint8Array[],
  watch: BodyWatch,
  last?: 'hangs' | 'breaks',
): Promise<unknown> => outcome(watchBody(source(parts, last).body, watch));

describe('a watched body', () => {
  const max = { bytes: 4, error: error('too long') };

  it('may be as long as the maximum, and no byte more', async () => {
    expect(await watched([bytes(2), bytes(2)], { max })).toBe(4);
    expect(await watched([bytes(2), bytes(3)], { max })).toBe('too long');
    expect(await watched([], { max })).toBe(0);
  });

  it('ends when nothing comes for a while', async () => {
    const stall = { ms: 5, error: error('came to a halt') };
    expect(await watched([bytes(2)], { stall }, 'hangs')).toBe('came to a halt');
    expect(await watched([bytes(2)], { stall })).toBe(2);
  });

  it('ends with an error of ours when its source breaks off', async () => {
    expect(await watched([bytes(2)], { broken: error('broke off') }, 'breaks')).toBe('broke off');
    expect(await watched([bytes(2)], {}, 'breaks')).toBeInstanceOf(TypeError);
  });

  it('tells of each part', async () => {
    let parts = 0;
    await watched([bytes(1), bytes(1)], {
      onPart: () => {
        parts += 1;
      },
    });
    expect(parts).toBe(2);
  });

  it('is not read ahead, and lets its source go when nobody wants the rest', async () => {
    const { body, seen } = source([bytes(1), bytes(1), bytes(1)]);
    const reader = watchBody(body, {}).getReader();
    expect(seen.asked).toBe(0);
    await reader.read();
    expect(seen.asked).toBe(1);
    await reader.cancel('enough');
    expect(seen.cancelled).toBe('enough');
  });

  it('lets its source go when it is too long', async () => {
    const { body, seen } = source([bytes(9), bytes(9)]);
    await outcome(watchBody(body, { max }));
    expect([seen.asked, seen.cancelled]).toEqual([1, expect.any(AppError)]);
  });
});
