import { createHash } from 'node:crypto';
import { createLanguages, type Languages, type PageTexts } from '../texts/language';

/** How the pages show whose app this is. */
export interface BrandOption {
  /** The app's name: in the header, in titles and on the home page. 1 to 60 characters. */
  readonly name: string;
  /**
   * Shown beside the name, 32 CSS pixels high. The text of an SVG picture; a `data:` URL of a PNG, JPEG, WebP or SVG picture; or a path
   * of the app, such as `/logo.svg`. 64 KB at most. An SVG picture must not have scripts, and must load nothing.
   */
  readonly logo?: string;
  /**
   * The colour of links and buttons, such as `#0b5cab`. Pages make it darker on light pages and lighter on dark pages where people
   * could not read it otherwise (WCAG 2.2, 1.4.3: 4.5 to 1).
   * @see https://www.w3.org/TR/WCAG22/#contrast-minimum
   */
  readonly accent?: string;
  /**
   * The page or address that helps people: `https:`, `mailto:` or a path of the app. In the footer of every page, and a button
   * on pages that send people to somebody else.
   */
  readonly supportUrl?: string;
  /** The app's privacy statement: `https:` or a path of the app. In the footer of every page. */
  readonly privacyUrl?: string;
  /**
   * The language of all pages: `en`, `de`, or one for which `texts` has texts. `auto` unless given: the one that each browser prefers, and
   * English if there is none of them.
   * @see RFC 9110 section 12.5.4 (`Accept-Language`)
   */
  readonly language?: string;
  /**
   * Texts of the app's own, by language: other words for single texts, or another language. The keys are those of `src/texts/en.ts`. What
   * is left out of a new language is in English.
   * @example
   * ```ts
   * import { anteroom } from 'anteroom';
   *
   * export const auth = anteroom({
   *   brand: {
   *     name: 'Contoso Orders',
   *     texts: {
   *       en: { home: { signInWith: 'Sign in with your Contoso account.' } },
   *       fr: { links: { signIn: 'Se connecter' }, frame: { signedInAs: 'Connecté en tant que {0}' } },
   *     },
   *   },
   * });
   * ```
   */
  readonly texts?: Readonly<Record<string, PageTexts>>;
}

/** A brand that was checked. Every page needs it. */
export interface Brand {
  readonly name: string;
  /** False for the pages of an app that gave no brand: they show the doorway. */
  readonly isOwn: boolean;
  readonly logo: Logo | undefined;
  /** The accent in each scheme, as the pages use it. */
  readonly colors: { readonly light: AccentColors; readonly dark: AccentColors } | undefined;
  /** In the footer of every page. */
  readonly links: readonly { readonly to: 'support' | 'privacy'; readonly href: string }[];
  readonly languages: Languages;
  /** What the brand adds to the stylesheet. Empty without logo and accent. */
  readonly style: string;
  /** Of `style`, for the Content-Security-Policy: `'sha256-…'`. */
  readonly styleSource: string;
}

/** A file of the app, or a picture that we serve ourselves. */
export type Logo =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'picture'; readonly type: string; readonly bytes: Uint8Array };

/** The brand of an app that gave none. */
export const plainBrand: Brand = {
  ...{ name: 'Anteroom', isOwn: false, logo: undefined, colors: undefined },
  ...{ links: [], languages: createLanguages(), style: '', styleSource: '' },
};

/**
 * Checks a brand, and computes its colours.
 * @throws TypeError that says what is wrong: no name, a logo with a script or from another place, an accent that is no colour or that
 *   nobody sees, an address that browsers should not open, a language without texts, a text that the pages do not have
 */
