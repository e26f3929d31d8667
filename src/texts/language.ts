import { isObject } from '../bodies';
import { once } from '../waiting';
import { german } from './de';
import { english, type Texts } from './en';

/** A language of our pages: its texts, and how it writes times and numbers. */
export interface Language {
  /** As in `<html lang>` and `Content-Language`: `en`, `de`, `pt-BR`. */
  readonly tag: string;
  /** The direction of its script. */
  readonly direction: 'ltr' | 'rtl';
  readonly texts: Texts;
  /** `28 Nov 2026, 14:05 UTC`. In UTC, because the server does not know the reader's time zone. */
  readonly dateTime: (epochSeconds: number) => string;
  /** `12 minutes ago`, `in 3 hours`: a number of the largest unit that fits, rounded. Negative seconds are in the past. */
  readonly distance: (seconds: number) => string;
  /** `12 hours`, `30 minutes`, `45 seconds`: a number of one unit, rounded. */
  readonly duration: (seconds: number) => string;
}

/** The languages of an app's pages. */
export interface Languages {
  /** True when each browser gets its own language: answers then vary with `Accept-Language`. */
  readonly areNegotiated: boolean;
  /** For a browser that prefers none of them: English, unless the app has chosen one language. */
  readonly first: Language;
  readonly all: readonly Language[];
}

/**
 * A text of an app's own. `{0}`, `{1}` and so on stand for the values that the English text has. Where the words depend on a number,
 * the first of its values that is one, the text has a form for each plural category of the language.
 */
type PageText = string | { readonly [category in PluralCategory]?: string };

/** As `Intl.LDMLPluralRule`, which an app that compiles for `es6`, as Azure's quickstart does, may not know. */
type PluralCategory = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';

/**
 * Texts of an app's own in one language, by the keys of `src/texts/en.ts`.
 * @see https://www.unicode.org/reports/tr35/tr35-numbers.html#Language_Plural_Rules
 * @example
 * ```ts
 * import { anteroom, type PageTexts } from 'anteroom';
 *
 * const french: PageTexts = {
 *   frame: { signOut: 'Se déconnecter', signedInAs: 'Connecté en tant que {0}' },
 *   profile: { livesFor: { one: 'encore {0} minute', other: 'encore {0} minutes' } },
 * };
 *
 * export const auth = anteroom({ brand: { name: 'Contoso Orders', texts: { fr: french } } });
 * ```
 */
export interface PageTexts {
  readonly [key: string]: PageText | PageTexts;
}

/**
 * The languages of an app: English, German, and those for which the app gives texts.
 * @param chosen `auto`, or the tag of the one language of all pages
 * @param own texts by tag. What is left out of a new language is in English
 * @throws TypeError that names what is wrong: a tag that is none, a language without texts, a text that the pages do not have
 */
export function createLanguages(
  chosen = 'auto',
  own: Readonly<Record<string, PageTexts>> = {},
): Languages {
  const texts: Record<string, Texts> = { en: english, de: german };
  for (const [given, changes] of Object.entries(requireObject(own, 'brand.texts'))) {
    const tag = requireTag(given);
    texts[tag] = withOwn(texts[tag] ?? english, changes, tag, `brand.texts.${given}`);
  }
  const languages = Object.entries(texts).map(([tag, all]) => createLanguage(tag, all));
  const wanted = chosen === 'auto' ? 'en' : chosen;
  const first = languages.find(({ tag }) => tag === wanted);
  if (first === undefined) {
    throw new TypeError(`brand.language must be auto, or one of ${Object.keys(texts).join(', ')}`);
  }
  return { areNegotiated: chosen === 'auto', first, all: languages };
}

function requireTag(tag: string): string {
  try {
    const [canonical = ''] = Intl.getCanonicalLocales(tag);
    return canonical;
  } catch (cause) {
    throw new TypeError(`brand.texts.${tag} is no language: write a tag such as fr or pt-BR`, {
      cause,
    });
  }
}

function requireObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new TypeError(`${path} must be an object`);
}

/** The texts with those of the app in their place. */
function withOwn<T extends object>(texts: T, own: unknown, tag: string, path: string): T {
  const before = new Map<string, unknown>(Object.entries(texts));
  const changed = new Map<string, unknown>();
  for (const [key, change] of Object.entries(requireObject(own, path))) {
    const text = before.get(key);
    const here = `${path}.${key}`;
    if (typeof text === 'string') {
      changed.set(key, readForm(change, 0, here));
    } else if (typeof text === 'function') {
      changed.set(key, readFilled(change, text.length, tag, here));
    } else if (isObject(text)) {
      changed.set(key, withOwn(text, change, tag, here));
    } else {
      throw new TypeError(`${here} is no text of the pages`);
    }
  }
  return Object.assign({ ...texts }, Object.fromEntries(changed));
}

