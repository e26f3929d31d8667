import { HttpRequest, InvocationContext } from '@azure/functions';
import { signSessionCookie } from '../../src/cookies';
import { noLog } from '../../src/waiting';
import { type EventLog, levelOf, type NewEvent, shownEvent } from '../../src/events';
import type { Hooks, RequestContext, Services } from '../../src/http/context';
import { readRequest } from '../../src/http/endpoint';
import type { PageRequest } from '../../src/http/responses';
import { plainBrand } from '../../src/pages/brand';
import type { Site } from '../../src/pages/layout';
import { createServices } from '../../src/anteroom';
import type { SessionTicket } from '../../src/sessions/session';
import type { NewSession } from '../../src/sessions/session-store';
import { readSettings, type Settings } from '../../src/settings';
import type { Table } from '../../src/storage/table';
import type { GroupRoleMap } from '../../src/tokens/graph';
import { clientSecret, longEnough } from './auth-fixture';
import { createMemoryTable } from './memory-table';
import { newSession, ringSecret, start } from './session-fixture';
import { createStaticKeyRing } from './static-key-ring';
import { clientId, startTinyProvider, tenantId, type TinyProvider } from './tiny-provider';

/** The base path of this repository's app, and every page. */
export const testSite: Site = {
  authPath: '/auth',
  routePrefix: '',
  homePath: '/',
  brand: plainBrand,
  menu: ['me', 'sessions', 'admin'],
};

/** What a page needs to know of its request. */
export function pageRequest(site: Site, acceptLanguage?: string): PageRequest {
  const headers = new HttpRequest({
    method: 'GET',
    url: 'http://localhost:7071/',
    headers: acceptLanguage === undefined ? {} : { 'accept-language': acceptLanguage },
  }).headers;
  return { request: { method: 'GET', headers }, services: { site } };
}

/** What a browser says of a navigation that a person began. */
export const browserHeaders = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
} as const;

interface TestRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** The context of a request, and the events that were told in it. */
export interface TestContext extends RequestContext {
  /** The level of each, and its members as they stand in the log. */
  readonly told: ToldEvent[];
  /** The same as texts. */
  readonly lines: string[];
}

export type ToldEvent = Readonly<Record<string, unknown>>;

/** An event as the log has it, with its level. */
function toldEvent(event: NewEvent): ToldEvent {
  const line: unknown = JSON.parse(JSON.stringify(shownEvent(event)));
  return { level: levelOf(event), ...(line as ToldEvent) };
}

/** A log that keeps its events in `told`. */
export function keepEvents(told: ToldEvent[]): EventLog {
  return {
    during: (_invocation, work) => work(),
    tell: (event) => void told.push(toldEvent(event)),
    ...noLog,
    tellLatencies: () => undefined,
    listen: () => undefined,
  };
}

/** Real services over a table in memory and a tiny provider, with a clock to turn. */
export interface ContextFixture {
  readonly services: Services;
  readonly tiny: TinyProvider;
  /** Epoch seconds. */
  now: number;
  /** Makes every call to the table fail as an outage does. */
  tableFailure: Error | undefined;
  /** Calls that changed the table so far. */
  writes: number;
  /** The events that belong to no request. */
  readonly told: ToldEvent[];
  /** The app's own code, as it is from now on. */
  readonly hooks: { -readonly [name in keyof Hooks]: Hooks[name] };
  /** A request as `endpoint` hands it to a handler. */
  context(path: string, request?: TestRequest): TestContext;
  /** A session opened now, and the `Cookie` header that opens it. */
  signIn(opening?: Partial<NewSession>): Promise<{ ticket: SessionTicket; cookie: string }>;
  stop(): Promise<void>;
}

/** Settings as a team would set them, over the tiny provider. */
export function environmentFor(tiny: TinyProvider): Record<string, string> {
  return {
    APP_BASE_URL: 'http://localhost:7071',
    ENTRA_TENANT_ID: tenantId,
    ENTRA_CLIENT_ID: clientId,
    ENTRA_CLIENT_SECRET: clientSecret,
    ENTRA_AUTHORITY: tiny.authority,
    TABLES_CONNECTION_STRING: 'UseDevelopmentStorage=true',
    KEY_RING_SECRET: Buffer.from(ringSecret).toString('base64url'),
    GRAPH_BASE_URL: tiny.origin,
  };
}

