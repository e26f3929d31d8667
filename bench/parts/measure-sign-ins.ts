import type { Contender } from './contenders';
import { runLoad } from './run-load';
import type { ServerProcess } from './server-process';
import type { Person } from './sign-in';

export interface SignInPlanOfRounds {
  /** All in all, at each server. */
  readonly signIns: number;
  readonly rounds: number;
  readonly concurrency: number;
}

export interface SignInUse {
  /** CPU time of the server's process a sign-in, from login to the answer of the callback; a round each. */
  readonly cpuMs: readonly number[];
  /** Of the process, after all sign-ins. */
  readonly rssBytes: number;
}

/** Signs in at each server in interleaved rounds; the provider's own work is in another process. */
export async function measureSignIns(
  person: Person,
  servers: readonly { readonly contender: Contender; readonly server: ServerProcess }[],
  { signIns, rounds, concurrency }: SignInPlanOfRounds,
): Promise<ReadonlyMap<string, SignInUse>> {
  const count = Math.ceil(signIns / rounds);
  const cpuMs = new Map(servers.map(({ contender }) => [contender.name, new Array<number>()]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { contender, server } of servers) {
      const before = await server.usage();
      await runLoad({ count, concurrency }, async () => {
        await person.signIn(contender.signIn);
      });
      const after = await server.usage();
      cpuMs.get(contender.name)?.push((after.cpuMs - before.cpuMs) / count);
    }
  }
  const uses = servers.map(async ({ contender: { name }, server }) => {
    const { rssBytes } = await server.usage();
    return [name, { cpuMs: cpuMs.get(name) ?? [], rssBytes }] as const;
  });
  return new Map(await Promise.all(uses));
}
