import { readFileSync } from 'node:fs';
import { eventTable, isKept } from '../../src/events';
import { english } from '../../src/texts/en';

describe('the texts of the activity', () => {
  const names = Object.keys(eventTable) as (keyof typeof eventTable)[];

  it('have each event that is kept, and no other', () => {
    expect(Object.keys(english.activity.events).sort()).toEqual(names.filter(isKept).sort());
  });

  it('have each way in which sessions end', () => {
    const [, action = ''] =
      /readonly why:([^]*?);/.exec(readFileSync('src/sign-in/ending.ts', 'utf8')) ?? [];
    const ways = [...action.matchAll(/'([^']+)'/g)].map(([, way]) => way ?? '');
    expect(Object.keys(english.activity.whys)).toEqual(ways);
  });
});
