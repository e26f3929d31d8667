import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import type { Handler } from '../http/context';
import type { HttpFunction } from '../http/endpoint';
import { readQuery } from '../http/request';
import { htmlPage, json, languageOf } from '../http/responses';
import { ConsolePage, consolePath, type ConsoleView } from '../pages/console-page';
import type { SearchedPage } from '../sessions/find-sessions';
import { cutPeople, type Person, sessionOrders, sortPeople } from '../sessions/people';
import { lastUsedAbout } from '../sessions/session';
import { takeEndedNotice } from '../sign-in/ending';
import { type SessionContext, type SessionHandler, withRole } from '../sign-in/guards';
import { withTimeout } from '../waiting';

/** Sessions that are read and sorted together: one page of the table. An app with fewer has them all in order. */
const listSize = 1_000;

/** Sessions that a page shows: light enough for a phone. */
const pageSize = 100;

/** A list ends after this time with what it has found, and the page offers to continue. It leaves time for the answer. */
const listMs = 5_000;

/**
 * GET auth/admin: the live sessions by person, 100 on a page, for people with the app role. `search` finds people by name,
 * user name, or the user key that the log shows. `sort` is one of {@link sessionOrders}. `page` leads through the sessions
 * that were read together, at most 1,000, and `from` continues after them.
 */
async function admin(context: SessionContext): Promise<HttpResponseInit> {
  const { user, query, now } = context;
  const view = parseView((name) => readQuery(query, name, viewLengths[name]));
  const list = await findSessions(context, view);
  const { idleSeconds, allowedTenants } = context.services.settings;
  const everybody = sortPeople(list.sessions, {
    order: view.sort,
    idleSeconds,
    hasEarlier: view.from !== undefined,
    hasMore: list.continuation !== undefined,
    language: languageOf(context).tag,
  });
  const people = cutPeople(everybody, { skip: (view.page - 1) * pageSize, limit: pageSize });
  const next = nextOf(view, list);
  // The text of a search may be a name, so it is not told.
  const what = view.search === '' ? 'all sessions' : 'a search';
  const seen = { by: user.userKey, what, count: list.sessions.length };
  context.tell({ event: 'console viewed', outcome: 'done', ...seen });
  if (!context.prefersHtml) return listAsJson(context, { people, next, searched: list.searched });
  const counts = {
    sessions: list.sessions.length,
    people: everybody.length,
    searched: list.searched,
    before: (view.page - 1) * pageSize,
    hasMore: list.continuation !== undefined,
  };
  const showsTenant = allowedTenants !== undefined;
  const ended = takeEndedNotice(context);
  return htmlPage(
    context,
    <ConsolePage {...{ user, view, people, counts, next, ended, showsTenant, idleSeconds, now }} />,
  );
}

/** The longest values of a view's fields. */
export const viewLengths = { search: 100, sort: 20, page: 2, from: 2048 } as const;

/**
 * What a person looks at in the console, from a query or a form.
 * @throws ERR_BAD_REQUEST for an order or a page that the console does not have
 */
export function parseView(
  valueOf: (name: keyof typeof viewLengths) => string | undefined,
): ConsoleView {
  const wanted = valueOf('sort') ?? 'used';
  const sort = sessionOrders.find((order) => order === wanted);
  const page = Number(valueOf('page') ?? 1);
  if (sort === undefined || !(Number.isInteger(page) && page >= 1 && page <= listSize / pageSize)) {
    throw new AppError('ERR_BAD_REQUEST', { note: 'no such sort or page' });
  }
  return { search: valueOf('search')?.trim() ?? '', sort, page, from: valueOf('from') };
}

async function findSessions(
  { services, now, signal }: SessionContext,
  { search, from }: ConsoleView,
): Promise<SearchedPage> {
  return withTimeout(signal, listMs, async (stopSignal) => {
    const options = { now, limit: listSize, continuation: from, signal, stopSignal };
    if (search !== '') return services.sessions.search({ ...options, text: search });
    const page = await services.sessions.listLive(options);
    return { ...page, searched: page.sessions.length };
  });
}

/** The next page of the list, or the first one of the next list. `undefined` after the last. */
function nextOf(
  view: ConsoleView,
  { sessions, continuation }: SearchedPage,
): ConsoleView | undefined {
  if (view.page * pageSize < sessions.length) return { ...view, page: view.page + 1 };
  return continuation === undefined ? undefined : { ...view, page: 1, from: continuation };
}

interface ListedPage {
  readonly people: readonly Person[];
  readonly next: ConsoleView | undefined;
  readonly searched: number;
}

function listAsJson(
  { services }: SessionContext,
  { people, next, searched }: ListedPage,
): HttpResponseInit {
  const { idleSeconds } = services.settings;
  return json({
    sessions: people
      .flatMap(({ sessions }) => sessions)
      .map((session) => ({
        session: session.sessionKey,
        user: session.userKey,
        name: session.name,
        username: session.username,
        tenant: session.tenantId,
        device: session.device,
        created_at: session.createdAt,
        last_used_at: lastUsedAbout(session, idleSeconds),
        idle_expires_at: session.idleExpiresAt,
        expires_at: session.expiresAt,
      })),
    searched,
    has_more: next !== undefined,
    next: next === undefined ? null : consolePath(services.site.authPath, next),
  });
}

/** The guard of all functions of the console. */
export const forAdmins = (handler: SessionHandler): Handler =>
  withRole((settings) => settings.adminRole, handler);

export const adminFunctions: readonly HttpFunction[] = [
  { name: 'admin', route: 'admin', get: forAdmins(admin) },
];