export function readBrand(option: BrandOption | undefined): Brand {
  if (option === undefined) return plainBrand;
  const { name, logo, accent, supportUrl, privacyUrl, language, texts } = option;
  const isNamed = typeof name === 'string' && /^[^\p{Cc}]{1,60}$/u.test(name.trim());
  if (!isNamed) throw new TypeError('brand.name must be a text of 1 to 60 characters');
  const found = logo === undefined ? undefined : readLogo(logo);
  const colors = accent === undefined ? undefined : accentColors(accent);
  const style = styleOf(found, colors);
  return {
    name: name.trim(),
    isOwn: true,
    logo: found,
    colors,
    links: [
      ...readLink('support', supportUrl, ['https:', 'mailto:']),
      ...readLink('privacy', privacyUrl, ['https:']),
    ],
    languages: createLanguages(language, texts),
    style,
    styleSource: `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  };
}

/** One slash, then neither a slash nor a backslash: browsers take both as the beginning of another host. */
const ownPath = /^\/(?![/\\])[^\s\\]*$/;

function readLink(
  to: 'support' | 'privacy',
  href: unknown,
  schemes: readonly string[],
): Brand['links'] {
  if (href === undefined) return [];
  const scheme = typeof href === 'string' && URL.canParse(href) ? new URL(href).protocol : '';
  if (typeof href === 'string' && (ownPath.test(href) || schemes.includes(scheme))) {
    return [{ to, href }];
  }
  throw new TypeError(`brand.${to}Url must begin with ${schemes.join(', ')} or /`);
}

const maxLogoBytes = 65_536;

function readLogo(logo: unknown): Logo {
  if (typeof logo !== 'string') throw new TypeError('brand.logo must be a text');
  const text = logo.replace(/^\uFEFF/, '').trim();
  if (text.startsWith('<')) return svgLogo(Buffer.from(text));
  const [, type, data = ''] =
    /^data:(image\/(?:png|jpeg|webp|svg\+xml));base64,([\w+/]+={0,2})$/.exec(text) ?? [];
  if (type !== undefined) {
    const bytes = Buffer.from(data, 'base64');
    return type === 'image/svg+xml' ? svgLogo(bytes) : pictureOf(type, bytes);
  }
  if (text.length < 2048 && ownPath.test(text)) return { kind: 'path', path: text };
  throw new TypeError(
    'brand.logo must be the text of an SVG picture, a data: URL in base64 of a PNG, JPEG, WebP or SVG picture, or a path of the app such as /logo.svg. It must not be loaded from another site',
  );
}

function pictureOf(type: string, bytes: Uint8Array): Logo {
  if (bytes.length > maxLogoBytes) throw new TypeError('brand.logo must not be larger than 64 KB');
  return { kind: 'picture', type, bytes };
}

/**
 * What acts in an SVG picture, or declares such a thing in another way. Browsers run no script of a picture in an `img`, but a person
 * can open the picture by its own address. HTML in it has more ways to load something, and a style or an address can hide in numbers
 * of characters.
 * @see https://www.w3.org/TR/SVG2/conform.html#secure-static-mode
 */
const acting =
  /<(?:[^\s<>/:]+:)?(?:script|foreignObject|handler|iframe|embed|object|set|animate\w*)\b|[\s"'/]on[a-z]+\s*=|javascript:|<!DOCTYPE|<!ENTITY|<\?xml-stylesheet|1999\/xhtml|\bxml:base\b|image-set\(|&#|\\/i;

/** An encoding such as ISO-2022-JP has escapes, which are nothing to a browser: they could stand in the middle of a name. */
const otherEncoding = /^<\?xml[^>]*\sencoding\s*=\s*["'](?!utf-8["'])|[^\P{Cc}\t\n\r]/iu;

/** Addresses in an SVG picture. Good ones are parts of the picture itself, and pictures in it. */
const addresses = /(?:\b(?:href|src)\s*=\s*["']?|\burl\(\s*["']?|@import\s*["']?)\s*([^\s"')>]*)/gi;

function svgLogo(bytes: Uint8Array): Logo {
  const text = new TextDecoder().decode(bytes);
  // No comment can be read as the beginning of a longer one: that would be two ways for each.
  const form = /^(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*)*<svg\b[^]*<\/svg>\s*$/;
  if (!form.test(text)) {
    throw new TypeError(
      'brand.logo is no SVG picture: it must begin with <svg and end with </svg>',
    );
  }
  // A browser would read another text than the one that is checked here.
  if (otherEncoding.test(text)) {
    throw new TypeError('brand.logo must be in UTF-8, without control characters');
  }
  if (!/<svg\b[^>]*\sxmlns=["']http:\/\/www\.w3\.org\/2000\/svg["']/.test(text)) {
    throw new TypeError(
      'brand.logo needs xmlns="http://www.w3.org/2000/svg" in <svg>. Browsers show no picture without it',
    );
  }
  if (acting.test(text)) {
    throw new TypeError(
      'brand.logo must not have scripts, events, animations, declarations, HTML, backslashes or numbers of characters (&#…)',
    );
  }
  const loaded = [...text.matchAll(addresses)].map(([, address = '']) => address);
  if (loaded.some((address) => !/^(?:#|data:image\/(?:png|jpeg|webp);)/.test(address))) {
    throw new TypeError('brand.logo must load nothing: only parts of itself (#…) and data:image/…');
  }
  return pictureOf('image/svg+xml', bytes);
}

/** The colours of the stylesheet that depend on the accent, as `#rrggbb`. */
interface AccentColors {
  /** Text of links, ground of buttons, outline of what has the focus. */
  readonly accent: string;
  /** The same under the pointer. */
  readonly over: string;
  /** Text on `accent` and on `over`. */
  readonly on: string;
  /** Ground of small parts, with text in `accent` or in the grey of the page. */
  readonly wash: string;
}

type Rgb = readonly [number, number, number];

const white: Rgb = [255, 255, 255];
const black: Rgb = [0, 0, 0];

/** The grounds and the grey of the stylesheet. A test compares them. Contrast is least on the first ground. */
export const pageColors = {
  light: { ground: '#f4f6f6', soft: '#434f57' },
  dark: { ground: '#141a1d', soft: '#adbcc3' },
} as const;

function accentColors(accent: unknown): NonNullable<Brand['colors']> {
  const isColor = typeof accent === 'string' && /^#(?:[\da-f]{3}|[\da-f]{6})$/i.test(accent);
  if (!isColor) throw new TypeError('brand.accent must be a colour such as #0b5cab');
  const rgb = readColor(accent);
  // A darker shade of it would be a grey, and not the colour of the brand.
  if (Math.max(...rgb) - Math.min(...rgb) < 16 && luminance(rgb) > 0.75) {
    throw new TypeError('brand.accent has no contrast with a white page: choose a darker colour');
  }
  return {
    light: legible(rgb, { ...pageColors.light, towards: black, paper: white, on: white }),
    dark: legible(rgb, {
      ...pageColors.dark,
      towards: white,
      paper: [20, 26, 29],
      on: [12, 17, 19],
    }),
  };
}

interface Scheme {
  readonly ground: string;
  readonly soft: string;
  /** Where contrast is greater. */
  readonly towards: Rgb;
  /** What the accent is mixed into for `wash`. */
  readonly paper: Rgb;
  readonly on: Rgb;
}

function legible(given: Rgb, { ground, soft, towards, paper, on }: Scheme): AccentColors {
  const isReadable = (color: Rgb, ...grounds: readonly Rgb[]): boolean =>
    grounds.every((behind) => contrast(color, behind) >= 4.5);
  const wash = firstMix(paper, given, 0.1, -0.01, (color) => isReadable(readColor(soft), color));
  const accent = firstMix(given, towards, 0, 0.01, (color) =>
    isReadable(color, readColor(ground), paper, wash, on),
  );
  // A colour that is nearly black or white already goes the other way.
  const further = mix(accent, towards, 0.35);
  const over = contrast(further, accent) >= 1.2 ? further : mix(accent, on, 0.25);
  return { accent: hex(accent), over: hex(over), on: hex(on), wash: hex(wash) };
}

/** The first mix that is good, in steps from `start`. At the ends, 0 and 1, each use here is good. */
function firstMix(
  from: Rgb,
  to: Rgb,
  start: number,
  step: number,
  isGood: (color: Rgb) => boolean,
): Rgb {
  for (let part = start; part >= 0 && part <= 1; part += step) {
    const color = mix(from, to, part);
    if (isGood(color)) return color;
  }
  return step < 0 ? from : to;
}

function readColor(text: string): Rgb {
  const digits = text.slice(1);
  const long = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits;
  const [r, g, b] = [0, 2, 4].map((at) => Number.parseInt(long.slice(at, at + 2), 16));
  return [r ?? 0, g ?? 0, b ?? 0];
}

/** Rounded, so that contrast is measured on the colour that the page shows. */
function mix(from: Rgb, to: Rgb, part: number): Rgb {
  const between = (index: 0 | 1 | 2): number =>
    Math.round(from[index] * (1 - part) + to[index] * part);
  return [between(0), between(1), between(2)];
}

function hex(color: Rgb): string {
  return `#${color.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(color: Rgb): number {
  const [r = 0, g = 0, b = 0] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function styleOf(logo: Logo | undefined, colors: Brand['colors']): string {
  const root = ({ accent, over, on, wash }: AccentColors): string =>
    `:root{--accent:${accent};--over:${over};--on:${on};--wash:${wash}}`;
  return [
    logo === undefined ? '' : '.logo{height:2rem;max-width:10rem;object-fit:contain}',
    colors === undefined
      ? ''
      : `${root(colors.light)}@media (prefers-color-scheme:dark){${root(colors.dark)}}`,
  ].join('');
}
