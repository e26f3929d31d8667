import type { SessionSummary } from '../../src/sessions/find-sessions';
import {
  cutPeople,
  type Person,
  sessionOrders,
  sortPeople,
  type SortOptions,
} from '../../src/sessions/people';

const idleSeconds = 3600;

/** A session of a person, begun and used so many seconds after a fixed time. */
function session(person: string, begun: number, used: number, name = person): SessionSummary {
  const createdAt = 1_800_000_000 + begun;
  return {
    ...{ userKey: `key of ${person}`, sessionKey: `${person} ${begun}` },
    ...{ name, username: `${person}@contoso.example`, device: 'Edge on Windows' },
    ...{ createdAt, expiresAt: createdAt + 43_200 },
    idleExpiresAt: 1_800_000_000 + used + idleSeconds,
  };
}

// In the order of the table: by person.
const list = [
  session('ada', 10, 500),
  session('ada', 400, 410),
  session('bob', 20, 900),
  session('élise', 700, 700),
  session('zoe', 5, 30),
  session('zoe', 6, 20),
  session('zoe', 7, 60),
];

const sort = (options: Partial<SortOptions> = {}, sessions: readonly SessionSummary[] = list) =>
  sortPeople(sessions, {
    ...{ order: 'used', idleSeconds, hasEarlier: false, hasMore: false, language: 'en' },
    ...options,
  });

const keysOf = (people: readonly Person[]) =>
  people.map(({ name, sessions }) => [name, ...sessions.map(({ sessionKey }) => sessionKey)]);

describe('sortPeople', () => {
  it.each<[SortOptions['order'], string[]]>([
    ['used', ['bob', 'élise', 'ada', 'zoe']],
    ['signed-in', ['élise', 'ada', 'bob', 'zoe']],
    ['name', ['ada', 'bob', 'élise', 'zoe']],
    ['count', ['zoe', 'ada', 'bob', 'élise']],
  ])('by %s: %j', (order, names) => {
    expect(sort({ order }).map(({ name }) => name)).toEqual(names);
  });

  it('puts the sessions of a person in the order of use, or of sign-in where that is asked for', () => {
    const orderOf = (order: SortOptions['order']) =>
      keysOf(sort({ order })).find(([name]) => name === 'ada');
    expect(orderOf('used')).toEqual(['ada', 'ada 10', 'ada 400']);
    expect(orderOf('count')).toEqual(['ada', 'ada 10', 'ada 400']);
    expect(orderOf('signed-in')).toEqual(['ada', 'ada 400', 'ada 10']);
  });

  it('gives the same order for the same times, whatever came first', () => {
    const same = ['b', 'a', 'c'].map((person) => session(person, 0, 0, 'Same Name'));
    for (const order of sessionOrders) {
      const people = sort({ order }, same).map(({ userKey }) => userKey);
      expect(people).toEqual(['key of a', 'key of b', 'key of c']);
      expect(sort({ order }, same.toReversed()).map(({ userKey }) => userKey)).toEqual(people);
    }
  });

  it('names a person as the last sign-in did', () => {
    const people = sort({}, [session('ada', 5, 5, 'Ada Byron'), session('ada', 9, 9, 'Ada King')]);
    expect(people.map(({ name, count }) => [name, count])).toEqual([['Ada King', 2]]);
  });

  it('says of whom the table may have more: of the first and the last in a part of it', () => {
    const unsure = (options: Partial<SortOptions>) =>
      sort({ ...options, order: 'name' })
        .filter(({ mayHaveMore }) => mayHaveMore)
        .map(({ name }) => name);
    expect(unsure({})).toEqual([]);
    expect(unsure({ hasMore: true })).toEqual(['zoe']);
    expect(unsure({ hasEarlier: true })).toEqual(['ada']);
    expect(unsure({ hasEarlier: true, hasMore: true })).toEqual(['ada', 'zoe']);
  });
});

describe('cutPeople', () => {
  const people = sort({ order: 'count' });

  it('shows each session on one page, a person on two where the page ends', () => {
    const pages = [0, 2, 4, 6].map((skip) => cutPeople(people, { skip, limit: 2 }));
    expect(pages.map(keysOf)).toEqual([
      [['zoe', 'zoe 7', 'zoe 5']],
      [
        ['zoe', 'zoe 6'],
        ['ada', 'ada 10'],
      ],
      [
        ['ada', 'ada 400'],
        ['bob', 'bob 20'],
      ],
      [['élise', 'élise 700']],
    ]);
    expect(pages.flat().map(({ count }) => count)).toEqual([3, 3, 2, 2, 1, 1]);
  });

  it('is empty after the end', () => {
    expect(cutPeople(people, { skip: 7, limit: 2 })).toEqual([]);
  });
});
