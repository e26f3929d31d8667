import Negotiator from 'negotiator';
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
  /** The language of an answer. English for a browser that prefers none of the languages. */
  choose(acceptLanguage: string | null): Language;
}

/** English and German, as each browser prefers. */
export function createLanguages(): Languages {
  const languages = [createLanguage('en', english), createLanguage('de', german)] as const;
  const tags = languages.map(({ tag }) => tag);
  return {
    areNegotiated: true,
    choose: (acceptLanguage) => {
      if (acceptLanguage === null) return languages[0];
      const headers = { 'accept-language': acceptLanguage };
      const wanted = new Negotiator({ headers }).language(tags);
      return languages.find(({ tag }) => tag === wanted) ?? languages[0];
    },
  };
}

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

/** By its script. @see https://www.unicode.org/reports/tr35/tr35-general.html#Layout_Elements */
function isRightToLeft(tag: string): boolean {
  const { script } = new Intl.Locale(tag).maximize();
  return ['Arab', 'Hebr', 'Thaa', 'Syrc', 'Nkoo', 'Adlm'].includes(script ?? '');
}
