import fc from 'fast-check';

/** Characters that mean something to one parser or another. */
const bits = fc.constantFrom(
  ...[
    '',
    '/',
    '//',
    '\\',
    '..',
    '.',
    ';',
    ',',
    '=',
    '"',
    '%2f',
    '%00',
    '%',
    '?',
    '#',
    '&',
    '@',
    ':',
    ' ',
    '\t',
  ],
  ...[
    '\r\n',
    '\u0000',
    '\ud800',
    'é',
    '{',
    '[',
    '}',
    'null',
    '-1',
    '1e999',
    '__proto__',
    'constructor',
    'auth',
  ],
  ...[
    'javascript:',
    'https://evil.example',
    'localhost',
    'Bearer',
    'claims',
    'error',
    'eyJ',
    'A',
    'a',
    '9',
  ],
);
/** Texts of any kind, also long ones, and ones that no encoding can hold. */
export const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(bits, { maxLength: 12 }).map((parts) => parts.join('')),
  fc.constant('x'.repeat(9_000)),
);
/** Any value of JavaScript. */
export const anything = fc.oneof(
  { maxDepth: 3 },
  text,
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
);

/** Objects that have some of these members, with right and wrong values. */
export const withMembers = (names: readonly string[], ...values: readonly unknown[]) =>
  fc.dictionary(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: text }),
    fc.oneof(fc.constantFrom(...values), anything),
    { maxKeys: names.length },
  );
/** The JSON of any value; empty for what has none. */
export function jsonOf(value: unknown): string {
  try {
    return [JSON.stringify(value)].join('');
  } catch {
    return '';
  }
}

/** A query that has some of these parameters, also twice. */
export const query = (names: readonly string[]) =>
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...names), text), text), { maxLength: 6 })
    .map((pairs) => new URLSearchParams(pairs.map(([name, value]) => [name, value])));

/** A parser, and how it is tried. */
export interface Fuzzed {
  readonly input: fc.Arbitrary<unknown>;
  /** Fails by itself where what it gets is not allowed. */
  readonly run: (value: never) => unknown;
  /** What a parser may throw. Without it nothing. */
  readonly mayThrow?:
    'AppError below 500' | 'AppError 502 or 503' | 'TypeError' | 'TypeError or RangeError';
}

/** What is kept of a refusal stands in pages and in the log. */
export function refusalIsPlain(refusal: object | undefined): void {
  for (const value of Object.values(refusal ?? {})) expect(value).toMatch(/^[\w-]{1,64}$/);
}
