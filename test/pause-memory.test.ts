import { createPauseMemory } from '../src/pause-memory';

describe('createPauseMemory', () => {
  it('pauses a key until its time, and no other key', () => {
    const pauses = createPauseMemory();
    pauses.pause('a', 60, 0);
    expect([pauses.left('a', 59), pauses.left('a', 60), pauses.left('b', 0)]).toEqual([1, 0, 0]);
  });

  it('stays bounded: past ten thousand the oldest is forgotten', () => {
    const pauses = createPauseMemory();
    for (let count = 0; count <= 10_000; count += 1) pauses.pause(`key-${count}`, 60, 0);
    expect(pauses.left('key-0', 1)).toBe(0);
    expect(pauses.left('key-1', 1)).toBe(59);
    expect(pauses.left('key-10000', 1)).toBe(59);
  });
});
