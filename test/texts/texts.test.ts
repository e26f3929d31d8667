import { globSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';
import { chooseLanguage, htmlPage } from '../../src/http/responses';
import { type BrandOption, plainBrand, readBrand } from '../../src/pages/brand';
import { german } from '../../src/texts/de';
import { english } from '../../src/texts/en';
import { createLanguage, type Languages } from '../../src/texts/language';
import { ownSamplePages, samplePage } from '../pages/sample-pages';
import { pageRequest, testSite } from '../support/context-fixture';

/** `frame.signOut` and its text. A text with values gets placeholders for them. */
function flat(texts: object, path: readonly string[] = []): (readonly [string, string])[] {
  return Object.entries(texts).flatMap(([key, value]: [string, unknown]) => {
    const here = [...path, key];
    if (typeof value === 'object' && value !== null) return flat(value, here);
    return [[here.join('.'), typeof value === 'function' ? said(value) : String(value)] as const];
  });
}

/** `length` of the functions: how many values a text takes. */
function valuesOf(texts: object): readonly (readonly [string, number])[] {
  return Object.entries(texts).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === 'function') return [[key, value.length] as const];
    return typeof value === 'object' && value !== null ? valuesOf(value) : [];
  });
}

/** What a function of texts says about values that are no words, with a list as the third. */
function said(text: unknown): string {
  const values = ['#1', '#2', ['#3'], '#4'];
  const result: unknown =
    typeof text === 'function' ? Reflect.apply(text, undefined, values) : text;
  return [result].flat().map(String).join('');
}

const branded = (languages: Languages) => ({
  ...testSite,
  brand: { ...plainBrand, languages },
});

const inEnglish = new Map(flat(english));
const inGerman = new Map(flat(german));

