import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import type { AppFacts } from '../../local/stack/stack-process';
import { accounts, control } from '../../test/support/journey';
import type { TestStack } from '../../test/support/start-stack';
import { appSignIn } from './contenders';
import { createHttpClient, meetPerson } from './sign-in';

/** The setting of an app whose hops {@link countHops} can count. Its inspector listens on loopback, on a free port. */
export function inspectable(): { readonly NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --inspect=127.0.0.1:0`.trim() };
}

/** Through which files of `src` a request runs. */
export interface Hops {
  readonly story: string;
  /** In alphabetical order. */
  readonly files: readonly string[];
  /** How many they may be. */
  readonly max: number;
}

/** Signs a person in at the app, and counts the hops of three requests. */
export async function countHops(stack: TestStack, app: AppFacts): Promise<readonly Hops[]> {
  const { entraUrl } = stack.facts;
  const client = createHttpClient(1);
  const calls = await watchCalls(await stack.output(app));
  try {
    const plan = appSignIn(app.url);
    const account = accounts(stack).administrator;
    const person = await meetPerson(client.send, plan, account, entraUrl);
    const cookie = await person.signIn(plan);
    const get = (path: string, by = cookie) =>
      client.send(app.url + path, { headers: { Accept: 'application/json', Cookie: by } });
    // Once before it counts: metadata, keys and the ring are read by then.
    await get('/auth/session');
    await get('/auth/me');
    const hopsOf = async (
      story: string,
      max: number,
      work: () => Promise<() => Promise<unknown>>,
    ) => {
      const files = await fewest(max, async () => calls.during(await work()));
      return { story, files, max };
    };
    const guarded = await hopsOf('a guarded request (`/auth/session`)', 20, () =>
      Promise.resolve(() => get('/auth/session')),
    );
    const signIn = await hopsOf('a sign-in, from login to the wanted page', 27, () =>
      Promise.resolve(() => person.signIn(plan)),
    );
    await control(entraUrl, { accessTokenSeconds: 60 });
    const expired = await hopsOf(
      'a guarded request with an expired token (`/auth/me`)',
      26,
      async () => {
        const soonExpired = await person.signIn(plan);
        return () => get('/auth/me', soonExpired);
      },
    );
    return [guarded, signIn, expired];
  } finally {
    calls.stop();
    client.close();
  }
}

const maxCounts = 3;

/**
 * The fewest files of up to three counts. On a busy machine storage may cut a connection that was open for long: the request that is
 * sent once more runs through one more file.
 */
async function fewest(
  max: number,
  count: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  let files = await count();
  for (let counts = 1; counts < maxCounts && files.length > max; counts += 1) {
    const again = await count();
    if (again.length < files.length) files = again;
  }
  return files;
}

/** Looks at the functions of an app that are called. */
interface CallWatch {
  /** The files of `src` that hold a function which is called during `work`. */
  during(work: () => Promise<unknown>): Promise<readonly string[]>;
  stop(): void;
}

/**
 * Asks V8 in the app's process (precise coverage of the inspector). The bundle's source map says in which file each function
 * is written.
 * @param log what the app has logged; it has the address of the inspector
 * @see https://chromedevtools.github.io/devtools-protocol/v8/Profiler/
 */
async function watchCalls(log: string): Promise<CallWatch> {
  const [, address] = /Debugger listening on (ws:\S+)/.exec(log) ?? [];
  if (address === undefined) throw new Error('the app was started without its inspector');
  const inspector = await connect(address);
  await inspector.ask('Profiler.enable');
  await inspector.ask('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const taken = () => inspector.ask('Profiler.takePreciseCoverage') as Promise<Coverage>;
  const fileAt = readFilePositions(join(process.cwd(), 'dist/main.js'));
  return {
    during: async (work) => {
      await taken();
      await work();
      const { result } = await taken();
      const { functions = [] } = result.find(({ url }) => url.endsWith('/dist/main.js')) ?? {};
      const called = functions.flatMap(({ ranges: [whole] }) =>
        // The first function is the bundle itself.
        whole === undefined || whole.count === 0 || whole.startOffset === 0
          ? []
          : (fileAt(whole.startOffset) ?? []),
      );
      // V8 may call the observer of garbage collections in main.ts at any moment.
      return [...new Set(called)].filter((file) => file !== 'src/main.ts').sort();
    },
    stop: () => {
      inspector.close();
    },
  };
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
    }[];
  }[];
}

interface Inspector {
  ask(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

async function connect(address: string): Promise<Inspector> {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  let lastId = 0;
  return {
    ask: (method, params = {}) => {
      lastId += 1;
      socket.send(JSON.stringify({ id: lastId, method, params }));
      return new Promise((resolve) => waiting.set(lastId, resolve));
    },
    close: () => {
      socket.close();
    },
  };
}

/** The file of `src` in which a character of the bundle is written; `undefined` in the code of a dependency. */
function readFilePositions(bundle: string): (offset: number) => string | undefined {
  const code = readFileSync(bundle, 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')) as never);
  const lineStarts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    const line = lineStarts.findLastIndex((start) => start <= offset);
    const entry = map.findEntry(line, offset - (lineStarts[line] ?? 0));
    const source = 'originalSource' in entry ? entry.originalSource : '';
    return /(?:^|\/)(src\/.*)$/.exec(source)?.[1];
  };
}
