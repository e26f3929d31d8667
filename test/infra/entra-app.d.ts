declare module '*/entra-app/main.mjs' {
  import type { Az } from '*/az.mjs';
  interface Surroundings {
    readonly az: Az;
    readonly pause: (milliseconds: number) => Promise<unknown>;
    readonly say: (text: string) => void;
  }
  export function entraApp(
    args: readonly string[],
    root: string,
    surroundings: Surroundings,
  ): Promise<number>;
}
