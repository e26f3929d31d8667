import type { Send } from './http-client';
import { type ServerCommand, startServer } from './server-process';

/** A server to be started afresh, and what it is asked first. */
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
