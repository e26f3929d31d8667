import { createPauseMemory } from '../../src/auth/pause-memory';

describe('createPauseMemory', () => {
  it('pauses a key until its time, and no other key', () => {
    const pauses = createPauseMemory();
    pauses.pause('a', 60, 0);
    expect([pauses.isPaused('a', 59), pauses.isPaused('a', 60), pauses.isPaused('b', 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('stays bounded: past ten thousand the oldest is forgotten', () => {
    const pauses = createPauseMemory();
    for (let count = 0; count <= 10_000; count += 1) pauses.pause(`key-${count}`, 60, 0);
    expect(pauses.isPaused('key-0', 1)).toBe(false);
    expect(pauses.isPaused('key-1', 1)).toBe(true);
    expect(pauses.isPaused('key-10000', 1)).toBe(true);
  });
});