const placeholder = /\{(\d)\}/g;

/** @param values how many there are to fill in */
function readForm(form: unknown, values: number, path: string): string {
  const used = typeof form === 'string' ? [...form.matchAll(placeholder)] : [];
  const isFilled = used.every(([, index]) => Number(index) < values);
  if (typeof form === 'string' && form.trim() !== '' && isFilled) return form;
  const allowed = values === 0 ? ' without values' : `, with values up to {${values - 1}}`;
  throw new TypeError(`${path} must be a text${allowed}`);
}

const pluralCategories = ['zero', 'one', 'two', 'few', 'many', 'other'];

/** A function like those in `en.ts`. It gives a text, or its pieces where a value is an element. */
function readFilled(text: unknown, values: number, tag: string, path: string) {
  const forms = new Map<string, string>();
  const given = typeof text === 'string' ? { other: text } : requireObject(text, path);
  for (const [category, form] of Object.entries(given)) {
    const here = `${path}.${category}`;
    if (!pluralCategories.includes(category)) throw new TypeError(`${here} is no plural category`);
    forms.set(category, readForm(form, values, here));
  }
  const other = readForm(forms.get('other'), values, `${path}.other`);
  const rules = once(() => new Intl.PluralRules(tag));
  return (...filled: readonly unknown[]): unknown => {
    const count = filled.find((value) => typeof value === 'number');
    const form = count === undefined ? undefined : forms.get(rules().select(count));
    const pieces = (form ?? other)
      .split(placeholder)
      // Every second piece is the number of a value.
      .map((piece, index) => (index % 2 === 0 ? piece : shown(filled[Number(piece)], tag)));
    return pieces.some((piece) => typeof piece === 'object') ? pieces : pieces.join('');
  };
}

/** Elements and texts as they are, and numbers as the language writes them. */
const shown = (value: unknown, tag: string): unknown =>
  typeof value === 'number' ? value.toLocaleString(tag) : value;

/** @param tag of BCP 47 */
export function createLanguage(tag: string, texts: Texts): Language {
  // The texts are those of Europe: the day comes before the month.
  const locale = tag === 'en' ? 'en-GB' : tag;
  // A formatter costs a millisecond, and most answers need none.
  const absolute = once(
    () =>
      new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
  );
  const relative = once(() => new Intl.RelativeTimeFormat(locale, { numeric: 'always' }));
  return {
    tag,
    direction: isRightToLeft(tag) ? 'rtl' : 'ltr',
    texts,
    dateTime: (epochSeconds) => texts.times.utc(absolute().format(new Date(epochSeconds * 1000))),
    distance: (seconds) => {
      const minutes = Math.round(seconds / 60);
      if (minutes === 0) return seconds > 0 ? texts.times.soon : texts.times.now;
      if (Math.abs(minutes) < 60) return relative().format(minutes, 'minute');
      const hours = Math.round(seconds / 3600);
      return Math.abs(hours) < 48
        ? relative().format(hours, 'hour')
        : relative().format(Math.round(seconds / 86_400), 'day');
    },
    duration: (seconds) => {
      const unit = seconds < 120 ? 'second' : seconds < 7200 ? 'minute' : 'hour';
      const size = { second: 1, minute: 60, hour: 3600 }[unit];
      const style = { style: 'unit', unit, unitDisplay: 'long' } as const;
      return new Intl.NumberFormat(locale, style).format(Math.round(seconds / size));
    },
  };
}

/**
 * By its script, or else by the one in which the language is usually written. `Intl.Locale` would know it too, but its first use costs
 * each cold start some milliseconds.
 * @see https://www.unicode.org/cldr/charts/latest/supplemental/likely_subtags.html
 */
function isRightToLeft(tag: string): boolean {
  const [, script] = /-([A-Z][a-z]{3})(?:-|$)/.exec(tag) ?? [];
  return script === undefined
    ? /^(?:ar|ckb|dv|fa|he|ks|nqo|ps|sd|syr|ug|ur|yi)(?:-|$)/.test(tag)
    : ['Adlm', 'Arab', 'Hebr', 'Nkoo', 'Syrc', 'Thaa'].includes(script);
}
