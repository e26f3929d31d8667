/** Which keys not to try again yet. Bounded: past `mostKeys` the oldest pause is forgotten, and tried again early. */
export interface PauseMemory {
  /** The seconds that are left of its pause; 0 without one. */
  left(key: string, now: number): number;
  /** @param until epoch seconds */
  pause(key: string, until: number, now: number): void;
}

const mostKeys = 10_000;

export function createPauseMemory(): PauseMemory {
  // A Map keeps the order of insertion.
  const pauses = new Map<string, number>();
  return {
    left: (key, now) => Math.max((pauses.get(key) ?? 0) - now, 0),
    pause: (key, until, now) => {
      for (const [oldest, end] of pauses) {
        if (end > now && pauses.size < mostKeys) break;
        pauses.delete(oldest);
      }
      pauses.delete(key);
      pauses.set(key, until);
    },
  };
}
