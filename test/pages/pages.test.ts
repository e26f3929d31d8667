import { existsSync } from 'node:fs';
import { renderToString } from 'preact-render-to-string';
import { style } from '../../local/entra/pages';
import { initialsOf } from '../../src/pages/layout';
import { listStylesheet, stylesheet } from '../../src/pages/stylesheet';
import { words } from '../support/test-browser';
import { samplePage, samplePages, sampleUser } from './sample-pages';

const harmless = samplePages('Ines Okafor');

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '" autofocus onfocus="alert(1)',
  '</title></style><svg onload=alert(1)>',
  '<!--',
  '&lt;b&gt; & "quotes"',
];

/** As a person reads it: elements within a line leave no gap. */
function textOf(html = ''): string {
  return words(html.replace(/<\/?bdi>/g, ''));
}

/** Tags with the names of their attributes: what a browser would build, without what it would show. */
function shapeOf(html: string): string[] {
  return [...html.matchAll(/<(\/?[a-z!][^\s>]*)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*\/?>/gi)].map(
    ([, tag = '', attributes = '']) =>
      [tag, ...[...attributes.matchAll(/([\w-]+)(?:="[^"]*")?/g)].map(([, name]) => name)].join(
        ' ',
      ),
  );
}

describe.each(Object.keys(harmless))('page %s', (name) => {
  it.each(hostile)('shows %s as text and builds nothing of it', (text) => {
    const html = samplePages(text)[name] ?? '';
    // An apostrophe ends nothing in text or between the double quotes that the renderer writes.
    if (/[<>"&]/.test(text)) expect(html).not.toContain(text);
    expect(shapeOf(html)).toEqual(shapeOf(harmless[name] ?? ''));
  });

  it('needs nothing that the policy forbids: no script, no inline style, no address elsewhere', () => {
    const html = harmless[name] ?? '';
    expect(shapeOf(html).filter((tag) => /^(script|base|object|embed)\b/.test(tag))).toEqual([]);
    for (const [, rel] of html.matchAll(/<link rel="([^"]*)"/g)) {
      expect(['icon', 'apple-touch-icon']).toContain(rel);
    }
    expect(shapeOf(html).filter((tag) => / (style|on\w+)( |$)/.test(tag))).toEqual([]);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('has a language, a title, one main landmark and headings without gaps', () => {
    const html = harmless[name] ?? '';
    expect(html).toMatch(/^<!doctype html><html lang="en"( dir="ltr")?>/);
    expect(html).toMatch(/<title>[^<]+<\/title>/);
    expect(html.match(/<main\b/g)).toHaveLength(1);
    const levels = [...html.matchAll(/<h(\d)\b/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => {
      expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 1) + 1);
    });
  });

  it('names only files that exist', () => {
    const files = [...(harmless[name] ?? '').matchAll(/<code>((?:src|local)\/[^<]*)<\/code>/g)];
    for (const [, file = ''] of files) expect([file, existsSync(file)]).toEqual([file, true]);
  });
});

describe('the menu', () => {
  it('shows the console to people with its role only', () => {
    const menuFor = (roles: readonly string[]) =>
      renderToString(samplePage({ ...sampleUser('Ines Okafor'), roles }));
    expect(menuFor(['reader', 'admin'])).toContain('href="/auth/admin"');
    expect(menuFor(['reader', 'Admin'])).not.toContain('/auth/admin');
    expect(menuFor([])).toContain('href="/auth/sessions"');
  });
});

describe('HomePage', () => {
  it('says where in the code each step of a sign-in is', () => {
    for (const name of ['home, signed in', 'home, signed out']) {
      expect(harmless[name]).toContain('<code>src/functions/login.ts</code>');
      expect(harmless[name]).toContain('<code>src/functions/redirect.tsx</code>');
      expect(harmless[name]).toContain('<code>src/sign-in/guards.ts</code>');
    }
  });
});

describe('ConsolePage', () => {
  it('marks the reader’s own sessions, and shows no table when there are none', () => {
    expect(harmless['console']?.match(/class="tag">You</g)).toHaveLength(1);
    expect(harmless['console, empty']).toContain('No live session was found.');
    expect(harmless['console, empty']).not.toContain('<table');
  });

  it.each([
    ['console', '5 live sessions of 3 people.'],
    [
      'console, a part',
      'The first 5 live sessions of 3 people. There are more. This page shows 1 to 4. The order is of these 5 only, not of all sessions.',
    ],
    [
      'console, a later part',
      'The next 105 live sessions of 3 people. This page shows 101 to 105. The order is of these 105 only, not of all sessions.',
    ],
    [
      'console, searched',
      '5 live sessions of 3 people match “Ines Okafor”, among 5. The order is of these 5 only, not of all sessions.',
    ],
    ['console, nobody found', 'Nobody matches “Ines Okafor”, among 5 live sessions.'],
    [
      'console, not found yet',
      'Nobody matches “Ines Okafor”, among 5 live sessions. The search has not come to the end yet.',
    ],
  ])('%s: %s', (name, said) => {
    const [, status = ''] = /role="status">(.*?)<\/div>/.exec(harmless[name] ?? '') ?? [];
    expect(textOf(status)).toBe(said);
  });

  it('has for each person one header, and one menu where there may be several sessions', () => {
    const rows = [...(harmless['console'] ?? '').matchAll(/<tbody.*?<\/tbody>/g)].map(
      ([row]) => row,
    );
    const shown = rows.map((row) => [
      row.match(/role="rowheader"/g)?.length,
      row.match(/<tr/g)?.length,
      /popovertarget[^>]*>([^<]*)/.exec(row)?.[1],
    ]);
    expect(shown).toEqual([
      [1, 3, '3 sessions'],
      [1, 1, '1 or more sessions'],
      [1, 1, undefined],
    ]);
  });

  it('says what has ended in the title, and takes the focus there', () => {
    const html = harmless['console, searched'] ?? '';
    const said = '28 sessions of Ines Okafor have ended.';
    expect(html).toContain(`<title>${said} · Anteroom</title>`);
    expect(html).toContain('<p class="act done" tabindex="-1" autofocus>');
    expect(textOf(html)).toContain(said);
  });

  it('shows of a time how long ago it was, and the time itself in the tooltip', () => {
    expect(harmless['console']).toContain(
      '<time datetime="2026-11-21T02:42:40.000Z" title="21 Nov 2026, 02:42 UTC">just now</time>',
    );
  });
});

describe('ConfirmEndPage', () => {
  it('tells whether the reader’s own session is the only one that would end', () => {
    expect(textOf(harmless['confirm one’s own'])).toContain(
      'It is the session of this browser: you will be signed out.',
    );
    expect(textOf(harmless['confirm all'])).toContain(
      'This browser is among them: you will be signed out.',
    );
    expect(textOf(harmless['confirm one'])).not.toContain('you will be signed out');
  });

  it.each([
    ['confirm one', 'End the session', undefined],
    ['confirm all', 'End 12 sessions', 'And 2 more that are not shown here.'],
    ['confirm very many', 'End all sessions', 'And many more that are not shown here.'],
    ['confirm one’s others', 'End 3 sessions', undefined],
    ['confirm everywhere', 'End 1 session', undefined],
    ['confirm everybody', 'Sign everybody out', undefined],
  ])('%s: the button says in a colour of danger what it does: %s', (name, button, more) => {
    const html = harmless[name] ?? '';
    expect(html).toContain(`<button class="danger" type="submit">${button}</button>`);
    expect(/And \S+ more[^<]*/.exec(html)?.[0]).toBe(more);
  });

  it('leads back to where the person was', () => {
    const place = 'search=Ines+Okafor&amp;sort=count&amp;page=2&amp;from=Ines+Okafor';
    for (const name of ['confirm one', 'confirm all', 'confirm everybody']) {
      expect(harmless[name]).toContain(`href="/auth/admin?${place}"`);
    }
  });
});

describe('ProfilePage', () => {
  it('has initials where a photo may be missing', () => {
    expect(harmless['profile']).toContain('<span>IO</span><span class="photo"></span>');
  });
});

describe('initialsOf', () => {
  it.each([
    ['Ines Okafor', 'IO'],
    ['Tomás Lindqvist', 'TL'],
    ['Maria del Carmen Ruiz', 'MR'],
    ['Duarte, Rafael', 'DR'],
    ['Mei Tanaka (Contoso)', 'MC'],
    ['émile', 'É'],
    ['e\u0301mile', 'E\u0301'],
    ['田中 美', '田美'],
    ['<script>', '?'],
    ['', '?'],
    ['  ', '?'],
  ])('%j: %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});

describe.each([
  ['stylesheet', stylesheet, 10],
  ['stylesheet of a list, with the other', stylesheet + listStylesheet, 13],
  ['style of the stand-in', style, 10],
])('%s', (_, css, kilobytes) => {
  it(`stays under ${kilobytes} KB, since every page carries it`, () => {
    expect(Buffer.byteLength(css)).toBeLessThan(kilobytes * 1024);
  });

  it('loads nothing but our own photo route', () => {
    expect(css).not.toMatch(/@import|@font-face|https?:|data:/);
    const loaded = [...css.matchAll(/url\(([^)]*)\)/g)].map(([, url]) => url);
    expect(loaded.filter((url) => url !== 'me/photo')).toEqual([]);
  });

  it('cannot end the element it stands in', () => {
    expect(css).not.toContain('<');
  });

  it('has a dark scheme and heeds reduced motion', () => {
    expect(css).toMatch(/@media \(prefers-color-scheme: ?dark\)/);
    const [still = ''] = css.split(/@media \(prefers-reduced-motion: ?no-preference\)/);
    expect(still).not.toMatch(/transition:|animation:/);
  });
});
