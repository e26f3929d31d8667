import { TableClient } from '@azure/data-tables';
import type { StackFacts } from '../../local/stack/options';
import {
  type BenchStack,
  type Contender,
  contenders,
  doNothingCommand,
  pointReadCommand,
} from './contenders';
import { countRoundTrips } from './count-round-trips';
import {
  type Course,
  measureBundleLoad,
  measureCpu,
  measureSignIns,
  measureStarts,
  runLoad,
  type SignInUse,
  type StartTimes,
} from './measure';
import { startSecureTables } from './secure-tables';
import { type ServerCommand, type ServerProcess, startServer } from './server-process';
import { meetPerson, navigation, type Person, type Send } from './sign-in';

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
  /** ms CPU of loading the bundle, a fresh process each. */
  readonly bundleLoads: readonly number[];
  /** Storage requests that anonymous answers caused. */
  readonly anonymousTrips: number;
}

/** The controls. */
export const names = {
  pointRead: 'control: `node:http`, one point read',
  leanRead: 'the same by our HTTP client',
  secureRead: 'control: the same over TLS, by a bearer token',
  secureLeanRead: 'the same by our HTTP client, over TLS',
  doNothing: 'control: a function that does nothing, on our host',
  page: 'control: the same with an answer like the home page',
} as const;

/** What each contender is asked. */
export const courses = {
  session: { path: '/auth/session', isSignedIn: true },
  me: { path: '/auth/me', isSignedIn: true },
  refusal: { path: '/auth/session', isSignedIn: false, status: 401 },
  // Without Fetch Metadata it would be another page, which opens the address once more.
  home: { path: '/', isSignedIn: false, headers: navigation },
} as const;

const courseNames = ['session', 'me', 'refusal', 'home'] as const;

/** How a course of a contender is named in the numbers. */
export function courseName(contender: string, course: keyof typeof courses): string {
  const { path, isSignedIn } = courses[course];
  return `${contender}, \`${path}\`${isSignedIn ? '' : course === 'refusal' ? ' signed out' : ' anonymous'}`;
}

const sessionPath = '/auth/session';

/** Everything `npm run bench` measures, one thing after the other. */
export async function measureAll(
  send: Send,
  stack: BenchStack,
  size: BenchSize,
  tell: (step: string) => void,
): Promise<BenchNumbers> {
  const { facts } = stack;
  const all = contenders(facts, stack.origins);
  const account = facts.users[0]?.name ?? '';
  tell('signing in');
  const cookies = new Map<string, readonly string[]>();
  const person = await withServers(Object.values(all), async () => {
    const met = await meetPerson(send, all.anteroom.signIn, account, facts.entraUrl);
    for (const contender of Object.values(all)) {
      cookies.set(contender.name, await signInOften(met, contender, size.concurrency));
    }
    return met;
  });
  tell(`CPU time a request: ${size.rounds} rounds of ${size.requests} requests`);
  const secure = await startSecureTables(facts.tablesConnectionString);
  const controls = controlCommands(facts, await firstSessionRow(facts), secure.env);
  const requests = await measureRequests(send, { all, controls, cookies, size }).finally(() =>
    secure.stop(),
  );
  tell(`first guarded answer: ${size.starts} starts of each`);
  const starts = await measureFirstAnswers(send, { all, controls, cookies, size });
  tell(`${size.signIns} sign-ins at each`);
  const signIns = await withServers(Object.values(all), (running) =>
    measureSignIns(person, running, {
      signIns: size.signIns,
      rounds: size.signInRounds,
      concurrency: 8,
    }),
  );
  tell('loading the bundle');
  const bundleLoads = measureBundleLoad(size.starts);
  tell('storage round trips');
  const trips = await countRoundTrips(send, stack, account);
  const anonymous = trips.filter(({ aim }) => aim === '0');
  return {
    ...{ requests, starts, signIns, bundleLoads },
    anonymousTrips: anonymous.flatMap(({ made }) => made).length,
  };
}