describe('the language of a page', () => {
  it.each<[string | null, string]>([
    [null, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['de', 'de'],
    ['de-CH', 'de'],
    ['DE-at,de;q=0.9,en;q=0.8', 'de'],
    ['en-GB,en;q=0.9,de;q=0.8', 'en'],
    ['fr,de;q=0.5', 'de'],
    ['fr', 'en'],
    ['de;q=0', 'en'],
    ['en;q=0.2,de;q=0.9', 'de'],
    [';;;,q=de,-,=', 'en'],
    ['de,'.repeat(4000), 'de'],
    // Only the beginning of a long header is read.
    [`${'fr,'.repeat(200)}de`, 'en'],
  ])('for a browser that prefers %s is %s', (header, tag) => {
    expect(chooseLanguage(plainBrand.languages, header).tag).toBe(tag);
  });

  it.each([
    ['en', 'ltr'],
    ['pt-BR', 'ltr'],
    ['ar', 'rtl'],
    ['he', 'rtl'],
    ['fa-IR', 'rtl'],
    ['uz-Arab', 'rtl'],
    ['ks-Deva-IN', 'ltr'],
    ['are', 'ltr'],
  ])('%s is written %s', (tag, direction) => {
    expect(createLanguage(tag, english).direction).toBe(direction);
  });
});

describe('an app’s own language and texts', () => {
  const read = (language?: string, texts?: unknown) =>
    readBrand({ name: 'Contoso', language, texts } as BrandOption).languages;

  it('can be one language for all pages', () => {
    const german = read('de');
    expect(chooseLanguage(german, 'en').tag).toBe('de');
    const { headers } = htmlPage(pageRequest(branded(german), 'en'), samplePage());
    expect(headers).toMatchObject({ 'Content-Language': 'de' });
    expect(headers).not.toHaveProperty('Vary');
  });

  it('can be another language: English where it has no text', () => {
    const french = read('auto', { 'fr-ca': { frame: { signOut: 'Se déconnecter' } } });
    const { tag, texts } = chooseLanguage(french, 'fr-CA, en;q=0.5');
    expect([tag, texts.frame.signOut, texts.frame.home]).toEqual([
      'fr-CA',
      'Se déconnecter',
      'Home',
    ]);
    expect(chooseLanguage(french, 'de').texts.frame.signOut).toBe('Abmelden');
    expect(english.frame.signOut).toBe('Sign out');
  });

  it('can be other words for single texts, errors too', () => {
    const gone = { title: 'Nothing is here', detail: 'Look in the shop.' };
    const own = read('en', { en: { errors: { ERR_NOT_FOUND: gone } } });
    expect(chooseLanguage(own, null).texts.errors).toMatchObject({ ERR_NOT_FOUND: gone });
  });

  it('fill in values as text or as elements, and choose the form of a number', () => {
    const polish = read('pl', {
      pl: {
        frame: { signedInAs: 'Zalogowano jako {0}' },
        profile: { livesFor: { one: 'minuta', few: '{0} minuty', other: '{0} minut' } },
        home: { whoYouAreWithRoles: '{1} to {0}' },
      },
    }).first.texts;
    expect(polish.frame.signedInAs('Ada')).toBe('Zalogowano jako Ada');
    const element = { type: 'bdi' };
    expect(polish.home.whoYouAreWithRoles<unknown>(element, 'ada')).toEqual([
      '',
      'ada',
      ' to ',
      element,
      '',
    ]);
    expect([1, 2, 5, 12345].map((minutes) => polish.profile.livesFor(minutes))).toEqual([
      ...['minuta', '2 minuty', '5 minut', '12\u00A0345 minut'],
    ]);
  });

  it('can write from right to left', () => {
    const { body } = htmlPage(pageRequest(branded(read('ar', { ar: {} }))), samplePage());
    expect(body).toContain('<html lang="ar" dir="rtl">');
  });

  it.each<[string | undefined, unknown, RegExp]>([
    ['fr', undefined, /^brand\.language must be auto, or one of en, de$/],
    ['', undefined, /^brand\.language/],
    [7 as unknown as string, undefined, /^brand\.language/],
    [undefined, 'fr', /^brand\.texts must be an object/],
    [undefined, { 'not a tag': {} }, /^brand\.texts\.not a tag is no language/],
    [undefined, { __proto__: null, fr_: {} }, /is no language/],
    [undefined, { fr: null }, /^brand\.texts\.fr must be an object/],
    [undefined, { fr: { frame: 'a' } }, /^brand\.texts\.fr\.frame must be an object/],
    [undefined, { fr: { frame: { signOt: 'a' } } }, /signOt is no text of the pages/],
    [undefined, { fr: { constructor: {} } }, /constructor is no text of the pages/],
    [undefined, { fr: { frame: { signOut: 7 } } }, /signOut must be a text without values/],
    [undefined, { fr: { frame: { signOut: ' ' } } }, /signOut must be a text/],
    [undefined, { fr: { frame: { signOut: 'a {0}' } } }, /signOut must be a text without values/],
    [undefined, { fr: { frame: { signedInAs: '{1}' } } }, /with values up to \{0\}/],
    [undefined, { fr: { frame: { signedInAs: { one: 'a' } } } }, /signedInAs\.other must be/],
    [undefined, { fr: { frame: { signedInAs: { other: 'a', 1: 'b' } } } }, /no plural category/],
    [undefined, { fr: { frame: { signedInAs: () => 'a' } } }, /signedInAs must be an object/],
  ])('are refused at the start: %j %j', (language, texts, message) => {
    expect(() => read(language, texts)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it('are in docs/brand.md as they can be given', () => {
    const page = readFileSync('docs/brand.md', 'utf8').split('## Language')[1] ?? '';
    const [, french = ''] = /const french: PageTexts = (\{[^]*?\n\});/.exec(page) ?? [];
    const [, option = ''] = /anteroom\((\{[^]*?\n\})\);/.exec(page) ?? [];
    const given = runInNewContext(`const french = ${french}; (${option})`) as {
      readonly brand: BrandOption;
    };
    const { texts } = chooseLanguage(readBrand(given.brand).languages, 'en');
    expect(texts.profile.livesFor(1)).toBe('valable encore 1 minute');
  });
});

describe('times', () => {
  const en = chooseLanguage(plainBrand.languages, 'en');
  const de = chooseLanguage(plainBrand.languages, 'de');

  it.each([
    [0, 'just now', 'gerade eben'],
    [-29, 'just now', 'gerade eben'],
    [20, 'in a moment', 'gleich'],
    [-60, '1 minute ago', 'vor 1 Minute'],
    [-59 * 60, '59 minutes ago', 'vor 59 Minuten'],
    [-3600, '1 hour ago', 'vor 1 Stunde'],
    [3580, 'in 1 hour', 'in 1 Stunde'],
    [43_180, 'in 12 hours', 'in 12 Stunden'],
    [-47 * 3600, '47 hours ago', 'vor 47 Stunden'],
    [30 * 86_400, 'in 30 days', 'in 30 Tagen'],
  ])('%d seconds away: %s', (seconds, english, german) => {
    expect([en.distance(seconds), de.distance(seconds)]).toEqual([english, german]);
  });

  it('have a date in the form of the language, and name their zone', () => {
    const time = Date.UTC(2026, 10, 28, 14, 5) / 1000;
    expect([en.dateTime(time), de.dateTime(time)]).toEqual([
      '28 Nov 2026, 14:05 UTC',
      '28.11.2026, 14:05 UTC',
    ]);
  });

  it('have a length', () => {
    expect([de.duration(45), de.duration(1800), de.duration(43_200)]).toEqual([
      ...['45 Sekunden', '30 Minuten', '12 Stunden'],
    ]);
  });
});

describe('the German texts', () => {
  it('have the keys of the English ones', () => {
    expect([...inGerman.keys()]).toEqual([...inEnglish.keys()]);
  });

  it('have every value that the English ones have', () => {
    const valuesIn = (text = ''): string => (text.match(/#\d/g) ?? []).sort().join();
    const wrong = [...inEnglish]
      .filter(([key, text]) => valuesIn(text) !== valuesIn(inGerman.get(key)))
      .map(([key]) => key);
    expect(wrong).toEqual([]);
  });

  it('take as many values as the English ones, so that an app’s own texts can fill them', () => {
    expect(valuesOf(german)).toEqual(valuesOf(english));
    expect(valuesOf(english)).toContainEqual(['whoYouAreWithRoles', 2]);
  });

  it('are translated', () => {
    const same = [...inEnglish].filter(([key, text]) => inGerman.get(key) === text);
    // Words that German has too.
    const shared = ['lists.browser', 'lists.device', 'console.orders.name', 'console.person'];
    expect(same.map(([key]) => key)).toEqual(['times.utc', ...shared]);
  });

  it('can break each long word, so that it fits a phone', () => {
    const all = [...inGerman.values()].join('\n');
    expect(all.match(/\p{L}{21,}/gu)?.filter((word) => /[a-z]/.test(word)) ?? []).toEqual([]);
  });

  it('address people as “Sie”, and have German quotation marks', () => {
    const all = [...inGerman.values()].join('\n');
    expect(all).not.toMatch(/\b(?:du|dich|dir|dein\w*|ihr seid|euch|euer)\b/i);
    expect(all).not.toMatch(/[“"](?=[A-ZÄÖÜ])|\bE-mail\b|ß{2}/);
  });
});

/** What a person or a screen reader meets on a page: its texts, titles, names and values. */
function textsOn(html: string): readonly string[] {
  const attributes = [
    ...html.matchAll(/ (?:aria-label|title|alt|placeholder|data-label)="([^"]+)"/g),
  ];
  const visible = html
    .replace(/<style>.*?<\/style>/g, '')
    .replace(/<(?:code|time|bdi)[^>]*>[^<]*/g, '');
  return [
    ...attributes.map(([, text = '']) => text),
    ...[...visible.matchAll(/>([^<]+)</g)].map(([, text = '']) => text.trim()),
  ].filter((text) => /[a-z]{2}/i.test(text));
}

/** The same in both languages: names, names of claims, some words, and what others wrote. */
const names =
  /^(?:Name|Person|Browser|Anteroom|Microsoft|.* · Anteroom|Graph|x{3,}.*|tid|roles|name|\{.*)$/;

describe('pages in German', () => {
  const given = 'xxxx';
  const pages = ownSamplePages(given, 'de');
  const englishPages = ownSamplePages(given);

  it.each(Object.keys(pages))('%s has no English text', (name) => {
    const html = pages[name];
    expect(html).toContain('<html lang="de" dir="ltr">');
    const written = new Set(textsOn(englishPages[name] ?? ''));
    const kept = textsOn(html ?? '').filter((text) => written.has(text) && !names.test(text));
    expect(kept).toEqual([]);
  });
});

/** Names that are the same in every language. */
const properNames = ['Anteroom', 'Microsoft', ' · '];

/** What a file shows to people without asking the texts: between tags, in attributes, and as titles. */
function textsIn(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) found.push(node.text.trim());
    if (
      ts.isJsxAttribute(node) &&
      /^(?:title|alt|placeholder|aria-label)$/.test(node.name.getText(source))
    ) {
      if (node.initializer !== undefined && ts.isStringLiteral(node.initializer)) {
        found.push(node.initializer.text);
      }
    }
    if (
      ts.isPropertyAssignment(node) &&
      /^(?:title|text|label|heading)$/.test(node.name.getText(source))
    ) {
      if (ts.isStringLiteralLike(node.initializer)) found.push(node.initializer.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter((text) => /\p{L}{2}/u.test(text) && !properNames.includes(text));
}

describe('no text', () => {
  const code = globSync('src/**/*.{ts,tsx}')
    .filter((file) => !/[/\\]texts[/\\](?:en|de)\.ts$/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');

  it('stands outside the files of the languages', () => {
    const found = globSync('src/{pages,functions,http,sign-in}/**/*.{ts,tsx}').flatMap(textsIn);
    expect(found).toEqual([]);
    expect(textsIn('test/pages/sample-pages.tsx')).toContain('Bye.');
  });

  it('is unused', () => {
    const unused = [...inEnglish.keys()].filter((key) => {
      // The two texts of an error and of a refusal are found by one key.
      const [group, ...path] = key.split('.');
      const name = (group === 'errors' || group === 'refusals' ? path[0] : path.at(-1)) ?? '';
      return !new RegExp(
        `[.?]${name}\\b|[{,] ${name}[ ,]|\\b${name.replace(/Text$/, '')}(?:'|: \\{)`,
      ).test(code);
    });
    expect(unused).toEqual([]);
  });
});
