import { readFileSync } from 'node:fs';
import { createElement } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { eventTable, isKept } from '../../src/events';
import { ActivityPage, type ActivityView } from '../../src/pages/activity-page';
import type { ActivityPage as FoundEvents } from '../../src/sessions/activity-list';
import { LanguageContext } from '../../src/pages/layout';
import { plainBrand } from '../../src/pages/brand';
import { chooseLanguage } from '../../src/http/responses';
import { german } from '../../src/texts/de';
import { english } from '../../src/texts/en';
import { words } from '../support/test-browser';
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
  const nothing = { events: [], names: new Map(), searched: 0, unreadable: 0, next: undefined };
  const now = 1_795_228_980;
  const page = (view: ActivityView, more: Partial<FoundEvents> = {}): string => {
    const found = { ...nothing, ...more };
    return renderToString(createElement(ActivityPage, { user: sampleUser('a'), view, found, now }));
  };
  /** The same page for a reader of German. */
  const germanPage = (...events: FoundEvents['events']): string => {
    const found = { ...nothing, names: new Map([['bbbbbbbb', 'Ada']]), events };
    const shown = createElement(ActivityPage, { user: sampleUser('a'), view: {}, found, now });
    const language = chooseLanguage(plainBrand.languages, 'de');
    return words(
      renderToString(createElement(LanguageContext.Provider, { value: language }, shown)),
    );
  };

  it('says in the language of the reader for which period a key was made', () => {
    const event = { event: 'key made', outcome: 'done', at: now, what: 'period 231' } as const;
    expect(germanPage(event)).toContain('Schlüssel erstellt Zeitraum 231');
    expect(words(page({}, { events: [event] }))).toContain('Key made period 231');
  });

  it('says in the language of the reader what failed, and where an English note comes from', () => {
    const code = 'ERR_STORAGE_UNAVAILABLE';
    const note = 'the tables answered ServerBusy';
    const shown = germanPage(
      { event: 'storage trouble', outcome: 'failed', at: now, code, note },
      {
        event: 'storage trouble',
        outcome: 'failed',
        at: now,
        count: 70,
        what: 'more of this kind',
      },
    );
    expect(shown).toContain(
      `${german.errors[code].title} ${code} ${german.activity.inLog} ${note}`,
    );
    expect(shown).toContain(`${german.activity.whats['more of this kind']} (70)`);
  });

  it('has the name of a person of whom an event has only the key', () => {
    const by = { by: 'aaaaaaaa', name: 'Ines', username: 'ines@contoso.example' };
    const shown = germanPage({
      ...{ event: 'session ended', outcome: 'done', at: now, ...by, of: 'bbbbbbbb' },
    });
    expect(shown).toContain(`Ines ines@contoso.example ${german.activity.about} Ada`);
  });

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