/**
 * @param environment settings beside the usual ones; a function gets the origin of the provider
 * @param groupRoles roles by the id of a group
 */
export async function createContextFixture(
  environment:
    Readonly<Record<string, string>> | ((origin: string) => Readonly<Record<string, string>>) = {},
  groupRoles: GroupRoleMap = new Map(),
): Promise<ContextFixture> {
  const tiny = await startTinyProvider();
  const own = typeof environment === 'function' ? environment(tiny.origin) : environment;
  const settings = settingsFrom({ ...environmentFor(tiny), ...own });
  const hooks: ContextFixture['hooks'] = {};
  const told: ToldEvent[] = [];
  const fixture: ContextFixture = {
    services: createServices(settings, testSite, {
      hooks,
      groupRoles,
      clock: () => fixture.now,
      events: keepEvents(told),
      table: watchedTable(() => fixture),
      keyRing: createStaticKeyRing(ringSecret),
    }),
    tiny,
    now: start,
    tableFailure: undefined,
    told,
    writes: 0,
    hooks,
    context: (path, request) => createContext(fixture, path, request),
    signIn: (opening) => signIn(fixture, opening),
    stop: () => tiny.stop(),
  };
  tiny.clock = () => fixture.now;
  return fixture;
}

function settingsFrom(environment: Readonly<Record<string, string>>): Settings {
  const read = readSettings(environment);
  if ('faults' in read) throw new Error(`faulty settings: ${JSON.stringify(read.faults)}`);
  return read.settings;
}

function watchedTable(fixture: () => ContextFixture): Table {
  const memory = createMemoryTable();
  const reached = <T>(call: () => Promise<T>, writes = 0): Promise<T> => {
    const { tableFailure } = fixture();
    if (tableFailure !== undefined) return Promise.reject(tableFailure);
    fixture().writes += writes;
    return call();
  };
  return {
    name: memory.name,
    check: (signal) => reached(() => memory.check(signal)),
    read: (address, signal) => reached(() => memory.read(address, signal)),
    list: async function* list(query, signal) {
      await reached(() => Promise.resolve());
      yield* memory.list(query, signal);
    },
    insert: (row, signal) => reached(() => memory.insert(row, signal), 1),
    replace: (row, etag, signal) => reached(() => memory.replace(row, etag, signal), 1),
    merge: (row, etag, signal) => reached(() => memory.merge(row, etag, signal), 1),
    delete: (address, signal) => reached(() => memory.delete(address, signal), 1),
    transact: (partition, actions, signal) =>
      reached(() => memory.transact(partition, actions, signal), 1),
  };
}

function createContext(
  { services, now }: ContextFixture,
  path: string,
  { method = 'GET', headers = browserHeaders, body, signal = longEnough() }: TestRequest = {},
): TestContext {
  const request = new HttpRequest({
    method,
    url: `http://host-header.example${path}`,
    headers,
    ...(body === undefined ? {} : { body: { string: body } }),
  });
  const told: ToldEvent[] = [];
  const lines: string[] = [];
  return {
    ...readRequest(request, services.settings.baseUrl),
    services,
    now,
    signal,
    extendDeadline: () => undefined,
    isStreamed: false,
    invocation: new InvocationContext({ invocationId: 'invocation-1', functionName: 'test' }),
    correlationId: 'invocation-1',
    cookies: [],
    visitor: { user: undefined },
    tell: (event) => {
      told.push(toldEvent(event));
      lines.push(`${levelOf(event)} ${JSON.stringify(shownEvent(event))}`);
    },
    told,
    lines,
  };
}

async function signIn(
  { services, now }: ContextFixture,
  opening: Partial<NewSession> = {},
): Promise<{ ticket: SessionTicket; cookie: string }> {
  const { ticket } = await services.sessions.open(
    newSession({ now, verifiedAt: now, signal: longEnough(), ...opening }),
  );
  const { keyRing, settings } = services;
  const { name, value } = await signSessionCookie(ticket, {
    keyRing,
    site: settings,
    signal: longEnough(),
  });
  return { ticket, cookie: `${name}=${value}` };
}
