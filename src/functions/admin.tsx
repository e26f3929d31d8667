import type { HttpResponseInit } from '@azure/functions';
import { takeEndedNotice } from '../guards/ended-notice';
import type { SignedInExchange } from '../guards/signed-in';
import { withRole } from '../guards/with-role';
import { readQuery } from '../http/read-query';
import { htmlPage, json } from '../http/responses';
import { serve } from '../http/serve';
import { ConsolePage } from '../pages/console-page';
import { lastUsedAbout } from '../sessions/last-used';
import type { SearchedPage } from '../sessions/search-sessions';

const pageSize = 100;

/**
 * GET auth/admin: live sessions, for holders of the app role, in pages of 100. `search` finds people by name or
 * address, or by a user key as it stands in the log; `from` goes on where a page ended.
 */
export async function admin(exchange: SignedInExchange): Promise<HttpResponseInit> {
  const { user, query, now } = exchange;
  const search = readQuery(query, 'search', 100)?.trim() ?? '';
  const from = readQuery(query, 'from', 2048);
  const page = await findSessions(exchange, search, from);
  const next = page.continuation && pathOf({ search, from: page.continuation });
  if (!exchange.prefersHtml) return listAsJson(exchange, page, next);
  const { idleSeconds } = exchange.services.settings;
  const ended = takeEndedNotice(exchange);
  const isFirst = from === undefined;
  return htmlPage(
    <ConsolePage {...{ user, page, search, isFirst, next, ended, idleSeconds, now }} />,
  );
}

async function findSessions(
  { services, now, signal }: SignedInExchange,
  search: string,
  continuation: string | undefined,
): Promise<SearchedPage> {
  const wishes = { now, limit: pageSize, continuation, signal };
  if (search !== '') return services.sessions.search({ ...wishes, text: search });
  const page = await services.sessions.listLive(wishes);
  return { ...page, searched: page.sessions.length };
}

function pathOf({ search, from }: { readonly search: string; readonly from: string }): string {
  const query = new URLSearchParams({ ...(search !== '' && { search }), from });
  return `/auth/admin?${query.toString()}`;
}

function listAsJson(
  { services }: SignedInExchange,
  { sessions, searched }: SearchedPage,
  next: string | undefined,
): HttpResponseInit {
  const { idleSeconds } = services.settings;
  return json({
    sessions: sessions.map((session) => ({
      session: session.sessionKey,
      user: session.userKey,
      name: session.name,
      username: session.username,
      device: session.device,
      created_at: session.createdAt,
      last_used_at: lastUsedAbout(session, idleSeconds),
      idle_expires_at: session.idleExpiresAt,
      expires_at: session.expiresAt,
    })),
    searched,
    has_more: next !== undefined,
    next: next ?? null,
  });
}

serve('admin', { route: 'auth/admin', get: withRole((settings) => settings.adminRole, admin) });
