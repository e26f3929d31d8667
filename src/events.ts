import { AsyncLocalStorage } from 'node:async_hooks';
import type { InvocationContext } from '@azure/functions';
import {
  type Clock,
  createLatencies,
  operationOf,
  type OutgoingLog,
  traceHeadersOf,
} from './waiting';

/** What happened, for operators. In the log each event is one line of JSON; `docs/events.md` is written from this table. */
const rows = {
  'sign-in': row('sign-in', 'A person signed in.', { done: 'info' }),
  'sign-in refused': row(
    'sign-in',
    'The provider refused a sign-in. `refused`: it is about the person. `failed`: it refused this app or its request, or had a fault of its own. The number says why.',
    { refused: 'warn', failed: 'error' },
  ),
  'sign-in failed': row(
    'sign-in',
    'A sign-in ended without the provider’s refusal. `refused`: it came late, twice, or from another browser, or an administrator declined consent. `failed`: the answer cannot be used.',
    { refused: 'info', failed: 'error' },
  ),
  'tenant refused': row('sign-in', 'The account belongs to a tenant that may not sign in.', {
    refused: 'warn',
  }),
  'issuer refused': row('sign-in', 'An answer came from another provider.', { refused: 'warn' }),
  'hook refused': row('sign-in', '`onSignIn` of the app refused the person.', { refused: 'warn' }),
  'hook failed': row(
    'fault',
    'A hook of the app threw, took too long, or returned something else than a decision. With `onSignOut` the sign-out went on.',
    { failed: 'error' },
  ),
  'step-up': row(
    'sign-in',
    'A person was sent to the provider once more: for consent, a second factor, or a newer sign-in. `refused`: what came back does not show it.',
    { asked: 'info', refused: 'info' },
  ),
  refresh: row(
    'session',
    'The provider gave new tokens to a session. `ms` is how long its answer took.',
    { done: 'info' },
  ),
  'refresh refused': row(
    'session',
    'The provider refused new tokens to a session. `failed`: it refused this app or its request, or had a fault of its own.',
    { refused: 'warn', failed: 'error' },
  ),
  'app token refused': row('fault', 'The provider refused a token to the app itself.', {
    refused: 'warn',
    failed: 'error',
  }),
  'session ended': row(
    'session',
    'Sessions were ended, and `why` says how. `partial`: there was no time for all of them. `failed`: some may have ended.',
    { done: 'info', partial: 'warn', failed: 'error' },
  ),
  'role denied': row('access', 'A person lacks the role for what they opened.', {
    refused: 'info',
  }),
  'bearer token refused': row('access', 'A client sent a bearer token that does not open this.', {
    refused: 'info',
  }),
  'request refused': row(
    'access',
    'Any other request was refused: signed out, from another site, malformed.',
    { refused: 'info' },
  ),
  'request failed': row('fault', 'A request failed by a fault without a name of its own here.', {
    failed: 'error',
  }),
  'console viewed': row(
    'console',
    'An administrator looked at people’s sessions or at the activity. `what` says which.',
    { done: 'info' },
  ),
  'configuration fault': row(
    'fault',
    'A setting has a fault, so every function answers 503. It is told at most once in ten seconds.',
    { failed: 'error' },
  ),
  'storage trouble': row('fault', 'The table did not answer as expected.', { failed: 'error' }),
  'keys trouble': row('fault', 'The key ring cannot be read, opened or extended.', {
    failed: 'error',
  }),
  'provider trouble': row(
    'fault',
    'The provider did not answer, or with something that cannot be used.',
    { failed: 'error' },
  ),
  'API trouble': row('fault', 'An API did not answer, or refused what it must not refuse.', {
    failed: 'error',
  }),
  'session unreadable': row(
    'fault',
    'A row of the table does not open: somebody changed it, or its key is lost.',
    { failed: 'error' },
  ),
  'health failing': row('fault', 'A part that people need fails, and `/health` answers 503.', {
    failed: 'error',
  }),
  'key made': row('upkeep', 'The app made a key of its ring.', { done: 'info' }),
  sweep: row(
    'upkeep',
    'Expired rows were removed, and live sessions counted. `partial`: the next run goes on.',
    { done: 'info', partial: 'info', failed: 'error' },
  ),
  latency: row(
    'upkeep',
    'How long another service took to answer, as one instance counted it in five minutes. `what` names the service.',
    { done: 'info' },
  ),
  'activity trouble': row(
    'fault',
    'The list of activity in the console cannot be written. It is told once, until it can be written again. The log has every event.',
    { failed: 'error' },
  ),
  'events lost': row('upkeep', 'Events could not be written. `count` says how many.', {
    failed: 'warn',
  }),
} as const;

