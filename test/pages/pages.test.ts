import { existsSync } from 'node:fs';
import { renderToString } from 'preact-render-to-string';
import { style } from '../../local/entra/page-frame';
import { initialsOf } from '../../src/pages/layout';
import { stylesheet } from '../../src/pages/stylesheet';
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
  it('marks the reader’s own sessions, and says when there are none or more', () => {
    expect(harmless['console']?.match(/class="tag">You</g)).toHaveLength(1);
    expect(harmless['console']).toContain('The first 2 live sessions; there are more.');
    expect(harmless['console, empty']).toContain('No live session was found.');
    expect(harmless['console, empty']).not.toContain('<table');
  });

  it.each([
    ['console, searched', '2 live sessions found among 2.'],
    ['console, nobody found', 'Nobody matches “Ines Okafor” (1 live session).'],
    [
      'console, not found yet',
      'Nobody matches “Ines Okafor” so far, in 2 live sessions; the search has not come to the end yet.',
    ],
  ])('%s: %s', (name, said) => {
    expect(textOf(harmless[name])).toContain(said);
  });
});

describe('ConfirmEndPage', () => {
  it('tells whether the reader’s own session is the only one that would end', () => {
    const own = 'you will be signed out. Work that is not saved in ';
    expect(textOf(harmless['confirm one’s own'])).toContain(
      `It is the session of this browser: ${own}that browser may be lost.`,
    );
    expect(textOf(harmless['confirm all'])).toContain(
      `This browser is among them: ${own}those browsers may be lost.`,
    );
    expect(textOf(harmless['confirm one'])).not.toContain('you will be signed out');
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
  ['stylesheet', stylesheet],
  ['style of the stand-in', style],
])('%s', (_, css) => {
  it('stays under 10 KB, since every page carries it', () => {
    expect(Buffer.byteLength(css)).toBeLessThan(10 * 1024);
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
