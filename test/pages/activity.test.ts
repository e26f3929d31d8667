import { readFileSync } from 'node:fs';
import { createElement } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { eventTable, isKept } from '../../src/events';
import { ActivityPage, type ActivityView } from '../../src/pages/activity-page';
import type { ActivityPage as FoundEvents } from '../../src/sessions/activity-list';
import { english } from '../../src/texts/en';
import { sampleUser } from './sample-pages';

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

describe('the page of the activity', () => {
  const nothing = { events: [], searched: 0, unreadable: 0, next: undefined };
  const now = 1_795_228_980;
  const page = (view: ActivityView, more: Partial<FoundEvents> = {}): string => {
    const found = { ...nothing, ...more };
    return renderToString(createElement(ActivityPage, { user: sampleUser('a'), view, found, now }));
  };

  it('says that nothing happened only if it looked at everything', () => {
    const { none } = english.activity;
    expect(page({})).toContain(none);
    expect(page({ day: '2026-11-20' })).not.toContain(none);
    expect(page({ from: 'a' })).not.toContain(none);
    expect(page({}, { next: 'a' })).not.toContain(none);
    expect(page({}, { searched: 2, unreadable: 2 })).not.toContain(none);
  });

  it('has a field for the day, with the days of which there are events', () => {
    const field = /<input id="day"[^>]*>/.exec(page({ day: '2026-11-20', kind: 'fault' }))?.[0];
    expect(field).toContain('type="date"');
    expect(field).toContain('value="2026-11-20"');
    expect(field).toContain('min="2026-10-22"');
    expect(field).toContain('max="2026-11-21"');
  });
});