/** As `InvocationContext` names its methods. The host keeps all of them, unless `host.json` says otherwise. */
export type EventLevel = 'info' | 'warn' | 'error';

export type EventName = keyof typeof rows;

export type EventKind = (typeof eventKinds)[number];

export const eventKinds = ['sign-in', 'session', 'access', 'console', 'fault', 'upkeep'] as const;

interface EventRow<Levels> {
  readonly kind: EventKind;
  /** For the documentation. */
  readonly when: string;
  /** Its outcomes, and the level of each. */
  readonly levels: Levels;
}

function row<const Levels extends Readonly<Record<string, EventLevel>>>(
  kind: EventKind,
  when: string,
  levels: Levels,
): EventRow<Levels> {
  return { kind, when, levels };
}

/** Every event, for the documentation and for lists. */
export const eventTable: Readonly<
  Record<EventName, EventRow<Readonly<Record<string, EventLevel>>>>
> = rows;

/** What an event may have beside its name and outcome. None of it is a code, token, cookie value, secret or session id. */
export interface EventFacts {
  /** User key of the person who acts. Only its first characters are written, as of the other keys. */
  readonly by?: string | undefined;
  /** User key of the person whom it is about, or `everybody`. */
  readonly of?: string | undefined;
  readonly session?: string | undefined;
  readonly why?: string | undefined;
  readonly count?: number | undefined;
  /** An error code, see `docs/troubleshooting.md`. */
  readonly code?: string | undefined;
  readonly note?: string | undefined;
  /** The errors behind it, by name, code and place. */
  readonly causes?: readonly string[] | undefined;
  /** Kind of a refusal, see `docs/troubleshooting.md`. */
  readonly kind?: string | undefined;
  /** Which answer of the provider it was. */
  readonly where?: string | undefined;
  /** `error` and `suberror` of the provider. */
  readonly error?: string | undefined;
  readonly suberror?: string | undefined;
  /** `AADSTS50105`, for instance. */
  readonly number?: string | undefined;
  /** Finds the request in the provider's own log. */
  readonly correlation?: string | undefined;
  /** Id of a tenant that was refused. */
  readonly tenant?: string | undefined;
  readonly api?: string | undefined;
  /** What failed, was looked at, or does not open. */
  readonly what?: string | undefined;
  /** Name of a setting, and its fault; never its value. */
  readonly setting?: string | undefined;
  readonly fault?: string | undefined;
  /** Milliseconds that the provider's answer took, or the slowest of several answers. */
  readonly ms?: number | undefined;
  /** Milliseconds, and how many answers took no longer, and longer than the pair before says. */
  readonly times?: readonly (readonly [ms: number, answers: number])[] | undefined;
  readonly pages?: number | undefined;
  readonly live?: number | undefined;
  /** True when `live` is calculated from a part of them. */
  readonly estimated?: boolean | undefined;
}

/** The name of an event with one of its outcomes. */
export type EventHead = {
  [Name in EventName]: {
    readonly event: Name;
    readonly outcome: keyof (typeof rows)[Name]['levels'] & string;
  };
}[EventName];

export type NewEvent = EventHead & EventFacts;

/** What would only fill the list in the console. The log has it. */
const notKept: readonly EventName[] = [
  'refresh',
  'request refused',
  'sweep',
  'latency',
  'activity trouble',
];

/** True for an event that the console shows. */
export function isKept(name: EventName): boolean {
  return !notKept.includes(name);
}

/** What an event is about; `undefined` for one that this version does not know. */
export function kindOf(name: string): EventKind | undefined {
  return Object.hasOwn(rows, name) ? rows[name as EventName].kind : undefined;
}

export function levelOf({ event, outcome }: EventHead): EventLevel {
  return eventTable[event].levels[outcome] ?? 'error';
}

