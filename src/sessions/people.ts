import type { SessionSummary } from './find-sessions';
import { lastUsedAbout } from './session';

// The table keeps sessions in the order of keys that mean nothing to a reader. Here a list gets an order for people.

/**
 * What comes first in a list of people. `used`: who used the app last. `signed-in`: who signed in last. `name`: A to Z.
 * `count`: who has the most sessions.
 */
export const sessionOrders = ['used', 'signed-in', 'name', 'count'] as const;

export type SessionOrder = (typeof sessionOrders)[number];

/** One person in a list, with live sessions of theirs. */
export interface Person extends Pick<SessionSummary, 'userKey' | 'name' | 'username' | 'tenantId'> {
  /** In the order of the list. A page may show some of them only. */
  readonly sessions: readonly SessionSummary[];
  /** How many sessions the whole list has of this person. */
  readonly count: number;
  /** True when the list begins or ends with this person: the table may have more sessions of theirs. */
  readonly mayHaveMore: boolean;
}

export interface SortOptions {
  readonly order: SessionOrder;
  /** How long a session lives without use. */
  readonly idleSeconds: number;
  /** True when the list goes on from an earlier one. */
  readonly hasEarlier: boolean;
  /** True when another list goes on from this one. */
  readonly hasMore: boolean;
  /** The language of names, as BCP 47 writes it. */
  readonly language: string;
}

/**
 * The people of a list, sorted, each with all sessions that the list has.
 * @param sessions in the order of the table, so that those of a person stand together
 */
export function sortPeople(
  sessions: readonly SessionSummary[],
  { order, idleSeconds, hasEarlier, hasMore, language }: SortOptions,
): readonly Person[] {
  const usedAt = (session: SessionSummary): number => lastUsedAbout(session, idleSeconds);
  const timeOf = order === 'signed-in' ? createdAt : usedAt;
  const byTime = (one: SessionSummary, other: SessionSummary): number =>
    timeOf(other) - timeOf(one) ||
    other.createdAt - one.createdAt ||
    byKey(one.sessionKey, other.sessionKey);
  const [cutAtStart, cutAtEnd] = [
    hasEarlier ? sessions[0] : undefined,
    hasMore ? sessions.at(-1) : undefined,
  ];
  const people = [...Map.groupBy(sessions, ({ userKey }) => userKey)].map(([userKey, own]) => {
    const sorted = own.toSorted(byTime);
    return {
      ...describe(own),
      userKey,
      sessions: sorted,
      count: own.length,
      mayHaveMore: userKey === cutAtStart?.userKey || userKey === cutAtEnd?.userKey,
      time: Math.max(...own.map(timeOf)),
    };
  });
  const { compare } = new Intl.Collator(language, { numeric: true });
  return people.sort((one, other) => {
    const first =
      order === 'name'
        ? compare(one.name, other.name)
        : order === 'count'
          ? other.count - one.count
          : 0;
    return first || other.time - one.time || byKey(one.userKey, other.userKey);
  });
}

const createdAt = (session: SessionSummary): number => session.createdAt;

const byKey = (one: string, other: string): number => (one < other ? -1 : 1);

/** As the person's last sign-in says it: a name may have changed since earlier ones. */
function describe(
  sessions: readonly SessionSummary[],
): Pick<Person, 'name' | 'username' | 'tenantId'> {
  const { name, username, tenantId } = sessions.reduce((latest, session) =>
    session.createdAt > latest.createdAt ? session : latest,
  );
  return { name, username, tenantId };
}

/**
 * A part of a list: so many sessions, and the people whose sessions they are. A person whose sessions go on in the next part
 * stands in both.
 */
export function cutPeople(
  people: readonly Person[],
  { skip, limit }: { readonly skip: number; readonly limit: number },
): readonly Person[] {
  const shown: Person[] = [];
  let position = 0;
  for (const person of people) {
    const start = Math.max(0, skip - position);
    const end = Math.max(0, skip + limit - position);
    const sessions = person.sessions.slice(start, end);
    if (sessions.length > 0) shown.push({ ...person, sessions });
    position += person.sessions.length;
  }
  return shown;
}