function controlCommands(
  facts: StackFacts,
  row: Awaited<ReturnType<typeof firstSessionRow>>,
  secure: Readonly<Record<string, string>>,
): Parts['controls'] {
  return {
    pointRead: pointReadCommand(facts, row, 'stock'),
    leanRead: pointReadCommand(facts, row, 'lean'),
    secureRead: pointReadCommand(facts, row, 'stock', secure),
    secureLeanRead: pointReadCommand(facts, row, 'lean', secure),
    doNothing: doNothingCommand(),
  };
}

interface Parts {
  readonly all: ReturnType<typeof contenders>;
  readonly controls: Readonly<Record<(typeof controlNames)[number], ServerCommand>>;
  /** `Cookie` headers of open sessions, by contender. */
  readonly cookies: ReadonlyMap<string, readonly string[]>;
  readonly size: BenchSize;
}

function measureFirstAnswers(
  send: Send,
  { all, controls, cookies, size }: Parts,
): Promise<ReadonlyMap<string, StartTimes>> {
  const guarded = Object.values(all).map(({ name, command }) => ({
    ...{ name, command, path: sessionPath },
    cookie: cookies.get(name)?.[0] ?? '',
  }));
  return measureStarts(
    send,
    [
      { name: names.pointRead, command: controls.pointRead, path: '/' },
      { name: names.doNothing, command: controls.doNothing, path: sessionPath },
      ...guarded,
    ],
    size.starts,
  );
}

async function measureRequests(
  send: Send,
  { all, controls, cookies, size }: Parts,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const controlParts = controlNames.map((name) => ({ name: names[name], command: controls[name] }));
  const parts: readonly { readonly name: string; readonly command: ServerCommand }[] = [
    ...controlParts,
    ...Object.values(all),
  ];
  return withServers(parts, (running) => {
    const asked = running.flatMap(({ contender: { name }, server }): Course[] => {
      if (controlParts.some((control) => control.name === name)) {
        return name === names.doNothing
          ? [
              { name, server, path: sessionPath },
              { name: names.page, server, path: '/page' },
            ]
          : [{ name, server, path: '/' }];
      }
      return courseNames.map((course) => {
        const { isSignedIn, ...question } = courses[course];
        const own = isSignedIn ? { cookies: cookies.get(name) ?? [] } : {};
        return { name: courseName(name, course), server, ...question, ...own };
      });
    });
    return measureCpu(send, asked, size);
  });
}

const controlNames = [
  'pointRead',
  'leanRead',
  'secureRead',
  'secureLeanRead',
  'doNothing',
] as const satisfies readonly (keyof typeof names)[];

/** Starts servers for `work`, and ends them in any case. */
async function withServers<Part extends { readonly command: ServerCommand }, Result>(
  parts: readonly Part[],
  work: (
    running: readonly { readonly contender: Part; readonly server: ServerProcess }[],
  ) => Promise<Result>,
): Promise<Result> {
  const running: { contender: Part; server: ServerProcess }[] = [];
  try {
    for (const contender of parts) {
      running.push({ contender, server: await startServer(contender.command) });
    }
    return await work(running);
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()));
  }
}

async function signInOften(
  person: Person,
  contender: Contender,
  count: number,
): Promise<readonly string[]> {
  const cookies: string[] = [];
  await runLoad({ count, concurrency: 4 }, async () => {
    cookies.push(await person.signIn(contender.signIn));
  });
  return cookies;
}

/** Keys of a session's row: what the control reads at each request, as the app does. */
async function firstSessionRow({
  tablesConnectionString,
  tableName,
}: StackFacts): Promise<{ readonly partitionKey: string; readonly rowKey: string }> {
  const table = TableClient.fromConnectionString(tablesConnectionString, tableName, {
    allowInsecureConnection: true,
  });
  const filter = "RowKey ge 'session:' and RowKey lt 'session;'";
  for await (const { partitionKey, rowKey } of table.listEntities({ queryOptions: { filter } })) {
    if (partitionKey !== undefined && rowKey !== undefined) return { partitionKey, rowKey };
  }
  throw new Error('there is no session in the table');
}
