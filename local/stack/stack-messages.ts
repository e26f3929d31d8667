import type { StackFacts } from './start-stack';
import type { StartAppOptions } from './stack-options';

/** An instance of the app, as a test sees it. */
export interface AppFacts {
  /** Place among the stack's apps: what `stop-app` and `output` name. */
  readonly index: number;
  readonly url: string;
  readonly port: number;
  /** Of the process: a test may kill it. */
  readonly pid: number;
  /** PEM, with https: what a client must trust. */
  readonly certificate?: string;
}

/** What a stack process is told. Every message but `stop` is answered with a `reply` of its `id`. */
export type StackCommand =
  | { readonly type: 'start-app'; readonly id: number; readonly options: StartAppOptions }
  | { readonly type: 'stop-app'; readonly id: number; readonly index: number }
  | { readonly type: 'output'; readonly id: number; readonly index: number }
  | { readonly type: 'stop' };

/** What a stack process tells. */
export type StackMessage =
  | { readonly type: 'ready'; readonly facts: StackFacts; readonly apps: readonly AppFacts[] }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'reply'; readonly id: number; readonly error: string }
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly app?: AppFacts;
      readonly output?: string;
    };
