import type { SignInUse } from './measure-sign-ins';
import type { StartTimes } from './measure-starts';

/** How much is measured. */
export interface BenchSize {
  readonly rounds: number;
  readonly requests: number;
  readonly concurrency: number;
  readonly signIns: number;
  readonly signInRounds: number;
  readonly starts: number;
}

/** All that a run has measured, by the names of the courses and servers. */
export interface BenchNumbers {
  /** ms CPU a request, a round each. */
  readonly requests: ReadonlyMap<string, readonly number[]>;
  readonly signIns: ReadonlyMap<string, SignInUse>;
  readonly starts: ReadonlyMap<string, StartTimes>;
  /** Storage requests that anonymous answers caused. */
  readonly anonymousTrips: number;
}

export const names = {
  pointRead: 'control: `node:http`, one point read',
  doNothing: 'control: a function that does nothing, on our host',
  session: 'Anteroom `/auth/session`',
  home: 'Anteroom `/`, anonymous',
} as const;
