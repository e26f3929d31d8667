// Types of the plain JavaScript that runs without a build. `tsc -p infra` checks it.

declare module '*/az.mjs' {
  interface AzOptions {
    readonly input?: string;
    readonly deadlineMs?: number;
    readonly env?: NodeJS.ProcessEnv;
  }
  export type Az = (args: readonly string[], options?: AzOptions) => Promise<unknown>;
  export class Stop extends Error {
    constructor(message: string, exitCode?: number);
    readonly exitCode: number;
  }
  export class AzFailure extends Error {
    constructor(said: string, isLate?: boolean);
    readonly isLate: boolean;
  }
  type Process = Pick<NodeJS.Process, 'env' | 'platform'>;
  export function createAz(surroundings: Process & { readonly interrupt?: AbortSignal }): Az;
  export function readAnswer(printed: string): unknown;
  export function quoteForCmd(text: string): string;
  export function printable(text: string): string;
}

declare module '*/failures.mjs' {
  export function explain(
    said: string,
  ): Readonly<Record<'message' | 'remedy', string>> & { readonly passes?: true };
  export function leavesOf(said: string): string;
}
