import type { HttpResponseInit } from '@azure/functions';
import { AppError } from '../errors';
import { eventKinds } from '../events';
import type { HttpFunction } from '../http/endpoint';
import { eventOfError } from '../http/error-log';
import { readQuery } from '../http/request';
import { htmlPage, json } from '../http/responses';
import { ActivityPage, activityPath, type ActivityView } from '../pages/activity-page';
import type { ActivityContent } from '../sessions/activity';
import { type ActivityPage as FoundEvents, listActivity } from '../sessions/activity-list';
import { type SessionContext, withRole } from '../sign-in/guards';
import { withTimeout } from '../waiting';

/** Events of a page. A filter may find more in the rows that it read last. */
const pageSize = 100;

/** Events of an export: a busy day. */
const exportSize = 10_000;

/** A list ends after this time with what it has found, and offers to continue. It leaves time for the answer. */
const listMs = 5_000;

/**
 * GET auth/admin/activity: what happened lately, newest first, for people with the app role. `person` finds events by name, user name or
 * the user key that the log shows, `kind` by what they are about, and `day` those of one day in UTC. `from` continues where a page ended.
 * `format=jsonl` is an export: one event a line.
 * @see https://jsonlines.org
 */
async function activity(context: SessionContext): Promise<HttpResponseInit> {
  const { user, query, now, services } = context;
  const { site } = services;
  const isExport = readFormat(readQuery(query, 'format', 10));
  const filter = readFilter(context);
  const page = await findEvents(context, filter, isExport ? exportSize : pageSize);
  const what = isExport ? 'export of the activity' : 'activity';
  const seen = { by: user.userKey, what, count: page.events.length };
  context.tell({ event: 'console viewed', outcome: 'done', ...seen });
  if (isExport) return exported(context, filter, page);
  if (!context.prefersHtml) {
    const next = page.next && activityPath(site.authPath, { ...filter, from: page.next });
    const { events, searched, unreadable } = page;
    return json({ events: events.map(shownEvent), searched, unreadable, next: next ?? null });
  }
  return htmlPage(context, <ActivityPage {...{ user, view: filter, found: page, now }} />);
}

type Filter = Pick<ActivityView, 'person' | 'kind' | 'day'>;

function readFormat(format: string | undefined): boolean {
  if (format === undefined || format === 'jsonl') return format !== undefined;
  throw new AppError('ERR_BAD_REQUEST', { note: 'format must be jsonl' });
}

/** An empty field of the form is no filter. */
function readFilter({ query }: SessionContext): Filter {
  const valueOf = (name: string, maxLength: number): string | undefined =>
    readQuery(query, name, maxLength)?.trim() || undefined;
  const asked = valueOf('kind', 20);
  const kind = eventKinds.find((known) => known === asked);
  if (kind !== asked) throw new AppError('ERR_BAD_REQUEST', { note: 'unknown kind' });
  return { person: valueOf('person', 100), kind, day: valueOf('day', 10) };
}

function findEvents(
  { services, query, user, now, signal, tell }: SessionContext,
  filter: Filter,
  limit: number,
): Promise<FoundEvents> {
  const { table, keyRing } = services;
  const onKeyUnavailable = (error: AppError): void => {
    tell(eventOfError(error, user.userKey));
  };
  const from = readQuery(query, 'from', 2048);
  return withTimeout(signal, listMs, (stopSignal) =>
    listActivity(
      { table, keyRing, onKeyUnavailable },
      { ...filter, from, now, limit, signal, stopSignal },
    ),
  );
}

/** An event for programs. The time is as in the log. */
function shownEvent({ at, ...event }: ActivityContent) {
  return { at: new Date(at * 1000).toISOString(), ...event };
}

/** One event in each line. If there was no time for all, the last line says so, and where the rest is. */
function exported(
  context: SessionContext,
  filter: Filter,
  { events, next, unreadable }: FoundEvents,
): HttpResponseInit {
  const lines: object[] = events.map(shownEvent);
  if (unreadable > 0) lines.push({ event: 'unreadable', count: unreadable });
  const rest =
    next &&
    activityPath(context.services.site.authPath, { ...filter, from: next, format: 'jsonl' });
  if (rest !== undefined) lines.push({ event: 'not complete', next: rest });
  return {
    headers: {
      'Content-Type': 'application/jsonl; charset=utf-8',
      'Content-Disposition': `attachment; filename="activity-${filter.day ?? 'latest'}.jsonl"`,
      ...(rest !== undefined && { Link: `<${rest}>; rel="next"` }),
    },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  };
}

export const activityFunction: HttpFunction = {
  name: 'admin-activity',
  route: 'admin/activity',
  get: withRole((settings) => settings.adminRole, activity),
};