/**
 * An event as people see it, with the members in the order in which people read them. Of a key it has the beginning, by which the
 * console finds a person. It opens nothing.
 */
export function shownEvent({ event, outcome, by, of, session, ...facts }: NewEvent) {
  return {
    event,
    outcome,
    by: by?.slice(0, 8),
    of: of === 'everybody' ? of : of?.slice(0, 8),
    session: session?.slice(0, 8),
    ...facts,
  };
}

type Invocation = Pick<InvocationContext, 'invocationId' | 'traceContext' | EventLevel>;

/** The person who acts, if administrators may see the event. The log never has it. */
export interface Actor {
  readonly userKey: string;
  readonly name: string;
  readonly username: string;
}

/** An event that was told, with when and where it happened. */
export interface ToldEvent {
  readonly event: NewEvent;
  /** Epoch seconds. */
  readonly at: number;
  /** The invocation id. */
  readonly request?: string | undefined;
  /** The trace id. */
  readonly operation?: string | undefined;
  readonly person?: Actor | undefined;
}

/** Writes events to the log, and knows the request that runs now. */
export interface EventLog extends OutgoingLog {
  /** Does work for an invocation. What is told and asked for meanwhile belongs to it. */
  during<T>(invocation: Invocation, work: () => Promise<T>): Promise<T>;
  /** Writes an event to the log of its invocation, and tells the listener. It never throws and never waits. */
  tell(event: NewEvent, invocation?: Invocation, person?: Actor): void;
  /** Calls `listener` with every event from now on. */
  listen(listener: (told: ToldEvent) => void): void;
  /** Writes the latencies that were counted so far. They are written by themselves too, every five minutes. */
  tellLatencies(): void;
}

/** An event log of its own for each Anteroom. Invocations are found through Node's asynchronous context. */
export function createEventLog(clock: Clock): EventLog {
  const running = new AsyncLocalStorage<{ readonly invocation: Invocation; isOver: boolean }>();
  /** The host warns of lines that come after the end of an invocation. They go to the console. */
  const current = (): Invocation | undefined => {
    const scope = running.getStore();
    return scope?.isOver === false ? scope.invocation : undefined;
  };
  let listener: Parameters<EventLog['listen']>[0] = () => undefined;
  const write = createWriter();
  const latencies = createLatencies(clock, (what, { count, times, ms }, at) => {
    // Of many requests, so it belongs to none.
    write({ event: { event: 'latency', outcome: 'done', what, count, times, ms }, at });
  });

  return {
    during: (invocation, work) => {
      const scope = { invocation, isOver: false };
      return running
        .run(scope, async () => work())
        .finally(() => {
          scope.isOver = true;
        });
    },
    tell: (event, invocation = current(), person) => {
      const where = { request: invocation?.invocationId, operation: operationOf(invocation) };
      const told = { event, at: clock(), ...where };
      write(told, invocation);
      listener({ ...told, person });
    },
    listen: (next) => {
      listener = next;
    },
    traceHeaders: () => traceHeadersOf(running.getStore()?.invocation),
    measure: latencies.measure,
    tellLatencies: latencies.tell,
  };
}

/** Writes events, and says how many could not be written. */
function createWriter(): (told: ToldEvent, invocation?: Invocation) => void {
  let lost = 0;
  const write = (told: ToldEvent, invocation?: Invocation): void => {
    try {
      writeLine(told, invocation);
    } catch {
      // A log that refuses a line must not fail the request. The next line that is written says how many are missing.
      lost += 1;
      return;
    }
    if (lost === 0) return;
    const event = { event: 'events lost', outcome: 'failed', count: lost } as const;
    lost = 0;
    write({ ...told, event }, invocation);
    // Refused again: this line counts as one, and those before it still do.
    if (lost > 0) lost = event.count;
  };
  return write;
}

function writeLine(
  { event, at: seconds, request, operation }: ToldEvent,
  invocation: Invocation | undefined,
): void {
  const level = levelOf(event);
  const line = { ...shownEvent(event), at: new Date(seconds * 1000).toISOString() };
  if (invocation !== undefined) {
    invocation[level](JSON.stringify({ ...line, request, operation }));
    return;
  }
  // The host takes every line of the console for information.
  // eslint-disable-next-line no-console -- there is no invocation to log with
  console.error(JSON.stringify({ ...line, level }));
}
