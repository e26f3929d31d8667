import type { Send } from './http-client';
import { runLoad } from './run-load';
import type { ServerProcess } from './server-process';

/** Requests of one kind to one server. */
export interface Course {
  readonly name: string;
  readonly server: ServerProcess;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** One a session; requests take turns. None: anonymous. */
  readonly cookies?: readonly string[];
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
  const { name, server, path, headers, cookies = [] } = course;
  const cookie = cookies[index % Math.max(1, cookies.length)];
  const { status } = await send(server.url + path, {
    headers: { Accept: 'application/json', ...headers, ...(cookie && { Cookie: cookie }) },
  });
  if (status !== 200) throw new Error(`${name} answered ${status}`);
}
