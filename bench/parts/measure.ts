import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Contender } from './contenders';
import { repository, type ServerCommand, type ServerProcess, startServer } from './server-process';
import type { Person, Send } from './sign-in';

/** Requests of one kind to one server. */
export interface Course {
  readonly name: string;
  readonly server: ServerProcess;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** One a session; requests take turns. None: anonymous. */
  readonly cookies?: readonly string[];
  /** 200 unless given. */
  readonly status?: number;
}

export interface CpuPlan {
  readonly rounds: number;
  /** Requests of each course a round. */
  readonly requests: number;
  readonly concurrency: number;
}

/**
 * CPU time of the server's process a request, in milliseconds, by course and round. Each round runs all
 * courses, so that what slows the machine for a while slows all of them; one round before is not counted.
 */
export async function measureCpu(
  send: Send,
  courses: readonly Course[],
  { rounds, requests, concurrency }: CpuPlan,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const measured = new Map(courses.map(({ name }) => [name, new Array<number>()]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const course of courses) {
      const before = await course.server.usage();
      await runLoad({ count: requests, concurrency }, (index) => ask(send, course, index));
      const after = await course.server.usage();
      const each = (after.cpuMs - before.cpuMs) / requests;
      if (round > 0) measured.get(course.name)?.push(each);
    }
  }
  return measured;
}

async function ask(send: Send, course: Course, index: number): Promise<void> {
  const { name, server, path, headers, cookies = [], status: expected = 200 } = course;
  const cookie = cookies[index % Math.max(1, cookies.length)];
  const { status } = await send(server.url + path, {
    headers: { Accept: 'application/json', ...headers, ...(cookie && { Cookie: cookie }) },
  });
  if (status !== expected) throw new Error(`${name} answered ${status}`);
}

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

/** A server that starts again each time, and its first request. */
export interface FreshStart {
  readonly name: string;
  readonly command: ServerCommand;
  readonly path: string;
  /** Of a session that another process of the server opened. */
  readonly cookie?: string;
}

export interface StartTimes {
  /** From just before the process was made until it listened. */
  readonly readyMs: readonly number[];
  /** The same until its first answer was there. */
  readonly answeredMs: readonly number[];
}

/** Starts each server `rounds` times, in turns, and asks it one thing. */
export async function measureStarts(
  send: Send,
  starts: readonly FreshStart[],
  rounds: number,
): Promise<ReadonlyMap<string, StartTimes>> {
  const times = new Map(
    starts.map(({ name }) => [
      name,
      { readyMs: new Array<number>(), answeredMs: new Array<number>() },
    ]),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command, path, cookie } of starts) {
      const server = await startServer({ ...command, isMeasured: false });
      const headers = { Accept: 'application/json', ...(cookie && { Cookie: cookie }) };
      const { status } = await send(server.url + path, { headers });
      const answeredMs = performance.now() - server.startedAt;
      await server.stop();
      if (status !== 200) throw new Error(`${name} answered ${status}`);
      times.get(name)?.readyMs.push(server.readyMs);
      times.get(name)?.answeredMs.push(answeredMs);
    }
  }
  return times;
}

/** Milliseconds of CPU that the app's bundle takes to load, in a fresh process each. */
export function measureBundleLoad(rounds: number): readonly number[] {
  const script = join(repository, 'bench/processes/load-bundle.cjs');
  const bundle = join(repository, 'dist/main.js');
  return Array.from({ length: rounds }, () =>
    Number(execFileSync(process.execPath, [script, bundle], { encoding: 'utf8' })),
  );
}

/** Does `work` `count` times, `concurrency` of them at a time; ends when all have. */
export async function runLoad(
  { count, concurrency }: { readonly count: number; readonly concurrency: number },
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
}
